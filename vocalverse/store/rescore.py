"""Judging old recordings by another release: new tasks beside the old ones, whose results stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from vocalverse.ids import uuid7
from vocalverse.records import Lane, Purpose
from vocalverse.store.releases import Known
from vocalverse.store.tables import Task
from vocalverse.store.workload import Workload

_AT_ONCE = 1000  # tasks in one transaction: nobody waits long for a counter that it holds


class Standing(StrEnum):
    """Of a recording against a release."""

    OPEN = "open"  # it can be judged by it
    JUDGED = "judged"
    WAITING = "waiting"  # for a worker, or it has one
    FAILED = "failed"  # under it, without a result: for `requeue`
    WITHOUT_SOUND = "without_sound"
    NEVER_JUDGED = "never_judged"  # under no release: it still waits, was cancelled, or cannot be heard


@dataclass(frozen=True)
class Wanted:
    """Which recordings; each that is said narrows them down."""

    release: Known
    venue_id: UUID | None = None
    song: str | None = None
    since: datetime | None = None
    ids: Sequence[UUID] = ()


_STANDING = f"""CASE
    WHEN t.state = 'done' THEN '{Standing.JUDGED}'
    WHEN t.state IN ('ready', 'leased', 'running') THEN '{Standing.WAITING}'
    WHEN t.state IS NOT NULL THEN '{Standing.FAILED}'
    WHEN r.audio_deleted_at IS NOT NULL THEN '{Standing.WITHOUT_SOUND}'
    WHEN NOT EXISTS (SELECT 1 FROM tasks d WHERE d.recording_id = r.id AND d.state = 'done')
        THEN '{Standing.NEVER_JUDGED}'
    ELSE '{Standing.OPEN}' END"""
_WANTED = """
    FROM recordings r
    LEFT JOIN tasks t ON t.recording_id = r.id AND t.release = :release AND t.purpose = :purpose
    WHERE (CAST(:venue AS uuid) IS NULL OR r.venue_id = :venue)
      AND (CAST(:song AS text) IS NULL OR r.song_id IN (SELECT id FROM songs WHERE ref = :song))
      AND (CAST(:since AS timestamptz) IS NULL OR r.received_at >= :since)
      AND (cardinality(CAST(:ids AS uuid[])) = 0 OR r.id = ANY(:ids))
"""
_CENSUS = text(f"SELECT {_STANDING} AS standing, count(*) AS many {_WANTED} GROUP BY 1")
_VENUES = text(f"SELECT DISTINCT r.venue_id {_WANTED} ORDER BY 1")
_NEXT = text(f"""
    SELECT r.id {_WANTED} AND r.venue_id = :of AND {_STANDING} = '{Standing.OPEN}'
    ORDER BY r.id DESC LIMIT :limit FOR KEY SHARE OF r SKIP LOCKED
""")


def census(connection: Connection, wanted: Wanted) -> Mapping[Standing, int]:
    """How many of the recordings stand where."""
    found = {Standing(row.standing): row.many for row in connection.execute(_CENSUS, _values(wanted))}
    return {standing: found.get(standing, 0) for standing in Standing}


def venues_of(connection: Connection, wanted: Wanted) -> list[UUID]:
    return list(connection.scalars(_VENUES, _values(wanted)))


def rescore_next(connection: Connection, wanted: Wanted, venue_id: UUID, *, limit: int) -> int:
    """Tasks for up to so many of the venue's newest recordings that can be judged; how many were made."""
    found = {**_values(wanted), "of": venue_id, "limit": min(limit, _AT_ONCE)}
    tasks = [
        {
            "id": uuid7(),
            "venue_id": venue_id,
            "recording_id": recording_id,
            "release": wanted.release.name,
            "worker_class": wanted.release.worker_class,
            "purpose": Purpose.JUDGE.value,
            "lane": Lane.BULK,
        }
        for recording_id in connection.scalars(_NEXT, found)
    ]
    if not tasks:
        return 0
    made = insert(Task).values(tasks).on_conflict_do_nothing()  # somebody may be at it beside us
    return len(connection.scalars(made.returning(Task.id)).all())


@dataclass(frozen=True)
class Patience:
    """How many seconds of work may wait before a venue hears that its recordings are too many, and all together."""

    venue_s: float
    total_s: float


def room(workload: Workload, wanted: Wanted, venue_id: UUID, patience: Patience) -> int:
    """How many tasks may be added so that new recordings find half of what waits at most taken by old ones."""
    left_s = min(
        patience.venue_s / 2 - workload.seconds(venue_id),
        patience.total_s / 2 - workload.seconds(),
    )
    return max(0, int(left_s * workload.rate(wanted.release.worker_class)))


def _values(wanted: Wanted) -> dict[str, object]:
    return {
        "release": wanted.release.name,
        "purpose": Purpose.JUDGE.value,
        "venue": wanted.venue_id,
        "song": wanted.song,
        "since": wanted.since,
        "ids": list(wanted.ids),
    }
