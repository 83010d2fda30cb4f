"""How much work waits, in seconds, from the counters in `backlog` and the rate that the workers really reach."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection, text

from vocalverse.records import Lane, WorkerClass

ASSUMED_TASK_S = 10.0  # until a worker has finished its first task


@dataclass(frozen=True)
class Waiting:
    """Ready tasks of one venue in one lane of one worker class."""

    worker_class: WorkerClass
    lane: Lane
    venue_id: UUID
    ready: int


@dataclass(frozen=True)
class Workload:
    waiting: tuple[Waiting, ...]
    per_second: Mapping[WorkerClass, float]
    live_workers: Mapping[WorkerClass, int] = field(default_factory=dict)

    def seconds(self, venue_id: UUID | None = None, *, more: int = 0) -> float:
        """Until all that waits (of one venue) is worked off, and as many more that came since; of the classes, the one
        that takes longest.
        """
        ready = dict.fromkeys(WorkerClass, 0) | {WorkerClass.CPU: more}
        for one in self.waiting:
            if venue_id in (None, one.venue_id):
                ready[one.worker_class] += one.ready
        return max(count / self.rate(worker_class) for worker_class, count in ready.items())

    def rate(self, worker_class: WorkerClass) -> float:
        return self.per_second.get(worker_class, 1 / ASSUMED_TASK_S)

    def task_s(self, worker_class: WorkerClass) -> float:
        """What one task takes one worker."""
        return max(1, self.live_workers.get(worker_class, 1)) / self.rate(worker_class)

    def wait_s(self, worker_class: WorkerClass, lane: Lane, *, position: int) -> float:
        """About how long until a task with so many of its own venue before it starts: venues take turns."""
        of_class = [one for one in self.waiting if one.worker_class is worker_class and one.ready > 0]
        venues = len({one.venue_id for one in of_class if one.lane is lane})
        ready = sum(one.ready for one in of_class if one.lane is lane)
        foremost = sum(one.ready for one in of_class if one.lane is Lane.LIVE) if lane is Lane.BULK else 0
        return (min(position * max(venues, 1), ready) + foremost) / self.rate(worker_class)


_WAITING = text("SELECT worker_class, lane, venue_id, ready FROM backlog WHERE ready > 0")

# Without a live worker: as if the one that was seen last came back alone.
_RATES = text("""
    SELECT worker_class, count(*) FILTER (WHERE live) AS live,
           coalesce(sum(1 / greatest(task_s, 0.001)) FILTER (WHERE live),
                    1 / greatest((array_agg(task_s ORDER BY seen_at DESC))[1], 0.001)) AS per_second
    FROM (SELECT worker_class, seen_at, coalesce(task_s, :assumed_s) AS task_s,
                 seen_at > now() - make_interval(secs => :silent_s) AS live FROM workers) w
    GROUP BY worker_class
""")


def read_workload(connection: Connection, *, worker_silent_s: float) -> Workload:
    rates = connection.execute(_RATES, {"assumed_s": ASSUMED_TASK_S, "silent_s": worker_silent_s}).all()
    return Workload(
        waiting=tuple(
            Waiting(WorkerClass(row.worker_class), Lane(row.lane), row.venue_id, row.ready)
            for row in connection.execute(_WAITING)
        ),
        per_second={WorkerClass(row.worker_class): row.per_second for row in rates},
        live_workers={WorkerClass(row.worker_class): row.live for row in rates},
    )
