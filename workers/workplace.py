"""What one worker process has at hand, opened once before its first task: the assessor, Postgres, the blobs."""

import importlib
import json
import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

import vocalverse
from vocalverse.assess import Assessor, Take, Workshop
from vocalverse.assess.song import References
from vocalverse.errors import BadSettings, BlobMissing, Unavailable
from vocalverse.prescreen.rules import read
from vocalverse.queue import lease
from vocalverse.queue.delivery import connect
from vocalverse.queue.lease import Lease, LeaseOptions
from vocalverse.records import WorkerClass
from vocalverse.release.shelf import ReleaseShelf
from vocalverse.separate.packages import missing_packages
from vocalverse.settings import Settings
from vocalverse.store.blobs import AUDIO, BACKING, BlobStore, open_blobs
from vocalverse.store.connect import worker_engine
from vocalverse.store.song_references import references
from workers import tidy
from workers.pulse import Pulse
from workers.releases import Holdings

log = logging.getLogger(__name__)

_MEMORY = 0.3  # how much the newest task counts in the running mean of what a task takes

_REGISTER = text("""
    INSERT INTO workers (name, worker_class, host, version, tasks_done, task_s, releases, refused)
    VALUES (:name, CAST(:class AS worker_class), :host, :version, :done, :task_s, :releases, CAST(:refused AS jsonb))
    ON CONFLICT (name) DO UPDATE SET seen_at = now(), tasks_done = :done, task_s = :task_s, releases = :releases,
        refused = CAST(:refused AS jsonb)
""")
_LEAVE = text("DELETE FROM workers WHERE name = :name OR seen_at < now() - interval '1 day'")


@dataclass
class Workplace:
    name: str
    worker_class: WorkerClass
    settings: Settings
    assessor: Assessor
    engine: Engine
    blobs: BlobStore
    pulse: Pulse
    holdings: Holdings
    current: Lease | None = None  # what the stopping thread would hand back
    tasks_done: int = 0
    task_s: float | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def open(cls, settings: Settings, worker_class: WorkerClass, pulse: Pulse, *, threads: int) -> "Workplace":
        name = f"{worker_class.value}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        return cls(
            name=name,
            worker_class=worker_class,
            settings=settings,
            assessor=_opener(settings.assessor)(_workshop(settings, threads)),
            engine=worker_engine(settings.worker_database_url, actor=name[:63]),
            blobs=open_blobs(settings),
            pulse=pulse,
            holdings=Holdings(ReleaseShelf(Path(settings.releases)), settings.data / "models"),
        )

    @staticmethod
    def check(settings: Settings) -> None:
        """Raises `BadSettings`, `RulesBroken` or `Unavailable` where no worker could open its place; nothing is connected to
        or loaded.
        """
        worker_engine(settings.worker_database_url, actor="check").dispose()
        connect(settings.worker_redis_url).close()
        _opener(settings.assessor)
        if settings.assessor == Settings.assessor and (missing := missing_packages()):
            raise Unavailable(
                f"Nothing can be heard here: {', '.join(missing)} missing. deploy/up installs all that workers need; by"
                " hand: pip install torch, then pip install 'vocalverse[hear]'."
            )
        if rules := _workshop(settings, threads=1).rules:
            read(rules)

    def start(self, task_id: UUID, fence: UUID) -> Lease:
        options = LeaseOptions(
            run_lease_s=self.settings.run_lease_s,
            max_starts=self.settings.max_starts,
            retry_backoff_s=self.settings.retry_backoff_s,
        )
        held = self.holdings.held()
        return lease.start(self.engine, task_id, fence, worker=self.name, options=options, held=held)

    @contextmanager
    def take(self, held: Lease) -> Iterator[Take]:
        """The recording with its sound, as the assessor wants it, open for as long as it is judged."""
        with ExitStack() as files:
            audio = files.enter_context(self.blobs.open(held.venue_id, held.recording_id, AUDIO))
            yield Take(
                recording_id=held.recording_id,
                audio=audio,
                song=held.song,
                key_shift=held.key_shift,
                backing=self._open_backing(held, files),
                backing_shift=held.backing.semitones if held.backing else 0,
                references=self._references(held),
                lane=held.lane,
                release=held.release,
                text=held.text,
            )

    def _open_backing(self, held: Lease, files: ExitStack) -> BinaryIO | None:
        """A known backing makes the voice clearer; without it the recording is judged all the same."""
        if held.backing is None:
            return None
        try:
            return files.enter_context(self.blobs.open(held.backing.venue_id, held.backing.blob_id, BACKING))
        except BlobMissing as missing:
            log.warning(str(missing), extra={"action": "backing_missing", **held.log_fields})
            return None

    def _references(self, held: Lease) -> References:
        """How the song goes; of one that nobody imported nothing is known."""
        if held.song_id is None:
            return {}
        with self.engine.connect() as connection:
            return references(connection, held.song_id)

    def count(self, seconds: float) -> None:
        """A task is through: what one takes is what the dispatcher's window and all estimates rest on."""
        self.tasks_done += 1
        self.task_s = seconds if self.task_s is None else self.task_s + _MEMORY * (seconds - self.task_s)

    def be_seen(self) -> None:
        """Renew this worker's row until it leaves: the dispatcher sends only where somebody is."""
        while not self._stop.is_set():
            try:
                self._register()
            except SQLAlchemyError as away:
                log.warning("worker row not renewed: %s", away, extra={"action": "unseen", "worker": self.name})
            self._stop.wait(min(2.0, self.settings.worker_silent_s / 4))

    def watch_releases(self) -> None:
        """Find out what can be judged by here, until this worker leaves."""
        self.holdings.watch(self._stop)

    def tidy_cache(self) -> None:
        """Forget what was deleted, wherever it was deleted, until this worker leaves."""
        tidy.keep_tidy(self.engine, Path(self.settings.cache), self.settings.cache_bytes, self._stop)

    def leave(self) -> None:
        self._stop.set()
        try:
            with self.engine.begin() as connection:
                connection.execute(_LEAVE, {"name": self.name})
        except SQLAlchemyError as away:  # the row grows silent and is not counted any more
            log.warning("worker row not removed: %s", away, extra={"action": "unseen", "worker": self.name})

    def _register(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                _REGISTER,
                {
                    "name": self.name,
                    "class": self.worker_class.value,
                    "host": socket.gethostname(),
                    "version": vocalverse.__version__,
                    "done": self.tasks_done,
                    "task_s": self.task_s,
                    "releases": self.holdings.held(),
                    "refused": json.dumps(self.holdings.refused()),
                },
            )


def _workshop(settings: Settings, threads: int) -> Workshop:
    rules = Path(settings.rules) if settings.rules else None
    return Workshop(
        threads=threads,
        folder=settings.data / "trials",
        rules=rules,
        releases=Path(settings.releases),
        models=settings.data / "models",
        cache=Path(settings.cache) if settings.cache_bytes else None,
    )


def _opener(path: str) -> Callable[[Workshop], Assessor]:
    module, _, name = path.partition(":")
    try:
        opener: Callable[[Workshop], Assessor] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as missing:
        raise BadSettings(f"VOCALVERSE_ASSESSOR={path!r} names nothing that can be imported: {missing}") from missing
    return opener
