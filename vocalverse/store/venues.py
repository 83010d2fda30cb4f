"""Venues, and the rooms, machines and songs that their recordings name."""

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Connection, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert

from vocalverse.errors import BadInput, NotFound
from vocalverse.ids import uuid7
from vocalverse.store.tables import Backlog, Machine, Room, Song, Venue

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")  # as the table's own check


def ensure_venue(connection: Connection, *, slug: str, name: str) -> UUID:
    """The venue of that slug, made if it is new; its name is brought up to date."""
    made = insert(Venue).values(id=uuid7(), slug=slug, name=name)
    return connection.execute(
        made.on_conflict_do_update(index_elements=[Venue.slug], set_={"name": name}).returning(Venue.id)
    ).scalar_one()


def checked_slug(slug: str) -> str:
    if not _SLUG.fullmatch(slug):
        raise BadInput(f"{slug!r} is no slug: small letters, digits, - and _, beginning with a letter or digit.")
    return slug


def find_venue(connection: Connection, slug: str) -> UUID:
    found = connection.scalar(select(Venue.id).where(Venue.slug == slug))
    if found is None:
        raise NotFound(f"There is no venue {slug!r}. `vocalverse venues list` shows those that are there.")
    return found


def ensure_room(connection: Connection, *, venue_id: UUID, name: str) -> UUID:
    known = connection.scalar(select(Room.id).where(Room.venue_id == venue_id, Room.name == name))
    if known:
        return known
    made = insert(Room).values(id=uuid7(), venue_id=venue_id, name=name)
    return connection.execute(
        made.on_conflict_do_update(index_elements=[Room.venue_id, Room.name], set_={"name": name}).returning(Room.id)
    ).scalar_one()


def ensure_machine(connection: Connection, *, venue_id: UUID, name: str, room_id: UUID | None) -> UUID:
    """The machine of that name; it moves to the room named last."""
    known = connection.execute(
        select(Machine.id, Machine.room_id).where(Machine.venue_id == venue_id, Machine.name == name)
    ).first()
    if known and room_id in (None, known.room_id):
        return UUID(str(known.id))
    made = insert(Machine).values(id=uuid7(), venue_id=venue_id, name=name, room_id=room_id)
    return connection.execute(
        made.on_conflict_do_update(
            index_elements=[Machine.venue_id, Machine.name],
            set_={"room_id": func.coalesce(made.excluded.room_id, Machine.room_id)},
        ).returning(Machine.id)
    ).scalar_one()


def ensure_song(
    connection: Connection, *, venue_id: UUID, ref: str, title: str | None = None, artist: str | None = None
) -> UUID:
    """The venue's song of that name, else everybody's, else a new one of the venue's."""
    known = connection.scalar(
        select(Song.id)
        .where(Song.ref == ref, (Song.venue_id == venue_id) | Song.venue_id.is_(None))
        .order_by(Song.venue_id.asc().nulls_last())
        .limit(1)
    )
    if known:
        return known
    made = insert(Song).values(id=uuid7(), venue_id=venue_id, ref=ref, title=title, artist=artist)
    return connection.execute(
        made.on_conflict_do_update(index_elements=[Song.venue_id, Song.ref], set_={"ref": ref}).returning(Song.id)
    ).scalar_one()


def list_venues(connection: Connection) -> list[dict[str, Any]]:
    """Every venue with what waits for it and when one of its machines was last heard of."""
    waiting = select(func.coalesce(func.sum(Backlog.ready), 0)).where(Backlog.venue_id == Venue.id).scalar_subquery()
    machines = select(func.count()).where(Machine.venue_id == Venue.id).scalar_subquery()
    seen_at = select(func.max(Machine.seen_at)).where(Machine.venue_id == Venue.id).scalar_subquery()
    found = connection.execute(
        select(
            Venue.slug,
            Venue.name,
            machines.label("machines"),
            seen_at.label("seen_at"),
            cast(waiting, BigInteger).label("waiting"),
            Venue.created_at,
            Venue.disabled_at,
            Venue.id,
        ).order_by(Venue.slug)
    )
    return [dict(row) for row in found.mappings()]


def disable_venue(connection: Connection, slug: str, *, disabled: bool = True) -> None:
    """Its keys count no longer; what it has sent stays and is judged."""
    changed = connection.execute(
        update(Venue).where(Venue.slug == slug).values(disabled_at=func.now() if disabled else None)
    )
    if not changed.rowcount:
        find_venue(connection, slug)


def slugs_of(connection: Connection, venue_ids: Collection[UUID]) -> dict[UUID, str]:
    found = connection.execute(select(Venue.id, Venue.slug).where(Venue.id.in_(venue_ids)))
    return {row.id: row.slug for row in found}
