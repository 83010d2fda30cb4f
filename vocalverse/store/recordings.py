"""One recording as its venue sees it, and how it is cancelled and deleted.

`venue_id` is None for operators, who see all venues. Another venue's recording is answered like one that never was.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, insert, text, update

from vocalverse.errors import Conflict, Gone, NotFound
from vocalverse.ids import uuid7
from vocalverse.records import Lane, Outcome, TaskState, WorkerClass
from vocalverse.store.releases import ACTIVE
from vocalverse.store.tables import Assessment, Audit, Purge, Recording, Task, Upload, UploadState
from vocalverse.store.workload import read_workload

FARTHEST_POSITION = 1000  # who is farther behind hears this


class RecordingUnknown(NotFound):
    code = "recording_unknown"


class RecordingDeleted(Gone):
    code = "recording_deleted"


class AlreadyEnded(Conflict):
    code = "already_ended"


@dataclass(frozen=True)
class View:
    """A recording and that of its judgings which counts."""

    recording_id: UUID
    venue_id: UUID
    song: str | None
    received_at: datetime
    task_id: UUID
    release: str
    lane: Lane
    state: TaskState
    stage: str | None
    fraction: float | None
    attempts: int
    reason: str | None
    message: str | None
    started_at: datetime | None
    finished_at: datetime | None
    outcome: Outcome | None
    overall_mark: float | None


@dataclass(frozen=True)
class Outlook:
    """How many of the venue's tasks come before, and about how many seconds it will take."""

    position: int | None
    estimate_s: float | None


# Of several judgings one that is done counts before one that is not, so that no result goes away while another is
# made; then that of the active release; then the newest. Not by `id` alone: without statistics a planner would walk
# back through the tasks of everybody.
COUNTS = f"(state = 'done') DESC, (release = {ACTIVE}) DESC, created_at DESC, id DESC"
VIEW = f"""
    SELECT r.id AS recording_id, r.venue_id, s.ref AS song, r.received_at, t.id AS task_id, t.release, t.lane::text,
           t.state::text, t.stage, t.fraction, t.attempts, t.reason, t.message, t.started_at, t.finished_at,
           a.outcome::text, a.overall_mark, t.worker_class::text, t.not_before, a.id AS assessment_id
    FROM {{source}} r
    CROSS JOIN LATERAL (SELECT * FROM tasks WHERE recording_id = r.id ORDER BY {COUNTS} LIMIT 1) t
    LEFT JOIN songs s ON s.id = r.song_id
    LEFT JOIN assessments a ON a.task_id = t.id
"""
_ONE = text(VIEW.format(source="recordings") + "WHERE r.id = :id")


def find_recording(connection: Connection, recording_id: UUID, *, venue_id: UUID | None) -> View:
    return as_view(_row(connection, recording_id, venue_id))


def outlook(connection: Connection, view: View, *, worker_silent_s: float) -> Outlook:
    """Where a task that has not ended stands in its venue's lane, and an estimate from the rate of the workers."""
    if view.state.ended:
        return Outlook(None, None)
    row = connection.execute(
        text("SELECT worker_class::text, not_before FROM tasks WHERE id = :id"), {"id": view.task_id}
    )
    task = row.one()
    workload = read_workload(connection, worker_silent_s=worker_silent_s)
    worker_class = WorkerClass(task.worker_class)
    if view.state is not TaskState.READY:
        left = 1 - (view.fraction or 0.0)
        return Outlook(0, round(left * workload.task_s(worker_class), 1))
    position = connection.scalar(
        _POSITION,
        {
            "class": task.worker_class,
            "lane": view.lane.value,
            "venue": view.venue_id,
            "not_before": task.not_before,
            "id": view.task_id,
            "farthest": FARTHEST_POSITION,
        },
    )
    wait_s = workload.wait_s(worker_class, view.lane, position=position or 0)
    return Outlook(position, round(wait_s + workload.task_s(worker_class), 1))


_POSITION = text("""
    SELECT count(*) FROM (
        SELECT 1 FROM tasks
        WHERE state = 'ready' AND worker_class = CAST(:class AS worker_class) AND lane = CAST(:lane AS lane)
          AND venue_id = :venue AND (not_before, id) < (CAST(:not_before AS timestamptz), CAST(:id AS uuid))
        LIMIT :farthest) before
""")


# --- leaving ---------------------------------------------------------------------------------------------------

_CANCEL = text("""
    UPDATE tasks SET state = 'cancelled', finished_at = now(), lease_until = NULL, stage = NULL, fraction = NULL,
        reason = 'cancelled'
    WHERE recording_id = :id AND state IN ('ready', 'leased', 'running')
""")


def cancel_recording(connection: Connection, recording_id: UUID, *, venue_id: UUID | None) -> View:
    """No worker will begin it, and one that has begun writes nothing."""
    _row(connection, recording_id, venue_id)
    cancelled = connection.execute(_CANCEL, {"id": recording_id}).rowcount
    view = find_recording(connection, recording_id, venue_id=venue_id)
    if not cancelled and view.state is not TaskState.CANCELLED:
        raise AlreadyEnded(f"The judging of recording {recording_id} has ended as {view.state}.")
    return view


def delete_recording(
    connection: Connection, recording_id: UUID, *, venue_id: UUID | None, actor: str, last_lease_s: float
) -> None:
    """Tombstone, tasks, results and row in one go; the sound goes now, and again when no worker can hold it.

    Tasks are locked before the recording, as a worker that finishes locks them: the two never wait for each other.
    """
    owner = _row(connection, recording_id, venue_id).venue_id
    connection.execute(_CANCEL, {"id": recording_id})
    connection.execute(delete(Assessment).where(Assessment.recording_id == recording_id))
    connection.execute(delete(Task).where(Task.recording_id == recording_id))
    gone = connection.execute(delete(Recording).where(Recording.id == recording_id)).rowcount
    if not gone:
        raise RecordingDeleted(_DELETED.format(recording_id))
    connection.execute(
        update(Upload)
        .where(Upload.recording_id == recording_id)
        .values(state=UploadState.DELETED, recording={}, filename=None, deleted_at=func.now())
    )
    connection.execute(
        insert(Purge),
        [
            {"id": uuid7(), "venue_id": owner, "recording_id": recording_id, "due_at": due}
            for due in _dues(connection, last_lease_s)
        ],
    )
    # `inline`: nothing is read back, because the gateway's role may add to the audit and not look into it.
    noted = insert(Audit).inline()
    connection.execute(noted.values(actor=actor, action="recording_deleted", venue_id=owner, subject=str(recording_id)))


_DELETED = "Recording {} was deleted on request."


def _dues(connection: Connection, last_lease_s: float) -> tuple[datetime, datetime]:
    now = connection.execute(text("SELECT now()")).scalar_one()
    return now, now + timedelta(seconds=last_lease_s)


def _row(connection: Connection, recording_id: UUID, venue_id: UUID | None) -> Row[Any]:
    row = connection.execute(_ONE, {"id": recording_id}).first()
    if row and venue_id in (None, row.venue_id):
        return row
    if row is None and _is_tombstone(connection, recording_id, venue_id):
        raise RecordingDeleted(_DELETED.format(recording_id))
    raise RecordingUnknown(f"There is no recording {recording_id}.")


def _is_tombstone(connection: Connection, recording_id: UUID, venue_id: UUID | None) -> bool:
    return bool(
        connection.scalar(
            text(
                "SELECT EXISTS (SELECT 1 FROM uploads WHERE recording_id = :id AND state = 'deleted'"
                " AND (CAST(:venue AS uuid) IS NULL OR venue_id = :venue))"
            ),
            {"id": recording_id, "venue": venue_id},
        )
    )


def as_view(row: Row[Any]) -> View:
    return View(
        recording_id=row.recording_id,
        venue_id=row.venue_id,
        song=row.song,
        received_at=row.received_at,
        task_id=row.task_id,
        release=row.release,
        lane=Lane(row.lane),
        state=TaskState(row.state),
        stage=row.stage,
        fraction=row.fraction,
        attempts=row.attempts,
        reason=row.reason,
        message=row.message,
        started_at=row.started_at,
        finished_at=row.finished_at,
        outcome=Outcome(row.outcome) if row.outcome else None,
        overall_mark=row.overall_mark,
    )
