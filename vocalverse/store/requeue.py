"""Putting tasks back that ended without a result, as an operator does once the cause is gone."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from vocalverse.errors import Conflict, Gone, NotFound
from vocalverse.records import LEGAL_TRANSITIONS, TaskState

# What may be put back, as the table of moves has it: not what a worker will still end by itself.
REQUEUEABLE = tuple(sorted(was for was, to in LEGAL_TRANSITIONS if to is TaskState.READY and was.ended))

# As if it had just come in; a deadline that has passed would end it again at once.
_AFRESH = """
    UPDATE tasks SET state = 'ready', attempts = 0, not_before = now(), reason = NULL, message = NULL,
        fence = NULL, lease_until = NULL, started_at = NULL, finished_at = NULL, stage = NULL, fraction = NULL,
        deadline_at = CASE WHEN deadline_at > now() THEN deadline_at END
"""

_SOME = text(f"{_AFRESH} WHERE recording_id = ANY(:ids) AND state = ANY(CAST(:states AS task_state[]))")

_NEXT = text(f"""
    {_AFRESH} WHERE id IN (
        SELECT t.id FROM tasks t JOIN recordings r ON r.id = t.recording_id
        WHERE t.state = ANY(CAST(:states AS task_state[])) AND r.audio_deleted_at IS NULL
          AND (CAST(:venue AS uuid) IS NULL OR t.venue_id = :venue)
          AND (t.finished_at IS NULL OR t.finished_at < :ended_before)
        ORDER BY t.state, t.id LIMIT :limit FOR UPDATE OF t SKIP LOCKED)
""")

_FOUND = text("""
    SELECT r.id, r.audio_deleted_at IS NOT NULL AS silent, array_agg(t.state::text) AS states
    FROM recordings r LEFT JOIN tasks t ON t.recording_id = r.id
    WHERE r.id = ANY(:ids) GROUP BY r.id
""")

_SILENT = text("""
    SELECT count(*) FROM tasks t JOIN recordings r ON r.id = t.recording_id
    WHERE t.state = ANY(CAST(:states AS task_state[])) AND r.audio_deleted_at IS NOT NULL
      AND (CAST(:venue AS uuid) IS NULL OR t.venue_id = :venue)
""")


def requeue(connection: Connection, recording_ids: Sequence[UUID]) -> int:
    """All of these, or an error and none. How many tasks are ready again."""
    found = {row.id: row for row in connection.execute(_FOUND, {"ids": list(recording_ids)})}
    for recording_id in recording_ids:
        if recording_id not in found:
            raise NotFound(f"There is no recording {recording_id}; nothing was put back.")
        _refuse_what_cannot_go(recording_id, silent=found[recording_id].silent, states=found[recording_id].states)
    back = connection.execute(_SOME, {"ids": list(recording_ids), "states": list(REQUEUEABLE)})
    return back.rowcount


def requeue_next(
    connection: Connection,
    *,
    states: Sequence[TaskState],
    ended_before: datetime,
    venue_id: UUID | None = None,
    limit: int = 1000,
) -> int:
    """Up to `limit` of the tasks in these states whose sound is still there; 0 once none is left.

    What was put back may end again at once: `ended_before` keeps a caller who repeats this from going in circles.
    """
    selection: dict[str, object] = {"states": [state.value for state in states], "venue": venue_id}
    selection |= {"limit": limit, "ended_before": ended_before}
    return connection.execute(_NEXT, selection).rowcount


def count_silent(connection: Connection, *, states: Sequence[TaskState], venue_id: UUID | None = None) -> int:
    """How many tasks in these states stay where they are because their sound was deleted."""
    silent = connection.scalar(_SILENT, {"states": [state.value for state in states], "venue": venue_id})
    return int(silent or 0)


def _refuse_what_cannot_go(recording_id: UUID, *, silent: bool, states: Sequence[str | None]) -> None:
    if silent:
        raise Gone(
            f"The sound of recording {recording_id} was deleted, as its singer's consent says: it cannot be judged"
            " again. Nothing was put back."
        )
    if not set(states) & set(REQUEUEABLE):
        raise Conflict(
            f"Recording {recording_id} is {', '.join(sorted(filter(None, states))) or 'without a task'}: only"
            f" {', '.join(REQUEUEABLE)} ones can be put back. Nothing was."
        )
