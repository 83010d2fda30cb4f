"""What Postgres holds. Alembic compares these with the database; `migrations/` brings it there."""

from vocalverse.store.tables.base import Base
from vocalverse.store.tables.listening import HtprAnswer, HtprListener, HtprSession, HtprTake, HtprTriple
from vocalverse.store.tables.places import ApiKey, Machine, ReportAccess, Room, Song, SongBacking, SongReference, Venue
from vocalverse.store.tables.recordings import Audit, Purge, Recording, Upload, UploadState
from vocalverse.store.tables.results import (
    Assessment,
    Evidence,
    Feedback,
    Finding,
    Measured,
    Measures,
    Notes,
    Phrases,
    Score,
)
from vocalverse.store.tables.tasks import Backlog, Event, Release, Task, TaskTransition, Worker

__all__ = [
    "ApiKey",
    "Assessment",
    "Audit",
    "Backlog",
    "Base",
    "Event",
    "Evidence",
    "Feedback",
    "Finding",
    "HtprAnswer",
    "HtprListener",
    "HtprSession",
    "HtprTake",
    "HtprTriple",
    "Machine",
    "Measured",
    "Measures",
    "Notes",
    "Phrases",
    "Purge",
    "Recording",
    "Release",
    "ReportAccess",
    "Room",
    "Score",
    "Song",
    "SongBacking",
    "SongReference",
    "Task",
    "TaskTransition",
    "Upload",
    "UploadState",
    "Venue",
    "Worker",
]
