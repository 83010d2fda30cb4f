"""The counters of what waits, held against the tasks themselves."""

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Miscount:
    """One counter that does not say what is there."""

    venue: str
    worker_class: str
    lane: str
    counted: int
    there: int


_COUNT = """
    SELECT v.slug AS venue, k.worker_class::text, k.lane::text,
           coalesce(b.ready, 0) AS counted, coalesce(t.ready, 0) AS there
    FROM (SELECT worker_class, lane, venue_id, count(*) AS ready FROM tasks WHERE state = 'ready' GROUP BY 1, 2, 3) t
    FULL JOIN backlog b USING (worker_class, lane, venue_id)
    CROSS JOIN LATERAL (SELECT worker_class, lane, venue_id) k
    JOIN venues v ON v.id = k.venue_id
    WHERE coalesce(b.ready, 0) <> coalesce(t.ready, 0)
    ORDER BY 1, 2, 3
"""

_REPAIR = """
    INSERT INTO backlog AS b (worker_class, lane, venue_id, ready)
    SELECT k.worker_class, k.lane, k.venue_id, coalesce(t.ready, 0)
    FROM (SELECT worker_class, lane, venue_id, count(*) AS ready FROM tasks WHERE state = 'ready' GROUP BY 1, 2, 3) t
    FULL JOIN backlog o USING (worker_class, lane, venue_id)
    CROSS JOIN LATERAL (SELECT worker_class, lane, venue_id) k
    WHERE coalesce(o.ready, 0) <> coalesce(t.ready, 0)
    ON CONFLICT (worker_class, lane, venue_id) DO UPDATE SET ready = excluded.ready
"""


def miscounts(connection: Connection) -> list[Miscount]:
    return [Miscount(**row) for row in connection.execute(text(_COUNT)).mappings()]


def repair(connection: Connection) -> None:
    """Count again, while no task can move. Readers go on; who writes waits for the end of the transaction."""
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    connection.execute(text("LOCK TABLE tasks IN SHARE ROW EXCLUSIVE MODE"))
    connection.execute(text(_REPAIR))
