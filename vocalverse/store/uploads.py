"""Uploads: what an agent announced under an id of its own making, until it is complete, abandoned or too old."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from vocalverse.errors import Conflict, Gone, NotFound, TooMuch
from vocalverse.ids import uuid7
from vocalverse.store.tables import Purge, Upload, UploadState

_RETRY_OPEN_S = 60.0


class UploadUnknown(NotFound):
    code = "upload_unknown"


class UploadConflict(Conflict):
    code = "upload_conflict"


class UploadComplete(Conflict):
    code = "upload_complete"


class UploadDeleted(Gone):
    code = "upload_deleted"


class TooManyUploads(TooMuch):
    code: ClassVar[str] = "too_many_uploads"


@dataclass(frozen=True)
class Announced:
    """What an agent says it will send."""

    venue_id: UUID
    upload_id: str
    size_bytes: int
    sha256: bytes
    recording: dict[str, Any]  # the metadata, valid
    filename: str | None = None


@dataclass(frozen=True)
class Known:
    """An upload as Postgres has it."""

    venue_id: UUID
    upload_id: str
    recording_id: UUID
    complete: bool
    size_bytes: int
    sha256: bytes
    part_bytes: int
    recording: dict[str, Any]
    backing_sha256: bytes | None

    @property
    def part_count(self) -> int:
        return -(-self.size_bytes // self.part_bytes)

    def size_of_part(self, number: int) -> int:
        return min(self.part_bytes, self.size_bytes - (number - 1) * self.part_bytes)

    def must_be(self, announced: Announced) -> None:
        """The same id stands for the same content and the same words about it, for ever."""
        if (self.size_bytes, self.sha256, self.recording) != (
            announced.size_bytes,
            announced.sha256,
            announced.recording,
        ):
            raise UploadConflict(
                f"Upload {self.upload_id} was announced before with another size, sha-256 or metadata."
                " Use a new upload id for another recording."
            )


def open_upload(connection: Connection, announced: Announced, *, part_bytes: int, max_open: int) -> tuple[Known, bool]:
    """The upload of that id and whether it is new. The same announcement again finds what was opened before."""
    if known := seen_before(connection, announced):
        return known, False
    _must_have_room(connection, announced.venue_id, max_open)
    if known := add_upload(connection, announced, part_bytes=part_bytes, recording_id=uuid7(), state=UploadState.OPEN):
        return known, True
    known = find_upload(connection, announced.venue_id, announced.upload_id)
    known.must_be(announced)
    return known, False


def add_upload(
    connection: Connection, announced: Announced, *, part_bytes: int, recording_id: UUID, state: UploadState
) -> Known | None:
    """None where the id is taken."""
    values = {
        "venue_id": announced.venue_id,
        "upload_id": announced.upload_id,
        "recording_id": recording_id,
        "state": state,
        "size_bytes": announced.size_bytes,
        "sha256": announced.sha256,
        "part_bytes": part_bytes,
        "filename": announced.filename,
        "recording": announced.recording,
        "completed_at": func.now() if state is UploadState.COMPLETE else None,
    }
    made = connection.execute(upsert(Upload).values(values).on_conflict_do_nothing().returning(*_COLUMNS)).first()
    return _known(made) if made else None


def find_upload(connection: Connection, venue_id: UUID, upload_id: str, *, lock: bool = False) -> Known:
    known = _find(connection, venue_id, upload_id, lock=lock)
    if known is None:
        raise UploadUnknown(f"There is no upload {upload_id}. Open it first: PUT /v1/uploads/{upload_id}.")
    return known


def find_open(connection: Connection, venue_id: UUID, upload_id: str, *, lock: bool = False) -> Known:
    known = find_upload(connection, venue_id, upload_id, lock=lock)
    if known.complete:
        raise UploadComplete(f"Upload {upload_id} is complete: it became recording {known.recording_id}.")
    return known


def seen_before(connection: Connection, announced: Announced) -> Known | None:
    """The upload of that id, if there is one and it is the same."""
    known = _find(connection, announced.venue_id, announced.upload_id)
    if known:
        known.must_be(announced)
    return known


def note_backing(connection: Connection, venue_id: UUID, upload_id: str, sha256: bytes) -> None:
    """The backing track's blob is there."""
    find_open(connection, venue_id, upload_id, lock=True)
    change_upload(connection, venue_id, upload_id, backing_sha256=sha256)


def abandon_upload(connection: Connection, venue_id: UUID, upload_id: str) -> None:
    """Forget an open upload, and what blob it may have."""
    known = find_open(connection, venue_id, upload_id, lock=True)
    connection.execute(delete(Upload).where(Upload.venue_id == venue_id, Upload.upload_id == upload_id))
    _purge(connection, [(venue_id, known.recording_id)])


def take_expired(connection: Connection, *, older_than_s: float, limit: int = 500) -> list[tuple[UUID, str]]:
    """Forget open uploads that nobody completed in time; returns (venue, upload id), whose parts may go."""
    expired = (
        select(Upload.venue_id, Upload.upload_id)
        .where(Upload.state == UploadState.OPEN, Upload.created_at < func.now() - timedelta(seconds=older_than_s))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("expired")
    )
    gone = connection.execute(
        delete(Upload)
        .where(Upload.venue_id == expired.c.venue_id, Upload.upload_id == expired.c.upload_id)
        .returning(Upload.venue_id, Upload.upload_id, Upload.recording_id)
    ).all()
    _purge(connection, [(row.venue_id, row.recording_id) for row in gone])
    return [(row.venue_id, row.upload_id) for row in gone]


# --- the rows --------------------------------------------------------------------------------------------------

_COLUMNS = (
    Upload.venue_id,
    Upload.upload_id,
    Upload.recording_id,
    Upload.state,
    Upload.size_bytes,
    Upload.sha256,
    Upload.part_bytes,
    Upload.recording,
    Upload.backing_sha256,
)


def _find(connection: Connection, venue_id: UUID, upload_id: str, *, lock: bool = False) -> Known | None:
    query = select(*_COLUMNS).where(Upload.venue_id == venue_id, Upload.upload_id == upload_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return _known(row) if row else None


def _known(row: Row[Any]) -> Known:
    if row.state is UploadState.DELETED:
        raise UploadDeleted(f"Upload {row.upload_id} was deleted on request and will not be taken again.")
    return Known(
        venue_id=row.venue_id,
        upload_id=row.upload_id,
        recording_id=row.recording_id,
        complete=row.state is UploadState.COMPLETE,
        size_bytes=row.size_bytes,
        sha256=bytes(row.sha256),
        part_bytes=row.part_bytes,
        recording=row.recording,
        backing_sha256=row.backing_sha256,
    )


def change_upload(connection: Connection, venue_id: UUID, upload_id: str, **values: Any) -> None:
    connection.execute(update(Upload).where(Upload.venue_id == venue_id, Upload.upload_id == upload_id).values(values))


def _must_have_room(connection: Connection, venue_id: UUID, max_open: int) -> None:
    of_venue = select(Upload.upload_id).where(Upload.venue_id == venue_id, Upload.state == UploadState.OPEN)
    if (connection.scalar(select(func.count()).select_from(of_venue.limit(max_open).subquery())) or 0) >= max_open:
        raise TooManyUploads(
            f"{max_open} uploads of this venue are open. Complete or abandon some first.", retry_after_s=_RETRY_OPEN_S
        )


def _purge(connection: Connection, recordings: list[tuple[UUID, UUID]]) -> None:
    if recordings:
        rows = [{"id": uuid7(), "venue_id": venue, "recording_id": recording} for venue, recording in recordings]
        connection.execute(insert(Purge).values(due_at=func.now()), rows)
