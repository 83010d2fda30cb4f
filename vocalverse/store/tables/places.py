"""Who sings where: venues, their rooms and machines, their keys, the songs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from vocalverse.records import ReferenceKind
from vocalverse.store.tables.base import Base, Key, Now, enum


class Venue(Base):
    __tablename__ = "venues"
    __table_args__ = (CheckConstraint("slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'", name="slug"),)

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    created_at: Mapped[Now]
    disabled_at: Mapped[datetime | None]


class Room(Base):
    __tablename__ = "rooms"
    __table_args__ = (UniqueConstraint("venue_id", "name"),)

    id: Mapped[Key]
    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venues.id"))
    name: Mapped[str]
    created_at: Mapped[Now]


class Machine(Base):
    """A venue's machine with an agent on it, and what that agent last said of its health."""

    __tablename__ = "machines"
    __table_args__ = (UniqueConstraint("venue_id", "name"),)

    id: Mapped[Key]
    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venues.id"))
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("rooms.id"))
    name: Mapped[str]
    created_at: Mapped[Now]
    seen_at: Mapped[datetime | None]
    agent_version: Mapped[str | None]
    backlog_count: Mapped[int | None]
    backlog_bytes: Mapped[float | None]
    oldest_s: Mapped[float | None]
    disk_free_bytes: Mapped[float | None]
    clock_skew_s: Mapped[float | None]


class Song(Base):
    """A song as a venue names it (`ref`); without a venue it is everybody's."""

    __tablename__ = "songs"
    __table_args__ = (UniqueConstraint("venue_id", "ref", postgresql_nulls_not_distinct=True),)

    id: Mapped[Key]
    venue_id: Mapped[UUID | None] = mapped_column(ForeignKey("venues.id"))
    ref: Mapped[str]
    title: Mapped[str | None]
    artist: Mapped[str | None]
    language: Mapped[str | None]
    description: Mapped[str | None]  # of how it is to be sung, for releases that judge by that
    created_at: Mapped[Now]


class SongBacking(Base):
    """What a venue plays to a song in one key, so that a worker can take it out of the recording."""

    __tablename__ = "song_backings"
    __table_args__ = (
        CheckConstraint("key_shift BETWEEN -12 AND 12", name="key_shift"),
        UniqueConstraint("song_id", "key_shift"),
    )

    id: Mapped[Key]  # names its blob, where a recording's id stands otherwise
    song_id: Mapped[UUID] = mapped_column(ForeignKey("songs.id", ondelete="CASCADE"))
    key_shift: Mapped[int] = mapped_column(SmallInteger)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Now]


class SongReference(Base):
    """How a song goes: what a chart, a score, lyrics or a guide vocal say, one of each kind."""

    __tablename__ = "song_references"
    __table_args__ = (UniqueConstraint("song_id", "kind"),)

    id: Mapped[Key]
    song_id: Mapped[UUID] = mapped_column(ForeignKey("songs.id", ondelete="CASCADE"))
    kind: Mapped[ReferenceKind] = mapped_column(enum(ReferenceKind, "reference_kind"))
    source: Mapped[str]  # the kind of file it came from
    melody: Mapped[dict[str, Any]]  # as vocalverse.measure.reference.stored has it
    sha256: Mapped[bytes] = mapped_column(LargeBinary)  # of the file
    created_at: Mapped[Now]


class ApiKey(Base):
    """`vv_<prefix>.<secret>`; only the secret's SHA-256 is kept. Without a venue it is an operator's."""

    __tablename__ = "api_keys"

    id: Mapped[Key]
    venue_id: Mapped[UUID | None] = mapped_column(ForeignKey("venues.id"), index=True)
    prefix: Mapped[str] = mapped_column(unique=True)
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    label: Mapped[str]
    scopes: Mapped[list[str]]
    created_at: Mapped[Now]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ReportAccess(Base):
    """Which login of Postgres may read the reports of which venue: row security asks this table."""

    __tablename__ = "report_access"

    role_name: Mapped[str] = mapped_column(primary_key=True)
    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venues.id", ondelete="CASCADE"), primary_key=True)
