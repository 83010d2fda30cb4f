"""Pages of recordings, newest first. However many there are, a page costs the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from vocalverse.records import TaskState
from vocalverse.store.recordings import VIEW, View, as_view

_SCANNED = 10_000  # recordings that one page looks at for a state that has no index of its own


@dataclass(frozen=True)
class Page:
    items: Sequence[View]
    next: UUID | None


# These states are rare and have small indexes of their own; the others are met often enough on the way back in time.
_RARE = frozenset({TaskState.LEASED, TaskState.RUNNING, TaskState.DEAD, TaskState.REJECTED, TaskState.EXPIRED})


def list_recordings(
    connection: Connection,
    *,
    venue_id: UUID | None,
    before: UUID | None = None,
    limit: int = 50,
    state: TaskState | None = None,
    song: str | None = None,
) -> Page:
    """Newest first, from `before` on. A page may hold fewer than `limit`; the last one has no `next`."""
    looked_at = _SCANNED if state and state not in _RARE else limit + 1
    values = {"venue": venue_id, "before": before, "state": state, "song": song, "shown": limit + 1, "most": looked_at}
    candidates = _candidates(venue_id, before, song, state if state in _RARE else None)
    of_state = "WHERE t.state = CAST(:state AS task_state)" if state else ""
    rows = connection.execute(
        text(f"{VIEW.format(source=f'({candidates})')} {of_state} ORDER BY r.id DESC LIMIT :shown"), values
    ).all()
    items = [as_view(row) for row in rows[:limit]]
    if len(rows) > limit:
        return Page(items, rows[limit - 1].recording_id)
    # Fewer than asked for: the end, or only the end of the stretch that one page looks at.
    return Page(items, connection.scalar(text(f"SELECT id FROM ({candidates}) c OFFSET :most - 1"), values))


def _candidates(venue_id: UUID | None, before: UUID | None, song: str | None, state: TaskState | None) -> str:
    """The newest `:most` recordings that may belong on the page, each filter through its index."""
    wanted = ["TRUE"]
    if before:
        wanted.append("r.id < :before")
    if state:
        wanted.append("r.id IN (SELECT recording_id FROM tasks WHERE state = CAST(:state AS task_state))")
    if song is not None:
        return _OF_SONG.format(wanted=" AND ".join(wanted), venues="v.id = :venue" if venue_id else "TRUE")
    if venue_id:
        wanted.append("r.venue_id = :venue")
    return f"SELECT r.* FROM recordings r WHERE {' AND '.join(wanted)} ORDER BY r.id DESC LIMIT :most"


# Venue by venue, so that a song that all of them sing is found in the index at the right place.
_OF_SONG = """
    SELECT of_song.* FROM songs s CROSS JOIN venues v CROSS JOIN LATERAL (
        SELECT r.* FROM recordings r WHERE r.song_id = s.id AND r.venue_id = v.id AND {wanted}
        ORDER BY r.id DESC LIMIT :most) of_song
    WHERE s.ref = :song AND (s.venue_id IS NULL OR s.venue_id = v.id) AND {venues}
    ORDER BY of_song.id DESC LIMIT :most
"""
