"""What came in: uploads and recordings; and how they leave again: purges and the audit."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from vocalverse.store.tables.base import Base, Key, Now, enum


class UploadState(StrEnum):
    OPEN = "open"
    COMPLETE = "complete"
    DELETED = "deleted"


class Upload(Base):
    """What an agent sent under an id of its own making. Outlives the recording, so that a late repeat is known."""

    __tablename__ = "uploads"
    __table_args__ = (Index("uploads_open_idx", "venue_id", "created_at", postgresql_where=text("state = 'open'")),)

    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venues.id"), primary_key=True)
    upload_id: Mapped[str] = mapped_column(primary_key=True)
    recording_id: Mapped[UUID] = mapped_column(unique=True)  # given at the start; no foreign key: a tombstone stays
    state: Mapped[UploadState] = mapped_column(enum(UploadState, "upload_state"), default=UploadState.OPEN)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    part_bytes: Mapped[int]
    filename: Mapped[str | None]
    recording: Mapped[dict[str, Any]]  # the metadata as sent; emptied by deletion
    backing_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[Now]
    completed_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Recording(Base):
    __tablename__ = "recordings"
    __table_args__ = (
        CheckConstraint("key_shift BETWEEN -12 AND 12", name="key_shift"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        Index("recordings_venue_id_id_idx", "venue_id", "id"),
        Index("recordings_song_id_venue_id_id_idx", "song_id", "venue_id", "id"),  # pages of one song
        Index(
            "recordings_unkept_idx",
            "received_at",
            postgresql_where=text("NOT consent_keep_audio AND audio_deleted_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venues.id"))
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("rooms.id"))
    machine_id: Mapped[UUID | None] = mapped_column(ForeignKey("machines.id"))
    song_id: Mapped[UUID | None] = mapped_column(ForeignKey("songs.id"))
    singer: Mapped[str | None]  # a pseudonym that the venue chose; not granted to reporting
    key_shift: Mapped[int] = mapped_column(SmallInteger, default=0)
    consent_keep_audio: Mapped[bool] = mapped_column(default=False)
    consent_training: Mapped[bool] = mapped_column(default=False)
    consent_share: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime | None]
    received_at: Mapped[Now]
    client_latency_ms: Mapped[float | None]
    microphone_model: Mapped[str | None]
    microphone_gain_db: Mapped[float | None]
    microphone_distance_cm: Mapped[float | None]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    backing_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    lyrics: Mapped[str | None]  # what was sung, and in which manner: for releases that judge by a text
    description: Mapped[str | None]
    audio_deleted_at: Mapped[datetime | None]  # without consent to keep it, the sound goes after its judging


class Purge(Base):
    """Blobs that have to go: once now, and once more when no worker can still be writing."""

    __tablename__ = "purges"
    __table_args__ = (Index("purges_due_idx", "due_at", postgresql_where=text("done_at IS NULL")),)

    id: Mapped[Key]
    venue_id: Mapped[UUID]
    recording_id: Mapped[UUID] = mapped_column(index=True)
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Audit(Base):
    """Who did what to whose data, without the data."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[Now]
    actor: Mapped[str]
    action: Mapped[str]
    venue_id: Mapped[UUID | None] = mapped_column(index=True)
    subject: Mapped[str]
