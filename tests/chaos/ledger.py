"""A venue that writes down, outside the product, what was acknowledged to it, and later asks what became of it."""

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx

from tests.chaos.takes import digest_header
from vocalverse.bench.house import House
from vocalverse.errors import BlobMissing
from vocalverse.store.blobs import open_blobs, read_digest

_PAUSE_S = 0.1  # after a refusal or a broken connection


@dataclass(frozen=True)
class Entry:
    """One acknowledgement: a 2xx that named a recording."""

    upload_id: str
    recording_id: UUID
    sha256: str


@dataclass(frozen=True)
class Verdict:
    """The ledger held against the product. Nothing is lost, nothing double, nothing waits: that is the promise."""

    acknowledged: int
    lost: Sequence[str]
    double: Sequence[str]
    by_state: dict[str, int]

    def __bool__(self) -> bool:
        return not self.lost and not self.double


@dataclass
class Ledger:
    """Sends recordings until they are acknowledged, as often as it takes, always under the same upload id."""

    house: House
    slug: str = "venue"
    entries: list[Entry] = field(default_factory=list)
    patience_s: float = 60.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self.key = self.house.venue(self.slug)
        self.http = httpx.Client(
            base_url=self.house.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=httpx.Timeout(20)
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    # --- sending ----------------------------------------------------------------------------------------------

    def upload(self, body: bytes, song: str = "any", *, in_parts: bool = False, **metadata: object) -> UUID:
        """Send it until it is acknowledged; the recording's id."""
        upload_id = secrets.token_hex(8)
        recording = {"song": song, "consent": {"keep_audio": True}, **metadata}
        send = self._send_parts if in_parts else self._send_whole
        answer = self._until_acknowledged(lambda: send(upload_id, body, recording))
        return self._note(upload_id, body, answer)

    def upload_many(self, body: bytes, songs: Sequence[str], **metadata: object) -> list[UUID]:
        return [self.upload(body, song, **metadata) for song in songs]

    @contextmanager
    def singing(self, body: bytes, *, singers: int, pause_s: float = 0.0) -> Iterator[None]:
        """Singers who send one recording after the other, whole and in parts by turns, until the block ends."""
        over, failed = threading.Event(), []

        def sing(singer: int) -> None:
            try:
                for number in count(singer):
                    self.upload(body, in_parts=number % 2 == 1)
                    if over.wait(pause_s):
                        return
            except BaseException as error:
                failed.append(error)
                raise

        threads = [threading.Thread(target=sing, args=(singer,), name=f"singer-{singer}") for singer in range(singers)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()
        if failed:
            raise failed[0]

    def _send_whole(self, upload_id: str, body: bytes, recording: dict[str, object]) -> httpx.Response:
        said = {**digest_header(body), "VocalVerse-Recording": json.dumps(recording)}
        return self.http.put(f"/v1/uploads/{upload_id}/content", content=body, headers=said)

    def _send_parts(self, upload_id: str, body: bytes, recording: dict[str, object]) -> httpx.Response:
        """Only what is still missing, as the agent does after a cut."""
        path = f"/v1/uploads/{upload_id}"
        announced = {"size": len(body), "sha256": hashlib.sha256(body).hexdigest(), "recording": recording}
        opened = self.http.put(path, json=announced).raise_for_status().json()
        size, there = opened["part_bytes"], {part["number"] for part in opened["parts"]}
        if opened["state"] == "open":
            for number, start in enumerate(range(0, len(body), size), start=1):
                if number not in there:
                    part = body[start : start + size]
                    self.http.put(
                        f"{path}/parts/{number}", content=part, headers=digest_header(part)
                    ).raise_for_status()
        return self.http.post(f"{path}/complete")

    def _until_acknowledged(self, send: Any) -> dict[str, Any]:
        until = time.monotonic() + self.patience_s
        while True:
            try:
                answer: httpx.Response = send().raise_for_status()
                return answer.json()  # type: ignore[no-any-return]
            except httpx.HTTPStatusError as refused:
                if not _may_pass(refused.response) or time.monotonic() > until:
                    raise AssertionError(f"{refused}: {refused.response.text}") from refused
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
            time.sleep(_PAUSE_S)

    def _note(self, upload_id: str, body: bytes, answer: dict[str, Any]) -> UUID:
        entry = Entry(upload_id, UUID(answer["recording_id"]), hashlib.sha256(body).hexdigest())
        with self._lock:
            self.entries.append(entry)
        return entry.recording_id

    # --- asking -----------------------------------------------------------------------------------------------

    @property
    def recording_ids(self) -> list[UUID]:
        return [entry.recording_id for entry in self.entries]

    def missing(self) -> list[str]:
        """Acknowledged, and yet without a row or without its sound."""
        venue_id = self.house.scalar("SELECT id FROM venues WHERE slug = %(slug)s", slug=self.slug)
        rows = set(self.house.column("SELECT id FROM recordings"))
        blobs = open_blobs(self.house.settings)
        missing = []
        for entry in self.entries:
            if str(entry.recording_id) not in rows:
                missing.append(f"{entry.recording_id} has no row")
                continue
            try:
                with blobs.open(UUID(str(venue_id)), entry.recording_id, "audio") as sound:
                    if read_digest(sound).hex() != entry.sha256:
                        missing.append(f"{entry.recording_id} has another sound")
            except BlobMissing:
                missing.append(f"{entry.recording_id} has no sound")
        return missing

    def verdict(self) -> Verdict:
        """Every acknowledged recording has ended exactly once."""
        with self.house.database() as connection:
            ids = [str(one) for one in self.recording_ids]
            rows = connection.exec_driver_sql(_FATES, {"ids": ids}).all()
        lost, double, by_state = self.missing(), [], dict[str, int]()
        for row in rows:
            by_state[row.state] = by_state.get(row.state, 0) + 1
            results = (row.assessments, row.finishes)
            if row.state in _UNENDED or (row.state == "done" and 0 in results):
                lost.append(f"{row.recording_id} is {row.state} with {row.assessments} results")
            if row.tasks != 1 or results > (1, 1) or (row.state != "done" and results != (0, 0)):
                double.append(f"{row.recording_id} is {row.state}: {row.tasks} tasks, {results} results and finishes")
        uploads = [entry.upload_id for entry in self.entries]
        if len(set(self.recording_ids)) != len(set(uploads)) or len(uploads) != len(set(uploads)):
            double.append("one upload id became more than one recording")
        return Verdict(len(self.entries), lost, double, by_state)


_UNENDED = ("none", "ready", "leased", "running")

_FATES = """
    SELECT asked.id AS recording_id, coalesce(min(t.state::text), 'none') AS state, count(t.id) AS tasks,
        (SELECT count(*) FROM assessments a WHERE a.recording_id = asked.id) AS assessments,
        (SELECT count(*) FROM events e WHERE e.recording_id = asked.id AND e.to_state = 'done') AS finishes
    FROM unnest(%(ids)s::uuid[]) AS asked(id) LEFT JOIN tasks t ON t.recording_id = asked.id
    GROUP BY asked.id
"""


def _may_pass(answer: httpx.Response) -> bool:
    """A refusal that asks to come again: too much, too slow, or a server in need."""
    return answer.status_code in (408, 429) or answer.status_code >= 500
