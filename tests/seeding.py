"""Venues, recordings, tasks and workers as rows, for tests that begin in the middle."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, insert, text

from vocalverse.ids import uuid7
from vocalverse.records import Lane, WorkerClass
from vocalverse.store.tables import Recording, Task, Venue


def add_venue(connection: Connection) -> UUID:
    venue_id = uuid7()
    connection.execute(insert(Venue).values(id=venue_id, slug=f"v{venue_id.hex}", name="A venue"))
    return venue_id


def add_tasks(
    connection: Connection,
    venue_id: UUID,
    count: int,
    *,
    lane: Lane = Lane.BULK,
    deadline_s: float | None = None,
    keep_audio: bool = True,
) -> list[UUID]:
    """As many recordings of the venue, each with a task that is ready."""
    recordings = [
        {"id": uuid7(), "venue_id": venue_id, "size_bytes": 1, "sha256": bytes(32), "consent_keep_audio": keep_audio}
        for _ in range(count)
    ]
    connection.execute(insert(Recording), recordings)
    tasks = [
        {"id": uuid7(), "venue_id": venue_id, "recording_id": one["id"], "release": "none", "lane": lane}
        for one in recordings
    ]
    connection.execute(insert(Task), tasks)
    ids = [task["id"] for task in tasks]
    if deadline_s is not None:
        connection.execute(
            text("UPDATE tasks SET deadline_at = now() + make_interval(secs => :in) WHERE id = ANY(:ids)"),
            {"in": deadline_s, "ids": ids},
        )
    return ids  # type: ignore[return-value]


def add_worker(
    connection: Connection,
    *,
    task_s: float | None = None,
    worker_class: WorkerClass = WorkerClass.CPU,
    releases: Sequence[str] = (),
) -> None:
    """A live worker that takes so long for a task, and has the releases with these digests."""
    connection.execute(
        text(
            "INSERT INTO workers (name, worker_class, host, version, tasks_done, task_s, seen_at, releases) VALUES"
            " (:name, CAST(:class AS worker_class), 'here', '0', 0, :task_s, now() + interval '1 day', :releases)"
        ),
        {"name": uuid7().hex, "class": worker_class.value, "task_s": task_s, "releases": list(releases)},
    )
