"""One round of the dispatcher: a single transaction, so that leadership cannot be lost in the middle of it.

The statements are SQL as Postgres reads it: their plans are what keeps a round short with a million tasks waiting.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from vocalverse.records import Lane, WorkerClass

LEADER_KEY = 0x766F6361_6C01

_LEAD = text("SELECT pg_try_advisory_xact_lock(:key)")

# A delivery that was lost costs nothing; a start that was lost counts, and the last one is the end. While Postgres
# has been up for less than a run lease, nobody could have renewed: running tasks get that time first.
_REAP = text("""
    UPDATE tasks SET
        state = CASE WHEN state = 'running' AND attempts >= :max_starts THEN 'dead' ELSE 'ready' END::task_state,
        reason = CASE state WHEN 'running' THEN 'worker_lost' ELSE 'delivery_lost' END,
        message = NULL,
        not_before = CASE state WHEN 'running'
            THEN now() + make_interval(secs => least(3600, :backoff_s * 2 ^ greatest(0, attempts - 1)))
            ELSE not_before END,
        finished_at = CASE WHEN state = 'running' AND attempts >= :max_starts THEN now() END,
        fence = NULL, lease_until = NULL, stage = NULL, fraction = NULL
    WHERE id IN (
        SELECT id FROM tasks
        WHERE state IN ('leased', 'running') AND lease_until < now()
          AND (state = 'leased' OR (
              :reap_running AND now() > pg_postmaster_start_time() + make_interval(secs => :run_lease_s)))
        ORDER BY venue_id FOR UPDATE SKIP LOCKED)
""")

_EXPIRE = text("""
    UPDATE tasks SET state = 'expired', reason = 'deadline_passed', message = NULL, finished_at = now(),
        fence = NULL, lease_until = NULL
    WHERE id IN (
        SELECT id FROM tasks
        WHERE state IN ('ready', 'leased') AND deadline_at IS NOT NULL AND deadline_at <= now()
        ORDER BY deadline_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
""")

# A release without a digest is every worker's.
_WINDOWS = text("""
    SELECT w.worker_class, w.live, w.per_second, coalesce(f.live_lane, 0) AS live_lane, coalesce(f.total, 0) AS total,
           ARRAY(SELECT r.name FROM releases r WHERE r.digest IS NULL OR EXISTS (
               SELECT 1 FROM workers h WHERE h.worker_class = w.worker_class AND r.digest = ANY(h.releases)
                 AND h.seen_at > now() - make_interval(secs => :silent_s))) AS releases
    FROM (SELECT worker_class, count(*) AS live,
                 coalesce(sum(1 / greatest(task_s, 0.001)) FILTER (WHERE task_s IS NOT NULL), 0) AS per_second
          FROM workers WHERE seen_at > now() - make_interval(secs => :silent_s) GROUP BY worker_class) w
    LEFT JOIN (SELECT worker_class, count(*) FILTER (WHERE lane = 'live') AS live_lane, count(*) AS total
               FROM tasks WHERE state IN ('leased', 'running') GROUP BY worker_class) f USING (worker_class)
""")

# Venues offer their oldest tasks; those go first whose venue has the least in flight, then whose venue was served
# longest ago. A venue offers only its share of the free places: what that leaves free, the next round gives away.
# Asking the venues in that order, the inner limit ends the asking once nobody behind could still win: a round reads
# about twice as many tasks as it hands out, however many wait. What no live worker has the release for is passed over.
_SERVE = text("""
    WITH waiting AS MATERIALIZED (
        SELECT b.venue_id, b.served_at, coalesce(f.in_flight, 0) AS in_flight
        FROM backlog b
        LEFT JOIN (SELECT venue_id, count(*) AS in_flight FROM tasks
                   WHERE state IN ('leased', 'running') AND worker_class = CAST(:class AS worker_class)
                   GROUP BY venue_id) f USING (venue_id)
        WHERE b.worker_class = CAST(:class AS worker_class) AND b.lane = CAST(:lane AS lane) AND b.ready > 0
    ), offered AS MATERIALIZED (
        SELECT head.id, w.in_flight + head.rank AS turn, w.served_at
        FROM (SELECT * FROM waiting ORDER BY in_flight, served_at NULLS FIRST, venue_id) w CROSS JOIN LATERAL (
            SELECT ready.id, row_number() OVER (ORDER BY ready.not_before, ready.id) AS rank
            FROM (SELECT t.id, t.not_before FROM tasks t
                  WHERE t.state = 'ready' AND t.worker_class = CAST(:class AS worker_class)
                    AND t.lane = CAST(:lane AS lane) AND t.venue_id = w.venue_id AND t.not_before <= now()
                    AND t.release = ANY(:releases)
                  ORDER BY t.not_before, t.id
                  LIMIT (SELECT greatest(1, ceil(CAST(:free AS numeric) / count(*)))::bigint FROM waiting)) ready
        ) head
        LIMIT 2 * :free
    ), chosen AS MATERIALIZED (
        SELECT id, turn, served_at FROM offered ORDER BY turn, served_at NULLS FIRST, id LIMIT :free
    ), served AS (
        UPDATE tasks t SET state = 'leased', fence = gen_random_uuid(), stage = NULL, fraction = NULL,
            lease_until = now() + make_interval(secs => :dispatch_lease_s)
        FROM chosen WHERE t.id = chosen.id AND t.state = 'ready'
        RETURNING t.id, t.fence, t.venue_id, chosen.turn, chosen.served_at
    ), turns AS (
        UPDATE backlog b SET served_at = clock_timestamp()
        WHERE b.worker_class = CAST(:class AS worker_class) AND b.lane = CAST(:lane AS lane)
          AND b.venue_id IN (SELECT venue_id FROM served)
    )
    SELECT id, fence FROM served ORDER BY turn, served_at NULLS FIRST, id
""")


@dataclass(frozen=True)
class RoundOptions:
    """Lease lengths and limits; the defaults are `settings.Settings`'."""

    dispatch_lease_s: float
    run_lease_s: float
    worker_silent_s: float
    max_starts: int
    retry_backoff_s: float
    window_s: float = 1.0  # how much work is handed out ahead of the workers


@dataclass(frozen=True)
class Delivery:
    """One task on its way to a worker. Only ids travel."""

    task_id: UUID
    fence: UUID
    worker_class: WorkerClass
    lane: Lane


@dataclass(frozen=True)
class Round:
    led: bool
    deliveries: Sequence[Delivery] = ()


@dataclass(frozen=True)
class _Window:
    worker_class: WorkerClass
    size: int
    live_in_flight: int
    in_flight: int
    releases: Sequence[str]  # that somebody there can judge by


def play_round(connection: Connection, options: RoundOptions, *, reap_running: bool) -> Round:
    """Take back what was lost, end what came too late, and lease what the workers have room for."""
    if not connection.scalar(_LEAD, {"key": LEADER_KEY}):
        return Round(led=False)
    reaping = {
        "max_starts": options.max_starts,
        "backoff_s": options.retry_backoff_s,
        "run_lease_s": options.run_lease_s,
        "reap_running": reap_running,
    }
    connection.execute(_REAP, reaping)
    connection.execute(_EXPIRE)
    deliveries = [one for window in _windows(connection, options) for one in _fill(connection, window, options)]
    return Round(led=True, deliveries=deliveries)


def _windows(connection: Connection, options: RoundOptions) -> list[_Window]:
    """How much each class of live workers may have in flight; a class without a live worker has no window."""
    return [
        _Window(
            WorkerClass(row.worker_class),
            max(row.live, math.ceil(row.per_second * options.window_s)),
            row.live_lane,
            row.total,
            row.releases,
        )
        for row in connection.execute(_WINDOWS, {"silent_s": options.worker_silent_s})
    ]


def _fill(connection: Connection, window: _Window, options: RoundOptions) -> list[Delivery]:
    """Live tasks see only each other in the window, so that a window full of bulk work never keeps them waiting."""
    live = _serve(connection, window, Lane.LIVE, window.size - window.live_in_flight, options)
    bulk = _serve(connection, window, Lane.BULK, window.size - window.in_flight - len(live), options)
    return live + bulk


def _serve(connection: Connection, window: _Window, lane: Lane, free: int, options: RoundOptions) -> list[Delivery]:
    if free <= 0:
        return []
    found = connection.execute(
        _SERVE,
        {
            "class": window.worker_class.value,
            "lane": lane.value,
            "free": free,
            "releases": list(window.releases),
            "dispatch_lease_s": options.dispatch_lease_s,
        },
    )
    return [Delivery(row.id, row.fence, window.worker_class, lane) for row in found]


_TAKE_BACK = text("""
    UPDATE tasks SET state = 'ready', reason = 'delivery_failed', fence = NULL, lease_until = NULL
    WHERE state = 'leased' AND fence = ANY(:fences)
""")


def take_back(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Redis did not take these: make them ready at once. Should it have taken them after all, their fence is stale."""
    connection.execute(_TAKE_BACK, {"fences": [delivery.fence for delivery in deliveries]})
