"""Postgres: there, at this version, on time, and with those at work who should be."""

from collections.abc import Iterator
from datetime import UTC, datetime

from vocalverse.cli.checks import Finding, bad, good, note
from vocalverse.cli.database import operating
from vocalverse.errors import VocalVerseError
from vocalverse.settings import Settings

_OLDEST = 15  # NULLS NOT DISTINCT and security_invoker
_CLOCK_S = 2.0
_DISPATCHER_S = 5.0
_MANY = 10_000

_FACTS = """
    SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
           clock_timestamp() AS clock, current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages
"""

# When another login's session last did something is not told to everybody: then it is enough that it is there.
_DISPATCHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'dispatcher'
      AND coalesce(state_change > now() - make_interval(secs => :recently_s), true)
"""

_WORKERS = """
    SELECT worker_class::text AS kind, count(*) AS live FROM workers
    WHERE seen_at > now() - make_interval(secs => :silent_s) GROUP BY 1 ORDER BY 1
"""

_DEAD = f"SELECT count(*) FROM (SELECT 1 FROM tasks WHERE state = 'dead' LIMIT {_MANY}) dead"


def check_postgres(settings: Settings) -> Iterator[Finding]:
    try:
        yield from _server(settings)
        yield from _tables(settings)
        yield from _people(settings)
        yield from _releases(settings)
    except VocalVerseError as away:
        yield bad("Postgres", str(away), "start it, then ask the doctor again")


def _server(settings: Settings) -> Iterator[Finding]:
    from sqlalchemy import text

    with operating(settings) as connection:
        before = datetime.now(UTC)
        facts = connection.execute(text(_FACTS)).one()
        ours = before + (datetime.now(UTC) - before) / 2
    if facts.major < _OLDEST:
        yield bad("Postgres", facts.version, f"move to Postgres {_OLDEST} or newer")
    elif "off" in (facts.fsync, facts.pages):
        yield bad(
            "Postgres", f"{facts.version}, fsync off", "set fsync and full_page_writes on: a crash loses recordings"
        )
    else:
        yield good("Postgres", facts.version)
    ahead_s = (ours - facts.clock).total_seconds()
    if abs(ahead_s) > _CLOCK_S:
        todo = "set this machine's clock by NTP: leases are counted by Postgres, but people compare times"
        yield note("clock", f"{ahead_s:+.1f} s against Postgres", todo)
    else:
        yield good("clock", f"{ahead_s:+.2f} s against Postgres")


def _tables(settings: Settings) -> Iterator[Finding]:
    from vocalverse.store.migrate import drift
    from vocalverse.store.roles import roles_exist

    with operating(settings) as connection:
        differences = drift(connection)
        apart = roles_exist(connection)
    if differences:
        yield bad("tables", differences[0], "`vocalverse db upgrade`, then `vocalverse db check`")
    else:
        yield good("tables", "at this version")
    if apart:
        yield good("roles", "all four are there")
    else:
        todo = "give its login CREATEROLE and run `vocalverse db upgrade` for reporting logins"
        yield note("roles", "every part works under one login", todo)


def _people(settings: Settings) -> Iterator[Finding]:
    from sqlalchemy import text

    with operating(settings) as connection:
        dispatchers = connection.scalar(text(_DISPATCHERS), {"recently_s": _DISPATCHER_S}) or 0
        live = connection.execute(text(_WORKERS), {"silent_s": settings.worker_silent_s}).all()
        dead = connection.scalar(text(_DEAD)) or 0
    if dispatchers:
        yield good("dispatcher", f"{dispatchers} at work")
    else:
        yield bad("dispatcher", f"none seen for {_DISPATCHER_S:.0f} s", "start one: `vocalverse dispatch`")
    if live:
        yield good("workers", ", ".join(f"{row.live} {row.kind}" for row in live))
    else:
        yield bad("workers", f"none seen for {settings.worker_silent_s:.0f} s", "start some: `vocalverse work`")
    if dead:
        todo = (
            "`vocalverse recordings list --state dead` says why, `vocalverse recordings requeue --dead` puts them back"
        )
        yield note("dead tasks", str(dead) if dead < _MANY else f"{_MANY} or more", todo)


def _releases(settings: Settings) -> Iterator[Finding]:
    """What judges, and whether those at work can judge by it."""
    from vocalverse.store.releases import list_refusals, list_registered

    with operating(settings) as connection:
        (active, *_) = list_registered(connection, worker_silent_s=settings.worker_silent_s)
        refusals = list_refusals(connection, worker_silent_s=settings.worker_silent_s)
    said = f"{active.name}, on {active.holders} of {active.workers} {active.worker_class} workers at work"
    todo = (
        f"on every worker's machine: `vocalverse releases verify {active.name}`, and install it where it is not sound"
    )
    if active.digest is None:
        yield good("release", f"{active.name}: what is sung is measured, and not scored")
    elif not active.workers:
        yield bad(
            "release", f"{active.name}, and no {active.worker_class} worker is at work", "start some: `vocalverse work`"
        )
    elif active.holders == active.workers:
        yield good("release", said)
    elif active.holders:
        yield note("release", said, todo)
    else:
        yield bad("release", f"{said}: recordings wait", todo)
    for refusal in refusals:
        yield note("release", f"{refusal.release} is refused by {refusal.worker}: {refusal.why}")
