"""The whole product on one machine, in a folder of its own, each part a process that may be stopped, killed or added.

`vocalverse up` keeps a house for people. This one is for measuring and for breaking: benches and failure tests.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

import httpx
from sqlalchemy import Connection, Engine

from vocalverse.embedded.identity import Identity, start
from vocalverse.embedded.postgres import Postgres
from vocalverse.embedded.server import HOST, port_is_free
from vocalverse.embedded.valkey import DISPATCHER, WORKER, Valkey, ValkeyPasswords
from vocalverse.errors import Unavailable
from vocalverse.settings import PREFIX, Settings
from vocalverse.store import keys, migrate, roles, venues
from vocalverse.store.blobs import AUDIO, open_blobs
from vocalverse.store.connect import owner_engine


class House:
    """Postgres, Valkey, and as many gateways, dispatchers and workers as are asked for.

    To be kept by the main thread: all of it ends when that thread does, however it ends.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self._overrides = {name: str(value) for name, value in settings.items()}
        self._secret = secrets.token_hex(16)
        self.postgres = Postgres(folder / "postgres", self._secret)
        self.valkey = Valkey(folder / "valkey", ValkeyPasswords(self._secret, self._secret, self._secret))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.port = 0

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.postgres.start()
        self.valkey.start()
        self.port = _free_port()
        migrate.upgrade(self.postgres.url())
        roles.ensure_logins(self.postgres.url(), {roles.INGEST: self._secret, roles.WORKER: self._secret})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self.processes):
            self.end(name, by=signal.SIGTERM, within_s=2)
        self.owner.dispose()
        self.valkey.stop()
        self.postgres.stop()

    # --- its processes ----------------------------------------------------------------------------------------

    def gateway(self) -> None:
        """Start the gateway and wait until it answers."""
        self.spawn("gateway", "serve")
        self.wait_until(self.answers, "the gateway answers", within_s=120)

    def dispatcher(self, name: str = "dispatcher", *, redis_url: str | None = None) -> None:
        self.spawn(name, "dispatch", environment={"REDIS_URL": redis_url} if redis_url else {})

    def workers(self, count: int = 1, name: str = "workers", **settings: object) -> None:
        """Workers under their supervisor; returns when all are seen."""
        seen = self.scalar("SELECT count(*) FROM workers") or 0
        overrides = {key.upper(): str(value) for key, value in settings.items()}
        self.spawn(name, "work", "--processes", str(count), environment=overrides)
        self.wait_until(
            lambda: int(str(self.scalar("SELECT count(*) FROM workers"))) >= int(str(seen)) + count,
            "the workers are seen",
            within_s=120,
        )

    def spawn(self, name: str, *command: str, environment: Mapping[str, str] | None = None) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = start(
                [sys.executable, "-m", "vocalverse", *command],
                who=Identity.PLAIN,
                ends_by=signal.SIGKILL,
                output=log,
                environment=self.environment(environment or {}),
            )

    def end(self, name: str, *, by: signal.Signals = signal.SIGKILL, within_s: float = 10) -> None:
        """Signal the process; should it not end in time, kill it."""
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(by)
        try:
            process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def worker_pids(self) -> list[int]:
        """The processes that judge, not their supervisors."""
        return [int(name.rsplit("-", 2)[1]) for name in self.column("SELECT name FROM workers ORDER BY name")]

    # --- its outside ------------------------------------------------------------------------------------------

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        said = {
            "DATA": str(self.folder),
            "DATABASE_URL": self.postgres.url(),
            "INGEST_DATABASE_URL": self.postgres.url(user=roles.INGEST),
            "WORKER_DATABASE_URL": self.postgres.url(user=roles.WORKER),
            "REDIS_URL": self.valkey.url(DISPATCHER),
            "WORKER_REDIS_URL": self.valkey.url(WORKER),
            "PORT": str(self.port),
            **{name.upper(): value for name, value in self._overrides.items()},
            **more,
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        return inherited | {PREFIX + name: value for name, value in said.items()}

    @property
    def settings(self) -> Settings:
        return Settings.read(self.environment({}))

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def client(self, key: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=70)

    def answers(self) -> bool:
        """The gateway says that it is ready."""
        try:
            return httpx.get(self.url + "/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def venue(self, slug: str = "venue") -> str:
        """A venue's new key."""
        with self.owner.begin() as connection:
            venue_id = venues.ensure_venue(connection, slug=slug, name=slug)
            return keys.issue_key(connection, venue_id=venue_id)

    def give_sound(self, recordings: Sequence[tuple[UUID, UUID]], sound: bytes) -> None:
        """The same to all of them, each (venue, recording)."""
        blobs = open_blobs(self.settings)
        for venue_id, recording_id in recordings:
            staged = self.folder / recording_id.hex
            staged.write_bytes(sound)
            blobs.adopt(venue_id, recording_id, AUDIO, staged)

    # --- its truth --------------------------------------------------------------------------------------------

    @cached_property
    def owner(self) -> Engine:
        return owner_engine(self.postgres.url(), actor="house")

    @contextmanager
    def database(self) -> Iterator[Connection]:
        with self.owner.begin() as connection:
            yield connection

    def scalar(self, statement: str, **values: object) -> object:
        with self.database() as connection:
            return connection.exec_driver_sql(statement, values or None).scalar()

    def column(self, statement: str, **values: object) -> Sequence[str]:
        with self.database() as connection:
            return [str(row[0]) for row in connection.exec_driver_sql(statement, values or None)]

    def state(self, recording_id: str | UUID) -> str:
        return str(self.scalar("SELECT state FROM tasks WHERE recording_id = %(id)s", id=str(recording_id)))

    def wait_until(self, holds: Callable[[], bool], what: str, *, within_s: float) -> float:
        """How long it took. `Unavailable` where it does not come to hold."""
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > within_s:
                raise Unavailable(f"After {within_s:g} s it still does not hold that {what}. Logs: {self.folder}")
            time.sleep(0.05)
        return time.monotonic() - began

    def restart_postgres(self) -> None:
        """As after a crash: kill it with all its children, then start it again on the same folder and port."""
        self.kill_postgres()
        self.postgres.start()

    def kill_postgres(self) -> None:
        _kill_tree(self.postgres.process)
        self.postgres.process = None
        self.owner.dispose()

    def kill_valkey(self) -> None:
        _kill_tree(self.valkey.process)
        self.valkey.process = None


def _kill_tree(process: "subprocess.Popen[bytes] | None") -> None:
    assert process is not None
    process.kill()
    process.wait()


def _free_port() -> int:
    port = 20000 + secrets.randbelow(20000)
    while not port_is_free(HOST, port):
        port = 20000 + secrets.randbelow(20000)
    return port
