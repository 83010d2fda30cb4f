"""Songs as an operator sees them: everybody's, and each venue's own."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from vocalverse.errors import NotFound
from vocalverse.ids import uuid7
from vocalverse.store.song_backings import list_backings
from vocalverse.store.song_references import list_references
from vocalverse.store.tables import Recording, Song, Venue


def add_song(
    connection: Connection,
    *,
    venue_id: UUID | None,
    ref: str,
    title: str | None = None,
    artist: str | None = None,
    language: str | None = None,
    replaces: bool = True,
) -> UUID:
    """The song of that name, made if it is new; what is said of it replaces what was known, or else fills its gaps."""
    said = {name: value for name, value in (("title", title), ("artist", artist), ("language", language)) if value}
    known = {} if replaces else {name: func.coalesce(getattr(Song, name), value) for name, value in said.items()}
    made = insert(Song).values(id=uuid7(), venue_id=venue_id, ref=ref, **said)
    return connection.execute(
        made.on_conflict_do_update(
            index_elements=[Song.venue_id, Song.ref], set_={"ref": ref, **said, **known}
        ).returning(Song.id)
    ).scalar_one()


def describe_song(connection: Connection, song_id: UUID, description: str) -> None:
    """Say how it should be sung, for releases that judge by that."""
    connection.execute(update(Song).where(Song.id == song_id).values(description=description))


def list_songs(
    connection: Connection, *, venue_id: UUID | None = None, like: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """By name; with a venue its own and everybody's, with `like` those whose name, title or artist holds it."""
    found = _songs().order_by(Song.ref, Song.id).limit(limit)
    if venue_id:
        found = found.where(or_(Song.venue_id == venue_id, Song.venue_id.is_(None)))
    if like:
        found = found.where(
            or_(*(column.icontains(like, autoescape=True) for column in (Song.ref, Song.title, Song.artist)))
        )
    return [dict(row) for row in connection.execute(found).mappings()]


def show_song(connection: Connection, *, ref: str, venue_id: UUID | None) -> dict[str, Any]:
    """The song with how often it was sung, the key shifts for which its backing is known, and how it goes."""
    mine = Song.venue_id == venue_id if venue_id else Song.venue_id.is_(None)
    found = connection.execute(_songs().where(Song.ref == ref, mine)).mappings().first()
    if found is None:
        raise NotFound(f"There is no song {ref!r} {'of that venue' if venue_id else 'without a venue (see --venue)'}.")
    sung = connection.scalar(select(func.count()).where(Recording.song_id == found["id"]))
    known = [backing["key_shift"] for backing in list_backings(connection, found["id"])]
    told = [reference["kind"] for reference in list_references(connection, found["id"])]
    return {**found, "recordings": sung, "backings": known, "references": told}


def _songs() -> Select[*tuple[Any, ...]]:
    return select(
        Song.ref,
        Song.title,
        Song.artist,
        Song.language,
        Song.description,
        Venue.slug.label("venue"),
        Song.created_at,
        Song.id,
    ).outerjoin(Venue, Venue.id == Song.venue_id)
