"""What each login of Postgres may see and do, tried with the real logins."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, Engine, insert, text

from tests.seeding import add_tasks
from vocalverse.embedded.postgres import Postgres
from vocalverse.errors import BadInput, BadSettings, Conflict
from vocalverse.ids import uuid7
from vocalverse.records import Outcome
from vocalverse.store import migrate
from vocalverse.store.connect import libpq_url, owner_engine
from vocalverse.store.recordings import cancel_recording, delete_recording
from vocalverse.store.reporters import make_reporter
from vocalverse.store.roles import roles_exist
from vocalverse.store.tables import Assessment, Evidence, Feedback, Finding, Measured, Measures, Notes, Phrases, Score
from vocalverse.store.venues import ensure_machine, ensure_room, ensure_song, ensure_venue

MINE, OTHERS = "mine", "others"
GRANTED = {  # what a reporter may read, and the column that tells whose a row is
    "venues": "id",
    "rooms": "venue_id",
    "machines": "venue_id",
    "songs": "venue_id",
    "recordings": "venue_id",
    "tasks": "venue_id",
    "assessments": "venue_id",
    "report_access": "venue_id",
}
OF_ASSESSMENTS = ("findings", "scores", "measures", "notes", "phrases", "measured", "evidence", "feedback")
PHRASES = [column.name for column in Phrases.__table__.columns if column.name != "assessment_id"]
REFUSED = ("api_keys", "uploads", "events", "audit", "purges", "backlog", "workers", "releases", "task_transitions")


@dataclass(frozen=True)
class House:
    """A database with two venues, and the address of a reporter of the first."""

    database: Any
    reporter: str
    mine: UUID
    others: UUID


@pytest.fixture(scope="module")
def house(shared_database: Any) -> Iterator[House]:
    database = shared_database
    engine = owner_engine(database.owner)
    role = f"vv_report_{database.name}"
    with engine.begin() as connection:
        mine, others = (furnish(connection, slug) for slug in (MINE, OTHERS))
        reporter = make_reporter(connection, database.owner, role=role, slugs=[MINE], replace=False)
    yield House(database, reporter, mine, others)
    drop(engine, role)


@pytest.mark.parametrize(("table", "whose"), list(GRANTED.items()))
def test_a_reporter_sees_only_its_venues_in_every_table(house: House, table: str, whose: str) -> None:
    seen = rows(house.reporter, f"SELECT DISTINCT {whose} FROM {table} WHERE {whose} IS NOT NULL")
    assert seen == [(house.mine,)]
    assert len(rows(house.database.owner, f"SELECT DISTINCT {whose} FROM {table} WHERE {whose} IS NOT NULL")) == (
        1 if table == "report_access" else 2
    )


@pytest.mark.parametrize("table", OF_ASSESSMENTS)
def test_a_reporter_sees_only_its_venues_results(house: House, table: str) -> None:
    mine = rows(house.database.owner, f"SELECT id FROM assessments WHERE venue_id = '{house.mine}'")
    assert rows(house.reporter, f"SELECT DISTINCT assessment_id FROM {table}") == mine
    assert len(rows(house.database.owner, f"SELECT DISTINCT assessment_id FROM {table}")) == 2


def test_the_view_shows_a_reporter_its_venues_only(house: House) -> None:
    columns = "venue, song, outcome::text, reasons, (scores ->> 'pitch')::float, room, machine"
    assert rows(house.reporter, f"SELECT {columns} FROM report_recordings") == [
        (MINE, f"song of {MINE}", "unscored", ["no_release"], 7.5, "room", "machine")
    ]
    assert len(rows(house.database.owner, "SELECT venue FROM report_recordings")) == 2


def test_microphones_are_told_of_a_reporters_venues_only(house: House) -> None:
    assert rows(house.reporter, "SELECT venue, room, machine, takes FROM report_microphones") == [
        (MINE, "room", "machine", 1)
    ]
    assert len(rows(house.database.owner, "SELECT venue FROM report_microphones")) == 2


def test_a_song_that_is_everybodys_is_seen_by_every_reporter(house: House) -> None:
    with psycopg.connect(libpq_url(house.database.owner)) as connection:
        connection.execute("INSERT INTO songs (id, ref) VALUES (gen_random_uuid(), 'everybody''s')")
    assert ("everybody's",) in rows(house.reporter, "SELECT ref FROM songs")


@pytest.mark.parametrize("column", ["singer", "started_at", "sha256", "microphone_gain_db", "*"])
def test_what_is_personal_cannot_be_read_by_a_reporter(house: House, column: str) -> None:
    refused(house.reporter, f"SELECT {column} FROM recordings")


@pytest.mark.parametrize("table", REFUSED)
def test_a_reporter_reads_nothing_that_is_not_reporting(house: House, table: str) -> None:
    refused(house.reporter, f"SELECT 1 FROM {table}")


@pytest.mark.parametrize("table", [*GRANTED, *OF_ASSESSMENTS, *REFUSED])
def test_every_write_of_a_reporter_fails_whatever_it_sets(house: House, table: str) -> None:
    column = second_column(house.database.owner, table)
    for statement in (
        f"INSERT INTO {table} DEFAULT VALUES",
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"ALTER TABLE {table} ADD x int",
    ):
        refused(house.reporter, statement, first="SET default_transaction_read_only = off")


def test_the_view_takes_no_write(house: House) -> None:
    for statement in ("UPDATE report_recordings SET state = 'done'", "DELETE FROM report_recordings"):
        with psycopg.connect(house.reporter) as connection, pytest.raises(psycopg.Error):
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE vv_owner",
        "SET ROLE vv_ingest",
        "SET SESSION AUTHORIZATION vv_owner",
        "CREATE TABLE mine (x int)",
        "CREATE FUNCTION peep() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE recordings DISABLE ROW LEVEL SECURITY",
        "DROP POLICY report ON recordings",
        "GRANT vv_owner TO CURRENT_USER",
        "COPY recordings TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_a_reporter_cannot_become_more(house: House, statement: str) -> None:
    refused(house.reporter, statement)


def test_set_role_does_not_change_whose_rows_a_reporter_sees(house: House) -> None:
    """Row security asks for the login, so that taking the group's role opens nothing."""
    with psycopg.connect(house.reporter) as connection:
        connection.execute("SET ROLE vv_report")
        assert connection.execute("SELECT slug FROM venues").fetchall() == [(MINE,)]


def test_row_security_switched_off_is_an_error_and_no_way_around_it(house: House) -> None:
    refused(house.reporter, "SELECT 1 FROM recordings", first="SET row_security = off")


INGEST_MAY_NOT = (
    "INSERT INTO events (task_id, recording_id, venue_id, to_state, attempts, actor)"
    " VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'done', 0, 'forged')",
    "UPDATE events SET actor = 'forged'",
    "DELETE FROM events",
    "INSERT INTO releases (name) VALUES ('forged')",
    "UPDATE releases SET active_since = now()",
    "INSERT INTO api_keys (id, prefix, secret_sha256, label, scopes)"
    " VALUES (gen_random_uuid(), 'x', '', '', '{operator}')",
    "UPDATE api_keys SET scopes = '{operator}'",
    "DELETE FROM api_keys",
    "UPDATE backlog SET ready = 0",
    "INSERT INTO task_transitions VALUES ('done', 'ready')",
    "UPDATE venues SET disabled_at = NULL",
    "INSERT INTO report_access VALUES ('vv_ingest', gen_random_uuid())",
    "ALTER TABLE tasks DISABLE TRIGGER ALL",
    "SET ROLE vv_owner",
    "CREATE TABLE mine (x int)",
    "SET session_replication_role = replica",
)


@pytest.mark.parametrize(
    "statement",
    [
        *INGEST_MAY_NOT,
        "SELECT * FROM audit",
        "UPDATE audit SET actor = 'forged'",
        "DELETE FROM audit",
        "INSERT INTO scores VALUES (gen_random_uuid(), 'pitch', 10, 10, 10)",
        "INSERT INTO workers (name, worker_class, host, version, tasks_done) VALUES ('x', 'cpu', 'x', '0', 0)",
    ],
)
def test_the_gateway_cannot_touch_what_is_not_its_own(house: House, statement: str) -> None:
    refused(house.database.ingest, statement)


@pytest.mark.parametrize(
    "statement",
    [
        *INGEST_MAY_NOT,
        "SELECT * FROM api_keys",
        "SELECT * FROM audit",
        "DELETE FROM recordings",
        "INSERT INTO tasks (id) VALUES (gen_random_uuid())",
        "DELETE FROM tasks",
        "UPDATE assessments SET outcome = 'scored'",
        "DELETE FROM assessments",
        "UPDATE scores SET value = 10",
        "UPDATE uploads SET state = 'deleted'",
    ],
)
def test_a_worker_cannot_touch_what_is_not_its_own(house: House, statement: str) -> None:
    refused(house.database.worker, statement)


@pytest.mark.parametrize("end", [delete_recording, cancel_recording])
def test_the_gateway_cancels_and_deletes_under_its_own_login(house: House, end: Any) -> None:
    (recording_id,) = rows(house.database.owner, f"SELECT id FROM recordings WHERE venue_id = '{house.mine}'")[0]
    more = {"actor": "key x", "last_lease_s": 1.0} if end is delete_recording else {}
    engine = owner_engine(house.database.ingest, actor="gateway")
    with engine.connect() as connection, connection.begin() as transaction:
        end(connection, recording_id, venue_id=house.mine, **more)
        transaction.rollback()
    engine.dispose()


def test_a_worker_notes_whom_it_served_though_it_cannot_change_the_count(house: House) -> None:
    with psycopg.connect(libpq_url(house.database.worker)) as connection:
        connection.execute("UPDATE backlog SET served_at = now()")


def test_a_login_is_not_handed_from_one_venue_to_another_unasked(house: House) -> None:
    role = f"vv_report_{house.database.name}_b"
    engine = owner_engine(house.database.owner)
    with engine.begin() as connection:
        first = make_reporter(connection, house.database.owner, role=role, slugs=[MINE], replace=False)
    with pytest.raises(Conflict, match="--replace"), engine.begin() as connection:
        make_reporter(connection, house.database.owner, role=role, slugs=[OTHERS], replace=False)
    assert rows(first, "SELECT slug FROM venues") == [(MINE,)]
    with engine.begin() as connection:
        second = make_reporter(connection, house.database.owner, role=role, slugs=[OTHERS], replace=True)
    assert rows(second, "SELECT slug FROM venues") == [(OTHERS,)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        rows(first, "SELECT 1")
    drop(engine, role)


@pytest.mark.parametrize("role", ["postgres", "vv_owner", "vv_report_x; DROP TABLE tasks", "vv_report_" + "x" * 60])
def test_a_login_of_another_name_is_not_made(house: House, role: str) -> None:
    engine = owner_engine(house.database.owner)
    with pytest.raises((BadInput, Conflict)), engine.begin() as connection:
        make_reporter(connection, house.database.owner, role=role, slugs=[MINE], replace=False)
    engine.dispose()


@pytest.fixture
def plain_login(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A server that knows nothing of us: its administrator's address, and that of a login which may make no roles."""
    server = Postgres(tmp_path / "postgres", "postgres-secret")
    server.start()
    with psycopg.connect(server.url("postgres"), autocommit=True) as administrator:
        administrator.execute("CREATE ROLE me LOGIN NOCREATEROLE PASSWORD 'me-secret'")
        administrator.execute("CREATE DATABASE mine OWNER me")
    yield server.url("postgres"), server.url("mine", user="me", password="me-secret")
    server.stop()


def test_without_the_right_to_make_roles_all_works_under_one_login_and_later_under_roles(
    plain_login: tuple[str, str],
) -> None:
    administrator, mine = plain_login
    migrate.upgrade(mine)
    engine = owner_engine(mine)
    with engine.begin() as connection:
        assert not roles_exist(connection)
        assert migrate.drift(connection) == []
        for slug in (MINE, OTHERS):
            furnish(connection, slug)
    with pytest.raises(BadSettings, match="CREATEROLE"), engine.begin() as connection:
        make_reporter(connection, mine, role="vv_report_x", slugs=[MINE], replace=False)
    with psycopg.connect(administrator, autocommit=True) as connected:
        connected.execute("ALTER ROLE me CREATEROLE")
    for _again in range(2):
        migrate.upgrade(mine)
    with engine.begin() as connection:
        assert roles_exist(connection)
        assert migrate.drift(connection) == []
        reporter = make_reporter(connection, mine, role="vv_report_x", slugs=[MINE], replace=False)
    engine.dispose()
    assert rows(reporter, "SELECT venue FROM report_recordings") == [(MINE,)]
    refused(reporter, "DELETE FROM recordings")
    migrate.downgrade(mine, to="base")


def furnish(connection: Connection, slug: str) -> UUID:
    """A venue with a row in every table that hangs on one."""
    venue_id = ensure_venue(connection, slug=slug, name=slug)
    room_id = ensure_room(connection, venue_id=venue_id, name="room")
    machine_id = ensure_machine(connection, venue_id=venue_id, name="machine", room_id=room_id)
    song_id = ensure_song(connection, venue_id=venue_id, ref=f"song of {slug}")
    task_id = add_tasks(connection, venue_id, 1)[0]
    recording_id = connection.scalar(text("SELECT recording_id FROM tasks WHERE id = :id"), {"id": task_id})
    connection.execute(
        text(
            "UPDATE recordings SET room_id = :room, machine_id = :machine, song_id = :song, singer = 's' WHERE id = :id"
        ),
        {"room": room_id, "machine": machine_id, "song": song_id, "id": recording_id},
    )
    of = {"assessment_id": uuid7()}
    connection.execute(
        insert(Assessment).values(
            id=of["assessment_id"],
            task_id=task_id,
            recording_id=recording_id,
            venue_id=venue_id,
            release="none",
            outcome=Outcome.UNSCORED,
        )
    )
    connection.execute(insert(Finding).values(**of, code="no_release"))
    connection.execute(insert(Score).values(**of, dimension="pitch", value=7.5, low=7, high=8))
    connection.execute(insert(Notes).values(**of, onset_s=[0.0], offset_s=[1.0], pitch_midi=[60.0]))
    connection.execute(insert(Phrases).values(**of, **{name: [] for name in PHRASES}))
    connection.execute(insert(Measured).values(**of, document=b""))
    said = {"name": "breaths", "unit": "dB", "value": -3.0, "worth": 4.0, "effect": 0.5}
    connection.execute(insert(Evidence).values(**of, dimension="breath", **said))
    connection.execute(insert(Feedback).values(**of, about="breath", language="en", text="Well sung."))
    connection.execute(
        insert(Measures).values(
            **of,
            duration_s=1,
            sample_rate_hz=44100,
            channels=2,
            codec="flac",
            clipped_share=0,
            longest_clip_ms=0,
            dc_offset=0,
            dropout_count=0,
            dropout_s=0,
            dead_channels=0,
        )
    )
    return venue_id


def drop(engine: Engine, role: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"DELETE FROM report_access WHERE role_name = '{role}'"))
        connection.execute(text(f"DROP OWNED BY {role}"))
        connection.execute(text(f"DROP ROLE {role}"))
    engine.dispose()


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(libpq_url(url)) as connection:
        return connection.execute(statement.encode()).fetchall()


def refused(url: str, statement: str, *, first: str = "SELECT 1") -> None:
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute(first.encode())
        with pytest.raises(InsufficientPrivilege):
            connection.execute(statement.encode())


def second_column(owner: str, table: str) -> str:
    found = rows(owner, f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum = 2")
    return str(found[0][0])
