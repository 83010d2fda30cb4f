"""Sample recordings, taken in as a venue's would be: by the agent, over HTTP, through the queue to a worker."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vocalverse.embedded.identity import Identity, start
from vocalverse.embedded.server import write_private
from vocalverse.errors import Unavailable
from vocalverse.records import ReferenceKind, TaskState

VENUE = "sample"

_POLL_S = 0.2
_AGENT_LIMIT_S = 120.0
_STALLED_S = 300.0  # without anything having changed

Recording = Mapping[str, Any]  # as the gateway tells of it


class FirstTakes:
    """The sample venue: its key, its folder, and what became of its recordings."""

    def __init__(self, folder: Path, *, url: str, database_url: str, environment: Mapping[str, str]) -> None:
        import httpx

        self._folder = folder
        self._key_file = folder / "venue.key"
        self._url = url
        self._database_url = database_url
        self._environment = environment
        self._http = httpx.Client(base_url=url, timeout=15.0, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def all_done(self, recordings: Sequence[Recording]) -> bool:
        return len(recordings) == _count() and all(one["state"] == TaskState.DONE for one in recordings)

    def take_in(self, tend: Callable[[], None], say: Callable[[str], None]) -> bool:
        """Hand them to the agent, unless an earlier start has done so; false where nothing was to do."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._present_key()
        if len(self.recordings()) >= _count():
            return False
        say("Sample recordings go in through the agent: two, and one of them sung worse on purpose …")
        self._write()
        _tell_how_they_go(self._database_url)
        self._run_agent(tend)
        return True

    def recordings(self) -> Sequence[Recording]:
        """What the gateway has of them, in the order of their names."""
        listed = self._http.get("/v1/recordings", params={"limit": _count()})
        listed.raise_for_status()
        items = sorted(listed.json()["items"], key=lambda one: (str(one["song"]), one["recording_id"]))
        return [self._http.get(f"/v1/recordings/{one['recording_id']}").json() for one in items]

    def until_judged(
        self, tend: Callable[[], None], show: Callable[[Sequence[Recording]], None]
    ) -> Sequence[Recording]:
        changed_at, before = time.monotonic(), ""
        while True:
            tend()
            recordings = self._recordings_or_none()
            if recordings is not None:
                show(recordings)
                if all(TaskState(one["state"]).ended for one in recordings):
                    return recordings
                if (now := json.dumps([_standing(one) for one in recordings])) != before:
                    changed_at, before = time.monotonic(), now
            if time.monotonic() - changed_at > _STALLED_S:
                raise Unavailable(
                    f"The samples have got no further for {_STALLED_S:.0f} s: `vocalverse doctor` looks for the reason."
                )
            time.sleep(_POLL_S)

    def _recordings_or_none(self) -> Sequence[Recording] | None:
        import httpx

        try:
            return self.recordings()
        except httpx.HTTPError:  # a gateway that is being started again
            return None

    def _present_key(self) -> None:
        """The key of an earlier start, or a new one where that is gone or was refused."""
        if self._key_file.is_file():
            self._http.headers["Authorization"] = f"Bearer {self._key_file.read_text().strip()}"
            if self._http.get("/v1/recordings", params={"limit": 1}).status_code not in (401, 403):
                return
        key = _issue_key(self._database_url)
        write_private(self._key_file, key + "\n")
        self._http.headers["Authorization"] = f"Bearer {key}"

    def _write(self) -> None:
        from vocalverse.samples import write_samples

        if len(list(self._takes.glob("*.flac"))) < _count():
            write_samples(self._takes)

    @property
    def _takes(self) -> Path:
        return self._folder / "takes"

    def _run_agent(self, tend: Callable[[], None]) -> None:
        command = [sys.executable, "-m", "vocalverse", "agent", "run", str(self._takes), "--once", "--keep"]
        command += ["--server", self._url, "--key-file", str(self._key_file)]
        command += ["--machine", "sample machine", "--settle", "200ms"]
        log = self._folder / "agent.log"
        with log.open("ab") as output:
            agent = start(
                command, who=Identity.PLAIN, ends_by=signal.SIGKILL, output=output, environment=self._environment
            )
        with _ended_at_last(agent):
            until = time.monotonic() + _AGENT_LIMIT_S
            while agent.poll() is None and time.monotonic() < until:
                tend()
                time.sleep(0.05)
            if agent.poll() != 0:
                raise Unavailable(f"The agent could not upload the samples ({agent.poll()}): see {log}.")


@contextmanager
def _ended_at_last(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=1.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _issue_key(database_url: str) -> str:
    from vocalverse.store.connect import owner_engine
    from vocalverse.store.keys import issue_key
    from vocalverse.store.venues import ensure_venue

    engine = owner_engine(database_url)
    with engine.begin() as connection:
        venue_id = ensure_venue(connection, slug=VENUE, name="Sample venue")
        key = issue_key(connection, venue_id=venue_id, label="sample recordings")
    engine.dispose()
    return key


def _tell_how_they_go(database_url: str) -> None:
    """As an operator says it by `vocalverse songs import`."""
    from hashlib import sha256

    from vocalverse.measure.reference.read import read_reference
    from vocalverse.measure.reference.stored import to_json
    from vocalverse.samples import SAMPLES
    from vocalverse.store.connect import owner_engine
    from vocalverse.store.song_references import keep_reference
    from vocalverse.store.songs import add_song
    from vocalverse.store.venues import find_venue

    engine = owner_engine(database_url)
    with engine.begin() as connection:
        venue_id = find_venue(connection, VENUE)
        for sample in SAMPLES:
            data = sample.chart.read_bytes()
            melody = read_reference(data, name=sample.chart.name)
            keep_reference(
                connection,
                song_id=add_song(connection, venue_id=venue_id, ref=sample.name, title=melody.title),
                kind=ReferenceKind.MELODY,
                source=melody.source,
                melody=to_json(melody),
                sha256=sha256(data).digest(),
            )
    engine.dispose()


def _count() -> int:
    from vocalverse.samples import SAMPLES  # with what makes them: not needed before the servers run

    return len(SAMPLES)


def _standing(recording: Recording) -> list[object]:
    return [recording.get(name) for name in ("recording_id", "state", "stage", "fraction")]
