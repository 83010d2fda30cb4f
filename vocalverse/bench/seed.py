"""Rows by the hundred thousand, made inside Postgres."""

from uuid import UUID

from sqlalchemy import Connection, text

from vocalverse.store.releases import ACTIVE

_VENUES = text("""
    INSERT INTO venues (id, slug, name)
    SELECT gen_random_uuid(), 'bench-' || i, 'Bench ' || i FROM generate_series(1, :venues) i
    ON CONFLICT (slug) DO NOTHING
""")

# Ids that sort by time, as those of real recordings do: half of uuidv7 in SQL, for a Postgres older than 18 too.
_RECORDINGS = text("""
    INSERT INTO recordings (id, venue_id, key_shift, consent_keep_audio, consent_training, consent_share, size_bytes,
                            sha256)
    SELECT CAST(lpad(to_hex(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
                || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15) AS uuid),
           v.id, 0, true, false, false, 8, decode(repeat('00', 32), 'hex')
    FROM generate_series(1, :count) i
    JOIN (SELECT id, row_number() OVER () - 1 AS k, count(*) OVER () AS n FROM venues WHERE slug LIKE 'bench-%') v
      ON v.k = i % v.n
    RETURNING venue_id, id
""")

_TASKS = text(f"""
    INSERT INTO tasks (id, venue_id, recording_id, release, purpose, worker_class, lane, state, attempts)
    SELECT gen_random_uuid(), venue_id, id, {ACTIVE}, 'judge', 'cpu', 'bulk', 'ready', 0 FROM recordings r
    WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.recording_id = r.id)
""")

_WORKERS = text("""
    INSERT INTO workers (name, worker_class, host, version, tasks_done, task_s, seen_at)
    SELECT 'bench-' || i, 'cpu', 'bench', '0', 0, :task_s, now() + interval '1 day' FROM generate_series(1, :count) i
    ON CONFLICT (name) DO UPDATE SET task_s = excluded.task_s
""")


def add_venues(connection: Connection, venues: int) -> None:
    connection.execute(_VENUES, {"venues": venues})


def add_recordings(connection: Connection, count: int) -> list[tuple[UUID, UUID]]:
    """Recordings of the bench's venues in turn: (venue, recording)."""
    add_venues(connection, 8)
    return [(row.venue_id, row.id) for row in connection.execute(_RECORDINGS, {"count": count})]


def add_backlog(connection: Connection, count: int, *, venues: int) -> None:
    """As many more tasks that are ready, spread over the venues."""
    add_venues(connection, venues)
    connection.execute(_RECORDINGS, {"count": count}).close()
    add_tasks(connection)


def add_tasks(connection: Connection) -> None:
    """A ready task for every recording that has none, to be judged by what is active."""
    connection.execute(_TASKS)


def add_workers(connection: Connection, count: int, *, task_s: float) -> None:
    connection.execute(_WORKERS, {"count": count, "task_s": task_s})
