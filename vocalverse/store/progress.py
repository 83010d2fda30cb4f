"""How far recordings are, for those who wait for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from vocalverse.records import TaskState

# Of several judgings the newest counts.
_STANDING = text("""
    SELECT DISTINCT ON (recording_id) recording_id, state::text, stage, fraction, reason
    FROM tasks WHERE recording_id = ANY(:ids) ORDER BY recording_id, id DESC
""")


@dataclass(frozen=True)
class Standing:
    """Where the judging of one recording is."""

    recording_id: UUID
    state: TaskState
    stage: str | None
    fraction: float | None
    reason: str | None

    @property
    def done_share(self) -> float:
        return 1.0 if self.state.ended else self.fraction or 0.0


def standings(connection: Connection, recording_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Of those that are there; a recording that is not has no entry."""
    found = connection.execute(_STANDING, {"ids": list(recording_ids)})
    return {
        row.recording_id: Standing(row.recording_id, TaskState(row.state), row.stage, row.fraction, row.reason)
        for row in found
    }
