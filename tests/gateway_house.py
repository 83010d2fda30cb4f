"""A gateway as a process of its own, and clients for it, for tests that ask it over the wire."""

import base64
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import httpx
from sqlalchemy import Connection

from tests.patience import until
from tests.ports import free_port
from tests.seeding import add_venue
from vocalverse.store.connect import owner_engine
from vocalverse.store.keys import VENUE_SCOPES, Scope, issue_key


def digest_header(body: bytes) -> dict[str, str]:
    return {"Content-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"}


def upload_id() -> str:
    return secrets.token_hex(8)


@dataclass
class Gateway:
    """`vocalverse serve` in a child process."""

    owner_url: str
    ingest_url: str
    data: Path
    settings: Mapping[str, object] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data / "gateway.log"

    def start(self) -> Self:
        self.data.mkdir(parents=True, exist_ok=True)
        settings = {"data": self.data, "ingest_database_url": self.ingest_url, "port": self.port, **self.settings}
        environ = {f"VOCALVERSE_{name.upper()}": str(value) for name, value in settings.items()}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vocalverse", "serve"], env={**os.environ, **environ}, stderr=log, stdout=log
            )
        self._await_alive()
        return self

    def _await_alive(self) -> None:
        def answers() -> bool:
            assert self.process
            assert self.process.poll() is None, self.log.read_text()
            try:
                return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        until(answers, f"the gateway answers, see {self.log}")

    def logged(self, path: str) -> dict[str, Any]:
        """What the log says of the first request for `path`: its line is written when the answer has gone out."""

        def found() -> dict[str, Any] | None:
            lines = self.log.read_text().split("\n")[:-1]  # the last one may be half written
            said = (json.loads(line) for line in lines if '"request"' in line)
            return next((line for line in said if line["path"] == path), None)

        return until(found, f"a request for {path} is logged in {self.log}") or {}

    def kill(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Its exit status."""
        assert self.process
        for client in self.clients:
            client.close()
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=60)

    def resident_bytes(self) -> int:
        assert self.process
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """As the owner, to look behind the scenes; committed at the end."""
        engine = owner_engine(self.owner_url)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    def key(self, *scopes: Scope, venue_id: UUID | None = None) -> str:
        with self.connect() as connection:
            return issue_key(connection, venue_id=venue_id, scopes=scopes or VENUE_SCOPES)

    def venue(self) -> "Venue":
        with self.connect() as connection:
            venue_id = add_venue(connection)
            key = issue_key(connection, venue_id=venue_id)
        return Venue(self, venue_id, key, self.client(key))

    def client(self, key: str | None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.clients.append(httpx.Client(base_url=self.url, headers=headers, timeout=30))
        return self.clients[-1]


@dataclass(frozen=True)
class Venue:
    """One venue and its way of asking."""

    gateway: Gateway
    id: UUID
    key: str
    http: httpx.Client

    def open(self, name: str, body: bytes, recording: Mapping[str, Any] | None = None, **said: Any) -> httpx.Response:
        wanted = {"size": len(body), "sha256": hashlib.sha256(body).hexdigest(), "recording": dict(recording or {})}
        return self.http.put(f"/v1/uploads/{name}", json={**wanted, **said})

    def part(self, name: str, number: int, body: bytes, **headers: str) -> httpx.Response:
        return self.http.put(
            f"/v1/uploads/{name}/parts/{number}", content=body, headers={**digest_header(body), **headers}
        )

    def complete(self, name: str) -> httpx.Response:
        return self.http.post(f"/v1/uploads/{name}/complete")

    def content(self, name: str, body: bytes, recording: Mapping[str, Any] | None = None) -> httpx.Response:
        said = {"VocalVerse-Recording": json.dumps(recording)} if recording is not None else {}
        return self.http.put(f"/v1/uploads/{name}/content", content=body, headers={**digest_header(body), **said})

    def take_in(self, body: bytes = b"sound", recording: Mapping[str, Any] | None = None) -> UUID:
        answer = self.content(upload_id(), body, recording)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["recording_id"])

    def blob(self, recording_id: UUID | str, name: str = "audio") -> Path:
        return self.gateway.data / "blobs" / str(self.id) / str(recording_id) / name
