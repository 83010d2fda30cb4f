"""Backings that are known for a song: what the venue plays, in which key. A worker takes it out of the recording."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from vocalverse.errors import NotFound
from vocalverse.ids import uuid7
from vocalverse.store.blobs import BACKING, BlobStore, digest_of
from vocalverse.store.tables import Song, SongBacking

# Whose venue a blob of everybody's song belongs to.
_EVERYBODY = UUID(int=0)


@dataclass(frozen=True)
class Leftover:
    """A blob that no row names any more. It is deleted once that is committed; if not, a scrub finds it."""

    venue_id: UUID
    backing_id: UUID

    def delete(self, blobs: BlobStore) -> None:
        blobs.delete_prefix(self.venue_id, self.backing_id)


def keep_backing(
    connection: Connection, blobs: BlobStore, *, song_id: UUID, key_shift: int, path: Path
) -> Leftover | None:
    """Keep the file as the song's backing in that key, in the place of one that was there.

    The blob is durable before a row names it.
    """
    sha256, backing_id = digest_of([path]), uuid7()
    blobs.put(_venue_of(connection, song_id), backing_id, BACKING, [path], sha256=sha256)
    replaced = _remove(connection, song_id, key_shift)
    connection.execute(
        insert(SongBacking).values(
            id=backing_id, song_id=song_id, key_shift=key_shift, size_bytes=path.stat().st_size, sha256=sha256
        )
    )
    return replaced


def remove_backing(connection: Connection, *, song_id: UUID, key_shift: int) -> Leftover:
    removed = _remove(connection, song_id, key_shift)
    if removed is None:
        raise NotFound(f"The song has no backing with the key shift {key_shift}: `vocalverse songs show` lists them.")
    return removed


def list_backings(connection: Connection, song_id: UUID) -> list[dict[str, Any]]:
    found = select(SongBacking.key_shift, SongBacking.size_bytes, SongBacking.created_at)
    rows = connection.execute(found.where(SongBacking.song_id == song_id).order_by(SongBacking.key_shift))
    return [dict(row) for row in rows.mappings()]


def blob_venue(venue_id: UUID | None) -> UUID:
    """The first part of the blob's key."""
    return venue_id or _EVERYBODY


def _remove(connection: Connection, song_id: UUID, key_shift: int) -> Leftover | None:
    remove = delete(SongBacking).where(SongBacking.song_id == song_id, SongBacking.key_shift == key_shift)
    removed = connection.scalar(remove.returning(SongBacking.id))
    return Leftover(_venue_of(connection, song_id), removed) if removed else None


def _venue_of(connection: Connection, song_id: UUID) -> UUID:
    return blob_venue(connection.scalar(select(Song.venue_id).where(Song.id == song_id)))
