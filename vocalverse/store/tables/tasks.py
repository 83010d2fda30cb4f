"""Judging as work: tasks, the moves they may make, what happened to them, and who works on them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from vocalverse.records import Lane, Purpose, TaskState, WorkerClass
from vocalverse.store.tables.base import Base, Key, Now, enum

task_state = enum(TaskState, "task_state")
lane = enum(Lane, "lane")
worker_class = enum(WorkerClass, "worker_class")

IN_FLIGHT = text("state IN ('leased', 'running')")
READY = text("state = 'ready'")


class Release(Base):
    """What judges: an immutable, content-addressed folder. `none` measures and gives no score."""

    __tablename__ = "releases"

    name: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str | None]  # of the folder; None: of `none`, which every worker has
    created_at: Mapped[Now]
    active_since: Mapped[datetime | None]  # the newest is what new recordings are judged by
    manifest: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    worker_class: Mapped[WorkerClass] = mapped_column(worker_class, server_default=text("'cpu'"))


class Task(Base):
    """One judging of one recording.

    The dispatcher reads each venue's head from `tasks_ready_idx`, oldest `not_before` first; what is in flight is
    few, so one small index serves counting and reaping alike.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("recording_id", "release", "purpose"),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("fence IS NOT NULL OR state NOT IN ('leased', 'running')", name="fenced"),
        Index("tasks_ready_idx", "worker_class", "lane", "venue_id", "not_before", "id", postgresql_where=READY),
        Index("tasks_in_flight_idx", "worker_class", "lane", "venue_id", "lease_until", postgresql_where=IN_FLIGHT),
        Index(
            "tasks_deadline_idx",
            "deadline_at",
            postgresql_where=text("state IN ('ready', 'leased') AND deadline_at IS NOT NULL"),
        ),
        Index("tasks_venue_id_id_idx", "venue_id", "id"),
        Index("tasks_failed_idx", "state", "id", postgresql_where=text("state IN ('dead', 'rejected', 'expired')")),
        {"postgresql_with": {"fillfactor": "80", "autovacuum_vacuum_scale_factor": "0.02"}},
    )

    id: Mapped[Key]
    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venues.id"))
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"))
    release: Mapped[str] = mapped_column(ForeignKey("releases.name"))
    purpose: Mapped[str] = mapped_column(default=Purpose.JUDGE.value)
    worker_class: Mapped[WorkerClass] = mapped_column(worker_class, default=WorkerClass.CPU)
    lane: Mapped[Lane] = mapped_column(lane, default=Lane.BULK)
    state: Mapped[TaskState] = mapped_column(task_state, default=TaskState.READY)
    created_at: Mapped[Now]
    not_before: Mapped[Now]  # when it may be dispatched: its creation, or the end of a backoff
    deadline_at: Mapped[datetime | None]
    fence: Mapped[UUID | None]  # of the newest dispatch; who holds another is stale
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)  # starts, not deliveries
    worker: Mapped[str | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    stage: Mapped[str | None]
    fraction: Mapped[float | None]
    reason: Mapped[str | None]  # the code of the last failure
    message: Mapped[str | None]


class TaskTransition(Base):
    """`records.LEGAL_TRANSITIONS`, where a trigger holds it."""

    __tablename__ = "task_transitions"

    from_state: Mapped[TaskState] = mapped_column(task_state, primary_key=True)
    to_state: Mapped[TaskState] = mapped_column(task_state, primary_key=True)


class Event(Base):
    """Every move of every task, written by a trigger in the transaction that made the move."""

    __tablename__ = "events"
    __table_args__ = (Index("events_recording_id_id_idx", "recording_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[Now]
    task_id: Mapped[UUID]
    recording_id: Mapped[UUID]
    venue_id: Mapped[UUID]
    from_state: Mapped[TaskState | None] = mapped_column(task_state)
    to_state: Mapped[TaskState] = mapped_column(task_state)
    fence: Mapped[UUID | None]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str | None]
    actor: Mapped[str]  # the connection's application_name


class Backlog(Base):
    """How many tasks each venue has ready, kept by the trigger: counting a million rows would be too slow."""

    __tablename__ = "backlog"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    worker_class: Mapped[WorkerClass] = mapped_column(worker_class, primary_key=True)
    lane: Mapped[Lane] = mapped_column(lane, primary_key=True)
    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venues.id"), primary_key=True)
    ready: Mapped[int] = mapped_column(BigInteger, default=0)
    served_at: Mapped[datetime | None]


class Worker(Base):
    """Who works: one row a process, renewed while it lives."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    worker_class: Mapped[WorkerClass] = mapped_column(worker_class)
    host: Mapped[str]
    version: Mapped[str]
    started_at: Mapped[Now]
    seen_at: Mapped[Now]
    tasks_done: Mapped[int] = mapped_column(BigInteger, default=0)
    task_s: Mapped[float | None]  # a running mean of what one task takes
    releases: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))  # digests of those it has found sound
    refused: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'")
    )  # releases by name, each with what is wrong
