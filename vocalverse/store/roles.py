"""Who may do what in Postgres: four roles, each with the least grants, and rows kept apart by venue.

`vv_owner` owns the tables and cannot log in. `vv_ingest` is the gateway, `vv_worker` the dispatcher and the workers.
`vv_report` only reads: a login of its own for every reader, and only the venues that `report_access` gives it.
Roles belong to the whole server, not to one database, so they are declared here and not in a migration. On a server
whose administrator lets us make no roles, all runs under one login and reporting by role is not to be had.
"""

from collections.abc import Mapping
from uuid import UUID

from psycopg import sql
from sqlalchemy import Connection, text

from vocalverse.errors import BadInput, BadSettings
from vocalverse.store.connect import owner_engine

OWNER, INGEST, WORKER, REPORT = "vv_owner", "vv_ingest", "vv_worker", "vv_report"
ROLES = (OWNER, INGEST, WORKER, REPORT)

_READ, _ALL = "SELECT", "SELECT, INSERT, UPDATE, DELETE"
_ADD, _KEEP = "SELECT, INSERT", "SELECT, INSERT, UPDATE"

# Events and backlog have no writer here: the trigger that keeps them runs as their owner.
_GRANTS: Mapping[str, Mapping[str, str]] = {
    INGEST: {
        "venues": _READ,
        "api_keys": _READ,
        "rooms": _KEEP,
        "machines": _KEEP,
        "songs": _KEEP,
        "uploads": _ALL,
        "recordings": _ALL,
        "tasks": _ALL,
        "releases": _READ,
        "assessments": "SELECT, DELETE",
        "findings": _READ,
        "scores": _READ,
        "measures": _READ,
        "notes": _READ,
        "phrases": _READ,
        "measured": _READ,
        "evidence": _READ,
        "feedback": _READ,
        "purges": _KEEP,
        "audit": "INSERT",
        "backlog": _READ,
        "workers": _READ,
        "events": _READ,
        "htpr_sessions": _READ,
        "htpr_triples": _READ,
        "htpr_takes": _READ,
        "htpr_listeners": _ADD,
        "htpr_answers": _ADD,
    },
    WORKER: {
        "venues": _READ,
        "songs": _READ,
        "song_backings": _READ,
        "song_references": _READ,
        "recordings": "SELECT, UPDATE",
        "tasks": "SELECT, UPDATE",
        "releases": _READ,
        "assessments": _ADD,
        "findings": _ADD,
        "scores": _ADD,
        "measures": _ADD,
        "notes": _ADD,
        "phrases": _ADD,
        "measured": _ADD,
        "evidence": _ADD,
        "feedback": _ADD,
        "purges": "SELECT, UPDATE",
        "backlog": "SELECT, UPDATE",  # its `served_at` only, see below
        "workers": _ALL,
        "events": _READ,
    },
    REPORT: {
        "venues": "SELECT (id, slug, name)",
        "rooms": "SELECT (id, venue_id, name)",
        "machines": "SELECT (id, venue_id, room_id, name, seen_at, agent_version)",
        "songs": "SELECT (id, venue_id, ref, title, artist, language)",
        "recordings": (
            "SELECT (id, venue_id, room_id, machine_id, song_id, key_shift, consent_keep_audio, consent_training,"
            " consent_share, received_at, client_latency_ms, microphone_model, size_bytes)"
        ),
        "tasks": (
            "SELECT (id, venue_id, recording_id, release, purpose, worker_class, lane, state, created_at, attempts,"
            " started_at, finished_at, reason)"
        ),
        "assessments": _READ,
        "findings": _READ,
        "scores": _READ,
        "measures": _READ,
        "notes": _READ,
        "phrases": _READ,
        "measured": _READ,
        "evidence": _READ,
        "feedback": _READ,
        "report_access": _READ,
        "report_recordings": _READ,
        "report_microphones": _READ,
    },
}

_MINE = "venue_id IN (SELECT a.venue_id FROM report_access a WHERE a.role_name = session_user)"
_OF_MINE = "EXISTS (SELECT 1 FROM assessments a WHERE a.id = assessment_id)"  # itself under row security
_ROW_SECURITY: Mapping[str, str] = {
    "venues": "id IN (SELECT a.venue_id FROM report_access a WHERE a.role_name = session_user)",
    "rooms": _MINE,
    "machines": _MINE,
    "songs": f"venue_id IS NULL OR {_MINE}",
    "recordings": _MINE,
    "tasks": _MINE,
    "assessments": _MINE,
    "findings": _OF_MINE,
    "scores": _OF_MINE,
    "measures": _OF_MINE,
    "notes": _OF_MINE,
    "phrases": _OF_MINE,
    "measured": _OF_MINE,
    "evidence": _OF_MINE,
    "feedback": _OF_MINE,
    "report_access": "role_name = session_user",
}


def roles_exist(connection: Connection) -> bool:
    found = connection.scalar(text("SELECT count(*) FROM pg_roles WHERE rolname = ANY(:names)"), {"names": list(ROLES)})
    return bool(found == len(ROLES))


def ensure_roles(connection: Connection) -> bool:
    """Make the four roles where they are missing; false where this login may not."""
    may = connection.scalar(text("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user"))
    if may:
        existing = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
        for role in ROLES:
            if role not in existing:
                connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))
        connection.execute(text(f"GRANT {OWNER} TO CURRENT_USER"))
        connection.execute(text(f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}"))
        _hand_over(connection)
    connection.commit()
    return roles_exist(connection)


# What this login made while it might make no roles. A sequence of a table goes along with it.
_OURS_ALONE = text("""
    SELECT format('ALTER %s %s OWNER TO ', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, oid::regclass)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
      AND relowner = CAST(current_user AS regrole)
    UNION ALL SELECT format('ALTER TYPE %s OWNER TO ', oid::regtype) FROM pg_type
    WHERE typnamespace = 'public'::regnamespace AND typtype = 'e' AND typowner = CAST(current_user AS regrole)
    UNION ALL SELECT format('ALTER FUNCTION %s OWNER TO ', oid::regprocedure) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proowner = CAST(current_user AS regrole)
""")


def _hand_over(connection: Connection) -> None:
    """Give to `vv_owner` what was migrated before there were roles: only its owner may grant on it."""
    if connection.scalar(text("SELECT to_regclass('public.alembic_version') IS NOT NULL")):
        for statement in connection.scalars(_OURS_ALONE).all():
            connection.execute(text(statement + OWNER))


def become_owner(connection: Connection) -> None:
    """Own what is made from here on as `vv_owner`, where that role is there and ours to take."""
    if connection.scalar(
        text("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = :owner AND pg_has_role(oid, 'MEMBER'))"),
        {"owner": OWNER},
    ):
        connection.execute(text(f"SET ROLE {OWNER}"))
    connection.commit()


def grant(connection: Connection) -> None:
    """Give every role exactly what the tables above say, and hold the rows apart. May be run again at any time."""
    if not roles_exist(connection):
        return
    connection.execute(text("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC"))
    for role, tables in _GRANTS.items():
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
        connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"))
        for table, rights in tables.items():
            connection.execute(text(f"GRANT {rights} ON {table} TO {role}"))
    connection.execute(text(f"REVOKE UPDATE ON backlog FROM {WORKER}"))
    connection.execute(text(f"GRANT UPDATE (served_at) ON backlog TO {WORKER}"))
    for table, mine in _ROW_SECURITY.items():
        _hold_rows_apart(connection, table, mine)
    connection.commit()


def _hold_rows_apart(connection: Connection, table: str, mine: str) -> None:
    for statement in (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS service ON {table}",
        f"DROP POLICY IF EXISTS report ON {table}",
        f"CREATE POLICY service ON {table} TO {OWNER}, {INGEST}, {WORKER} USING (true) WITH CHECK (true)",
        f"CREATE POLICY report ON {table} FOR SELECT TO {REPORT} USING ({mine})",
    ):
        connection.execute(text(statement))


def ungrant(connection: Connection) -> None:
    """Let go of the rows, so that their tables may be taken away."""
    for table in connection.scalars(
        text("SELECT DISTINCT tablename FROM pg_policies WHERE schemaname = 'public'")
    ).all():
        for policy in ("service", "report"):
            connection.execute(text(f"DROP POLICY IF EXISTS {policy} ON {table}"))
        connection.execute(text(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY"))
    connection.commit()


def ensure_logins(url: str, passwords: Mapping[str, str]) -> None:
    """Let the named roles log in with these passwords."""
    engine = owner_engine(url)
    with engine.begin() as connection:
        for role, password in passwords.items():
            _set_login(connection, role, password)
    engine.dispose()


def add_reporter(connection: Connection, *, role: str, password: str, venue_ids: list[UUID]) -> None:
    """A login that may read the reports of these venues and nothing else."""
    if not role.replace("_", "").isalnum() or not role.startswith("vv_report_"):
        raise BadInput(f"A reporting login is named vv_report_… in letters, digits and underscores, not {role!r}.")
    if not roles_exist(connection):
        raise BadSettings("This Postgres has none of our roles: ask its administrator for a login with CREATEROLE.")
    if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}):
        connection.execute(text(f"CREATE ROLE {role} LOGIN IN ROLE {REPORT}"))
    _set_login(connection, role, password)
    connection.execute(text("DELETE FROM report_access WHERE role_name = :role"), {"role": role})
    for venue_id in venue_ids:
        connection.execute(
            text("INSERT INTO report_access (role_name, venue_id) VALUES (:role, :venue)"),
            {"role": role, "venue": venue_id},
        )


def _set_login(connection: Connection, role: str, password: str) -> None:
    statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
    connection.execute(text(statement.as_string().replace(":", r"\:")))
