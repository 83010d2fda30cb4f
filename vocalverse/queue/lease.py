"""A worker's hold on one task, from the start to the end. Every statement is fenced: who lost the task writes nothing."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import DBAPIError

from vocalverse.errors import LeaseLost, StaleDelivery
from vocalverse.queue.result import write_result
from vocalverse.queue.retry import Failure, Fate, backoff_s
from vocalverse.records import Assessment, Lane, TextKind
from vocalverse.store.song_backings import blob_venue

log = logging.getLogger(__name__)

# A backing that came with the recording is what was played; else the song's in the key that was sung, else in its own.
# What this worker has no sound copy of, it does not begin.
_START = text("""
    UPDATE tasks t SET state = 'running', attempts = t.attempts + 1, started_at = now(), worker = :worker,
        lease_until = now() + make_interval(secs => :lease_s), stage = NULL, fraction = NULL,
        reason = NULL, message = NULL
    FROM recordings r LEFT JOIN songs s ON s.id = r.song_id
    LEFT JOIN LATERAL (
        SELECT id, key_shift FROM song_backings
        WHERE song_id = s.id AND key_shift IN (r.key_shift, 0) ORDER BY key_shift = r.key_shift DESC LIMIT 1
    ) b ON r.backing_sha256 IS NULL
    CROSS JOIN releases judges
    WHERE t.id = :task AND t.fence = :fence AND t.state = 'leased' AND r.id = t.recording_id
      AND (t.deadline_at IS NULL OR t.deadline_at > now())
      AND judges.name = t.release AND (judges.digest IS NULL OR judges.digest = ANY(:held))
    RETURNING t.recording_id, t.venue_id, t.release, t.lane, t.attempts, s.ref AS song, s.id AS song_id, r.key_shift,
        r.backing_sha256 IS NOT NULL AS has_backing, b.id AS song_backing_id, b.key_shift AS song_backing_shift,
        s.venue_id AS song_venue_id, r.lyrics, coalesce(r.description, s.description) AS description
""")

# Ready again, no start burnt; at rest for a moment, so that a worker that has the release takes it before this one does.
_PASS_ON = text("""
    UPDATE tasks t SET state = 'ready', fence = NULL, lease_until = NULL, reason = :reason,
        message = format(CAST(:message AS text), t.release),
        not_before = now() + make_interval(secs => CASE t.lane WHEN 'live' THEN 1 ELSE 5 END)
    FROM releases judges
    WHERE t.id = :task AND t.fence = :fence AND t.state = 'leased'
      AND judges.name = t.release AND judges.digest <> ALL(:held)
    RETURNING t.release
""")

_RENEW = text("""
    UPDATE tasks SET lease_until = now() + make_interval(secs => :lease_s), stage = :stage, fraction = :fraction
    WHERE id = :task AND fence = :fence AND state = 'running'
""")

_FINISH = text("""
    UPDATE tasks SET state = 'done', finished_at = now(), lease_until = NULL, stage = NULL, fraction = NULL
    WHERE id = :task AND fence = :fence AND state = 'running'
""")

_FAIL = text("""
    UPDATE tasks SET state = CAST(:state AS task_state), reason = :reason, message = :message,
        attempts = attempts - :refund, not_before = now() + make_interval(secs => :rest_s),
        finished_at = CASE WHEN :ended THEN now() END, lease_until = NULL, stage = NULL, fraction = NULL,
        fence = CASE WHEN :ended THEN fence END
    WHERE id = :task AND fence = :fence AND state = 'running'
""")

# Reading a COMMIT whose answer was lost: our fence on a finished task means that it went through.
_FINISHED = text("SELECT state = 'done' AND fence = :fence FROM tasks WHERE id = :task")


class ReleaseNotHere(StaleDelivery):
    """The worker that got the task has no sound copy of its release. Another one may have."""

    code = "release_not_here"


@dataclass(frozen=True)
class LeaseOptions:
    """The defaults are `settings.Settings`'."""

    run_lease_s: float
    max_starts: int
    retry_backoff_s: float


@dataclass(frozen=True)
class KnownBacking:
    """Where the sound of a known backing lies, and by how much it was shifted when it was played."""

    venue_id: UUID
    blob_id: UUID
    semitones: int


@dataclass(frozen=True)
class Lease:
    """One running task and what its worker has to know."""

    engine: Engine
    options: LeaseOptions
    task_id: UUID
    fence: UUID
    recording_id: UUID
    venue_id: UUID
    release: str
    lane: Lane
    starts: int
    song: str | None
    song_id: UUID | None
    key_shift: int
    backing: KnownBacking | None
    text: Mapping[TextKind, str]

    def renew(self, stage: str | None, fraction: float | None) -> bool:
        """Hold on for another lease; false where the task is no longer ours."""
        with self.engine.begin() as connection:
            renewed = connection.execute(
                _RENEW, {**self._fenced, "lease_s": self.options.run_lease_s, "stage": stage, "fraction": fraction}
            )
            return renewed.rowcount == 1

    def finish(self, assessment: Assessment) -> None:
        """Write the result and end the task, both or neither; `LeaseLost` where somebody else owns it."""
        try:
            with self.engine.begin() as connection:
                connection.execute(text("SET LOCAL synchronous_commit = on"))
                if connection.execute(_FINISH, self._fenced).rowcount != 1:
                    raise LeaseLost(f"Recording {self.recording_id} was taken away while it was judged.")
                write_result(connection, self, assessment)
        except DBAPIError as broken:
            if not broken.connection_invalidated or not self._was_finished():
                raise

    def settle(self, failure: Failure) -> str | None:
        """Write down a try that failed, as the retry table says. Returns the task's new state, None where not ours."""
        state, refund, rest_s = self._after(failure)
        if state is None:
            return None
        with self.engine.begin() as connection:
            settled = connection.execute(
                _FAIL,
                {
                    **self._fenced,
                    "state": state,
                    "ended": state != "ready",
                    "reason": failure.reason,
                    "message": failure.message,
                    "refund": refund,
                    "rest_s": rest_s,
                },
            )
            return state if settled.rowcount == 1 else None

    def _after(self, failure: Failure) -> tuple[str | None, int, float]:
        match failure.fate:
            case Fate.LEAVE:
                return None, 0, 0.0
            case Fate.REJECT:
                return "rejected", 0, 0.0
            case Fate.HAND_BACK:
                return "ready", 1, 0.0
            case Fate.RETRY if self.starts >= self.options.max_starts:
                return "dead", 0, 0.0
            case Fate.RETRY:
                return "ready", 0, backoff_s(self.starts, first_s=self.options.retry_backoff_s)

    def _was_finished(self) -> bool:
        with self.engine.connect() as connection:
            return bool(connection.scalar(_FINISHED, self._fenced))

    @property
    def _fenced(self) -> dict[str, Any]:
        return {"task": self.task_id, "fence": self.fence}

    @property
    def log_fields(self) -> dict[str, Any]:
        return {"recording_id": self.recording_id, "task_id": self.task_id, "fence": self.fence}


def start(
    engine: Engine, task_id: UUID, fence: UUID, *, worker: str, options: LeaseOptions, held: Sequence[str] = ()
) -> Lease:
    """Begin the task, or raise `StaleDelivery`: another delivery has it, its deadline has passed, or its release is
    none of those that this worker holds, by their digests.
    """
    of = {"task": task_id, "fence": fence, "held": list(held)}
    with engine.begin() as connection:
        row = connection.execute(_START, {**of, "worker": worker, "lease_s": options.run_lease_s}).first()
        passed_on = None if row else _pass_on(connection, of, worker)
    if passed_on:
        raise passed_on
    if row is None:
        raise StaleDelivery(f"Task {task_id} does not wait for this delivery.")
    return Lease(
        engine=engine,
        options=options,
        task_id=task_id,
        fence=fence,
        recording_id=row.recording_id,
        venue_id=row.venue_id,
        release=row.release,
        lane=Lane(row.lane),
        starts=row.attempts,
        song=row.song,
        song_id=row.song_id,
        key_shift=row.key_shift,
        backing=_backing(row),
        text={kind: said for kind in TextKind if (said := getattr(row, kind.value))},
    )


def _pass_on(connection: Connection, of: Mapping[str, Any], worker: str) -> ReleaseNotHere | None:
    message = f"{worker} has no sound copy of the release %s. `vocalverse doctor` says what is wrong with it."
    said = {"reason": ReleaseNotHere.code, "message": message}
    release = connection.scalar(_PASS_ON, {**of, **said})
    return ReleaseNotHere(f"Task {of['task']} goes to another worker: {message % release}") if release else None


def _backing(row: Row[Any]) -> KnownBacking | None:
    if row.has_backing:
        return KnownBacking(row.venue_id, row.recording_id, 0)
    if row.song_backing_id:
        shifted = row.key_shift - row.song_backing_shift
        return KnownBacking(blob_venue(row.song_venue_id), row.song_backing_id, shifted)
    return None
