"""A recording on its way, as the journal knows it."""

import os
import secrets
import sqlite3
from dataclasses import dataclass, fields
from enum import StrEnum
from uuid import UUID

from vocalverse.agent.files import Identity
from vocalverse.records import Lane


class ItemState(StrEnum):
    FOUND = "found"
    UPLOADING = "uploading"
    ACKNOWLEDGED = "acknowledged"
    DELETED = "deleted"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Item:
    """A recording on its way. `sha256`, `recording` and `backing` are fixed before the first request."""

    id: int
    name: str
    size: int
    mtime_ns: int
    upload_id: str
    state: ItemState
    lane: Lane
    sha256: str | None
    recording: str | None  # the metadata as JSON
    backing: str | None
    backing_sent: bool
    recording_id: UUID | None
    error_code: str | None
    error: str | None
    found_at: float
    changed_at: float

    @property
    def identity(self) -> Identity:
        return Identity(self.size, self.mtime_ns)


@dataclass(frozen=True)
class Backlog:
    """What the server does not have yet."""

    count: int
    size: int
    oldest_s: float


@dataclass(frozen=True)
class Note:
    """Something that whoever asks for the status should know."""

    value: str
    at: float


def new_upload_id() -> str:
    return secrets.token_urlsafe(24)


_COLUMNS = tuple(column.name for column in fields(Item))


def item_of(row: sqlite3.Row) -> Item:
    values = {column: row[column] for column in _COLUMNS}
    values |= {
        "name": os.fsdecode(row["name"]),
        "state": ItemState(row["state"]),
        "lane": Lane(row["lane"]),
        "backing": os.fsdecode(row["backing"]) if row["backing"] is not None else None,
        "backing_sent": bool(row["backing_sent"]),
        "recording_id": UUID(row["recording_id"]) if row["recording_id"] else None,
    }
    return Item(**values)
