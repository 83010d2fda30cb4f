"""Holding the blob store against the database: what is missing, damaged or left over, and what is due to go."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from vocalverse.errors import BlobMissing
from vocalverse.store.blobs import AUDIO, BACKING, BlobKey, BlobStore, read_digest
from vocalverse.store.song_backings import blob_venue

log = logging.getLogger(__name__)

_BATCH = 500


class Fault(StrEnum):
    MISSING = "missing"  # the row is there, the blob is not
    DAMAGED = "damaged"  # the blob's digest is not the row's
    ORPHANED = "orphaned"  # the blob is there, the row is not


@dataclass(frozen=True)
class Stray:
    """One finding of a scrub."""

    fault: Fault
    key: BlobKey
    size: int | None = None


@dataclass(frozen=True)
class _Expected:
    key: BlobKey
    sha256: bytes


def scrub_rows(connection: Connection, blobs: BlobStore, *, since: datetime | None = None) -> Iterator[Stray]:
    """Recordings (received since) whose blobs are missing or damaged. Reads every blob once, a batch of rows at a time."""
    for expected in _expected(connection, since):
        key = expected.key
        try:
            with blobs.open(key.venue_id, key.recording_id, key.name) as file:
                found = read_digest(file)
        except BlobMissing:
            if _still_expected(connection, key):
                yield Stray(Fault.MISSING, key)
            continue
        if found != expected.sha256:
            yield Stray(Fault.DAMAGED, key)


def scrub_blobs(
    connection: Connection, blobs: BlobStore, *, younger_than_s: float, delete: bool = False
) -> Iterator[Stray]:
    """Blobs that no row knows; those younger than the longest upload are left alone, their row may still come."""
    limit = datetime.now(UTC) - timedelta(seconds=younger_than_s)
    batch: list[tuple[BlobKey, int]] = []
    for blob in blobs.list():
        if blob.modified_at < limit:
            batch.append((blob.key, blob.size))
        if len(batch) >= _BATCH:
            yield from _orphans(connection, blobs, batch, delete=delete)
            batch = []
    yield from _orphans(connection, blobs, batch, delete=delete)


def with_sound(connection: Connection, recordings: Sequence[UUID]) -> set[UUID]:
    """Those of them whose sound is here, and may be: what was made of any other one has to go."""
    return set(connection.scalars(_WITH_SOUND, {"ids": list(recordings)}))


def purge_due(engine: Engine, blobs: BlobStore, *, limit: int = 100) -> int:
    """Delete the blobs whose time has come; returns of how many recordings. Safe to run anywhere, any number of times.

    A purge is done only after its blobs are gone: a crash in between repeats it.
    """
    with engine.connect() as connection:
        due = connection.execute(_DUE, {"limit": limit}).all()
    for row in due:
        blobs.delete_prefix(row.venue_id, row.recording_id)
        with engine.begin() as connection:
            connection.execute(_PURGED, {"id": row.id})
            connection.execute(_SILENCED, {"id": row.recording_id})
        log.info("purged", extra={"action": "purged", "recording_id": row.recording_id})
    return len(due)


_DUE = text("""
    SELECT id, venue_id, recording_id FROM purges WHERE done_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT :limit
""")
_WITH_SOUND = text("SELECT id FROM recordings WHERE id = ANY(:ids) AND audio_deleted_at IS NULL")
_PURGED = text("UPDATE purges SET done_at = now() WHERE id = :id")
# Sound that was not to be kept: its recording stays, and says so.
_SILENCED = text("UPDATE recordings SET audio_deleted_at = now() WHERE id = :id AND audio_deleted_at IS NULL")

_ROWS = text("""
    SELECT id, venue_id, sha256, backing_sha256 FROM recordings
    WHERE id > :after AND audio_deleted_at IS NULL AND received_at >= :since ORDER BY id LIMIT :batch
""")


_OF_SONGS = text("""
    SELECT b.id, s.venue_id, b.sha256 FROM song_backings b JOIN songs s ON s.id = b.song_id
    WHERE b.created_at >= :since ORDER BY b.id
""")


def _expected(connection: Connection, since: datetime | None) -> Iterator[_Expected]:
    yield from _expected_of_songs(connection, since)
    after = _first_id(since)
    while rows := connection.execute(
        _ROWS, {"after": after, "since": since or datetime(1970, 1, 1, tzinfo=UTC), "batch": _BATCH}
    ).all():
        for row in rows:
            yield _Expected(BlobKey(row.venue_id, row.id, AUDIO), bytes(row.sha256))
            if row.backing_sha256:
                yield _Expected(BlobKey(row.venue_id, row.id, BACKING), bytes(row.backing_sha256))
        after = rows[-1].id


def _expected_of_songs(connection: Connection, since: datetime | None) -> Iterator[_Expected]:
    for row in connection.execute(_OF_SONGS, {"since": since or datetime(1970, 1, 1, tzinfo=UTC)}).all():
        yield _Expected(BlobKey(blob_venue(row.venue_id), row.id, BACKING), bytes(row.sha256))


def _first_id(since: datetime | None) -> UUID:
    """Ids begin with the time at which their upload was opened, at most a week before the recording was received."""
    if since is None:
        return UUID(int=0)
    opened = since - timedelta(days=30)
    return UUID(int=max(0, int(opened.timestamp() * 1000)) << 80)


def _still_expected(connection: Connection, key: BlobKey) -> bool:
    return bool(
        connection.scalar(
            text(
                "SELECT EXISTS (SELECT 1 FROM recordings WHERE id = :id AND audio_deleted_at IS NULL)"
                " OR EXISTS (SELECT 1 FROM song_backings WHERE id = :id)"
            ),
            {"id": key.recording_id},
        )
    )


# An open upload may have its backing track, or all of its sound, before it has its recording.
_WANTED = text("""
    SELECT id FROM recordings WHERE id = ANY(:ids) AND audio_deleted_at IS NULL
    UNION SELECT recording_id FROM uploads WHERE recording_id = ANY(:ids) AND state = 'open'
    UNION SELECT id FROM song_backings WHERE id = ANY(:ids)
""")


def _orphans(
    connection: Connection, blobs: BlobStore, batch: list[tuple[BlobKey, int]], *, delete: bool
) -> Iterator[Stray]:
    if not batch:
        return
    wanted = set(connection.scalars(_WANTED, {"ids": [key.recording_id for key, _ in batch]}))
    for key, size in batch:
        if key.recording_id not in wanted:
            if delete:
                blobs.delete_prefix(key.venue_id, key.recording_id)
            yield Stray(Fault.ORPHANED, key, size)
