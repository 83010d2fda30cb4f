"""How songs go: what was imported of each, as a worker holds a take against it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from vocalverse.errors import NotFound
from vocalverse.ids import uuid7
from vocalverse.records import ReferenceKind
from vocalverse.store.tables import Song, SongReference


def keep_reference(
    connection: Connection,
    *,
    song_id: UUID,
    kind: ReferenceKind,
    source: str,
    melody: Mapping[str, Any],
    sha256: bytes,
) -> None:
    """In the place of what was known of that kind."""
    said = {"source": source, "melody": melody, "sha256": sha256}
    made = insert(SongReference).values(id=uuid7(), song_id=song_id, kind=kind, **said)
    connection.execute(
        made.on_conflict_do_update(
            index_elements=[SongReference.song_id, SongReference.kind], set_={**said, "id": made.excluded.id}
        )
    )


def remove_reference(connection: Connection, *, song_id: UUID, kind: ReferenceKind) -> None:
    remove = delete(SongReference).where(SongReference.song_id == song_id, SongReference.kind == kind)
    if connection.scalar(remove.returning(SongReference.id)) is None:
        raise NotFound(f"The song has no {kind}: `vocalverse songs show` lists what is known of it.")


def references(connection: Connection, song_id: UUID) -> dict[ReferenceKind, dict[str, Any]]:
    """What is known of the song, each as it was stored; of a venue's, beside its own, what is known of everybody's."""
    its_ref = select(Song.ref).where(Song.id == song_id).scalar_subquery()
    found = (
        select(SongReference.kind, SongReference.melody)
        .join(Song, Song.id == SongReference.song_id)
        .where(or_(Song.id == song_id, and_(Song.venue_id.is_(None), Song.ref == its_ref)))
        .order_by(Song.id == song_id)  # its own come last, and stay
    )
    return {row.kind: row.melody for row in connection.execute(found)}


def list_references(connection: Connection, song_id: UUID) -> list[dict[str, Any]]:
    found = select(SongReference.kind, SongReference.source, SongReference.created_at)
    rows = connection.execute(found.where(SongReference.song_id == song_id).order_by(SongReference.kind))
    return [dict(row) for row in rows.mappings()]
