"""The schema against a real Postgres: up, down and up with rows in it, and what the triggers hold."""

import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, insert, text
from sqlalchemy.exc import IntegrityError

import migrations
from tests.seeding import add_tasks, add_venue
from vocalverse.ids import uuid7
from vocalverse.records import LEGAL_TRANSITIONS, Lane, Outcome, TaskState
from vocalverse.store import migrate
from vocalverse.store.backlog import miscounts, repair
from vocalverse.store.connect import owner_engine
from vocalverse.store.tables import Assessment, Finding

_SCRIPTS = ScriptDirectory(str(Path(migrations.__file__).parent))
REVISIONS = [script.revision for script in reversed(list(_SCRIPTS.walk_revisions()))]


@pytest.fixture
def owner(database: Any) -> Iterator[Engine]:
    engine = owner_engine(database.owner, actor="test")
    yield engine
    engine.dispose()


@pytest.fixture
def empty(empty_database: str) -> Iterator[Engine]:
    engine = owner_engine(empty_database, actor="test")
    yield engine
    engine.dispose()


def test_the_scripts_form_one_line() -> None:
    assert len(_SCRIPTS.get_heads()) == 1
    assert len(REVISIONS) == len(list(Path(migrations.__file__).parent.glob("versions/[0-9]*.py")))


@pytest.mark.parametrize(("before", "revision"), list(pairwise(["base", *REVISIONS])))
def test_every_migration_goes_up_down_and_up_again_with_rows_in_it(
    empty_database: str, empty: Engine, before: str, revision: str
) -> None:
    if before != "base":
        migrate.upgrade(empty_database, to=before)
        with empty.begin() as connection:
            add_rows(connection)
    migrate.upgrade(empty_database, to=revision)
    with empty.begin() as connection:
        add_rows(connection)
        kept = row_counts(connection) if before != "base" else {}
    migrate.downgrade(empty_database, to=before)
    with empty.begin() as connection:
        assert {table: count for table, count in row_counts(connection).items() if table in kept} == kept
        if kept:  # the previous release goes on with its work before it is moved up again
            add_rows(connection)
            connection.execute(text("UPDATE tasks SET state = 'cancelled' WHERE state = 'ready'"))
    migrate.upgrade(empty_database)
    with empty.connect() as connection:
        assert migrate.drift(connection) == []
        assert miscounts(connection) == []


def test_all_migrations_go_down_from_the_head_and_leave_nothing_behind(empty_database: str, empty: Engine) -> None:
    migrate.upgrade(empty_database)
    with empty.begin() as connection:
        add_rows(connection)
    migrate.downgrade(empty_database, to="base")
    with empty.connect() as connection:
        left = connection.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
                " UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'"
                " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            )
        ).all()
    assert set(left) == {"alembic_version"}


def test_the_database_at_head_is_what_the_tables_say(owner: Engine) -> None:
    with owner.connect() as connection:
        assert migrate.drift(connection) == []


def test_a_missing_column_is_called_drift(owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE songs DROP COLUMN language"))
    with owner.connect() as connection:
        assert any("language" in difference for difference in migrate.drift(connection))


def test_a_database_without_tables_is_told_to_upgrade(empty: Engine) -> None:
    with empty.connect() as connection:
        (said,) = migrate.drift(connection)
    assert "vocalverse db upgrade" in said


def test_the_table_of_moves_is_the_one_in_python(owner: Engine) -> None:
    with owner.connect() as connection:
        moves = connection.execute(text("SELECT from_state::text, to_state::text FROM task_transitions"))
        assert {(TaskState(was), TaskState(to)) for was, to in moves} == LEGAL_TRANSITIONS


@pytest.mark.parametrize("was", list(TaskState))
def test_a_task_moves_only_as_the_table_says_and_leaves_one_event_each_time(owner: Engine, was: TaskState) -> None:
    with owner.begin() as connection:
        venue_id = add_venue(connection)
        tasks = dict(zip(TaskState, add_tasks(connection, venue_id, len(TaskState)), strict=True))
        for task_id in tasks.values():
            for state in way_to(was):
                move(connection, task_id, state)
    walked = [(None, TaskState.READY), *pairwise([TaskState.READY, *way_to(was)])]
    for to, task_id in tasks.items():
        if to is was:
            continue
        if (was, to) in LEGAL_TRANSITIONS:
            with owner.begin() as connection:
                move(connection, task_id, to)
                assert events_of(connection, task_id) == [*walked, (was, to)]
        else:
            with pytest.raises(IntegrityError, match=f"from {was} to {to}"), owner.begin() as connection:
                move(connection, task_id, to)
            with owner.connect() as connection:
                assert events_of(connection, task_id) == walked


@pytest.mark.parametrize("state", [state for state in TaskState if state is not TaskState.READY])
def test_a_task_begins_as_ready_and_as_nothing_else(owner: Engine, state: TaskState) -> None:
    with owner.begin() as connection:
        venue_id = add_venue(connection)
        recording_id = uuid7()
        connection.execute(
            text(
                "INSERT INTO recordings (id, venue_id, key_shift, consent_keep_audio, consent_training, consent_share,"
                " size_bytes, sha256) VALUES (:id, :venue, 0, true, false, false, 1, :sha256)"
            ),
            {"id": recording_id, "venue": venue_id, "sha256": bytes(32)},
        )
    new = {"id": uuid7(), "venue": venue_id, "recording": recording_id, "state": state.value, "fence": uuid7()}
    with pytest.raises(IntegrityError, match="begins as ready"), owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO tasks (id, venue_id, recording_id, release, purpose, worker_class, lane, state, attempts,"
                " fence) VALUES (:id, :venue, :recording, 'none', 'judge', 'cpu', 'bulk', CAST(:state AS task_state),"
                " 0, :fence)"
            ),
            new,
        )


def test_an_event_tells_who_moved_the_task(owner: Engine) -> None:
    with owner.begin() as connection:
        task_id = add_tasks(connection, add_venue(connection), 1)[0]
    with owner.connect() as connection:
        actors = connection.scalars(text("SELECT actor FROM events WHERE task_id = :id"), {"id": task_id}).all()
    assert actors == ["test"]


def test_a_renewed_lease_is_no_move(owner: Engine) -> None:
    with owner.begin() as connection:
        task_id = add_tasks(connection, add_venue(connection), 1)[0]
        move(connection, task_id, TaskState.LEASED)
        connection.execute(text("UPDATE tasks SET fraction = 0.5, lease_until = now() + interval '1 min'"))
        assert len(events_of(connection, task_id)) == 2


@pytest.mark.parametrize("seed", range(4))
def test_the_counters_of_what_waits_are_right_after_any_moves(owner: Engine, seed: int) -> None:
    chance = random.Random(seed)
    with owner.begin() as connection:
        venues = [add_venue(connection) for _ in range(3)]
        tasks = [
            task
            for venue in venues
            for lane in Lane
            for task in add_tasks(connection, venue, chance.randint(1, 8), lane=lane)
        ]
    moved = 0
    for _ in range(60):
        with owner.begin() as connection:
            moved += something_happens(connection, chance, tasks, venues)
        with owner.connect() as connection:
            assert miscounts(connection) == []
    with owner.connect() as connection:
        assert moved == connection.scalar(text("SELECT count(*) FROM events WHERE from_state IS NOT NULL"))


def test_a_wrong_counter_is_found_and_repaired(owner: Engine) -> None:
    with owner.begin() as connection:
        venue_id = add_venue(connection)
        add_tasks(connection, venue_id, 3)
        add_tasks(connection, venue_id, 2, lane=Lane.LIVE)
        connection.execute(text("UPDATE backlog SET ready = 7 WHERE lane = 'bulk'"))
        connection.execute(text("DELETE FROM backlog WHERE lane = 'live'"))
        assert {(one.lane, one.counted, one.there) for one in miscounts(connection)} == {("bulk", 7, 3), ("live", 0, 2)}
        repair(connection)
        assert miscounts(connection) == []


def something_happens(connection: Connection, chance: random.Random, tasks: list[UUID], venues: list[UUID]) -> int:
    """New tasks, some taken away, or many moved at once. How many were moved."""
    match chance.choice(("add", "delete", "move", "move", "move", "undo")):
        case "add":
            tasks += add_tasks(connection, chance.choice(venues), chance.randint(1, 5), lane=chance.choice(list(Lane)))
        case "delete":
            gone = [tasks.pop(chance.randrange(len(tasks))) for _ in range(min(len(tasks) - 1, chance.randint(1, 3)))]
            connection.execute(text("DELETE FROM tasks WHERE id = ANY(:ids)"), {"ids": gone})
        case "move":
            return move_many(connection, chance, tasks)
        case "undo":
            with connection.begin_nested() as savepoint:
                move_many(connection, chance, tasks)
                savepoint.rollback()
    return 0


def move_many(connection: Connection, chance: random.Random, tasks: list[UUID]) -> int:
    was, to = chance.choice(sorted(LEGAL_TRANSITIONS))
    return connection.execute(
        text(
            "UPDATE tasks SET state = CAST(:to AS task_state), fence = gen_random_uuid()"
            " WHERE state = CAST(:was AS task_state) AND id = ANY(:ids)"
        ),
        {"was": was.value, "to": to.value, "ids": chance.sample(tasks, chance.randint(1, len(tasks)))},
    ).rowcount


def way_to(state: TaskState) -> list[TaskState]:
    """The shortest legal walk from `ready`."""
    ways: dict[TaskState, list[TaskState]] = {TaskState.READY: []}
    while state not in ways:
        for was, to in sorted(LEGAL_TRANSITIONS):
            if was in ways and to not in ways:
                ways[to] = [*ways[was], to]
    return ways[state]


def move(connection: Connection, task_id: UUID, to: TaskState) -> None:
    connection.execute(
        text("UPDATE tasks SET state = CAST(:to AS task_state), fence = gen_random_uuid() WHERE id = :id"),
        {"to": to.value, "id": task_id},
    )


def events_of(connection: Connection, task_id: UUID) -> list[tuple[TaskState | None, TaskState]]:
    found = connection.execute(
        text("SELECT from_state::text, to_state::text FROM events WHERE task_id = :id ORDER BY id"), {"id": task_id}
    )
    return [(TaskState(was) if was else None, TaskState(to)) for was, to in found]


def add_rows(connection: Connection) -> None:
    """Recordings that wait and one that was judged, as far as this revision knows of them."""
    connection.execute(text("INSERT INTO releases (name) VALUES ('none') ON CONFLICT DO NOTHING"))
    venue_id = add_venue(connection)
    judged = add_tasks(connection, venue_id, 3)[0]
    for state in (TaskState.LEASED, TaskState.RUNNING, TaskState.DONE):
        move(connection, judged, state)
    recording_id = connection.scalar(text("SELECT recording_id FROM tasks WHERE id = :id"), {"id": judged})
    assessment_id = uuid7()
    connection.execute(
        insert(Assessment).values(
            id=assessment_id,
            task_id=judged,
            recording_id=recording_id,
            venue_id=venue_id,
            release="none",
            outcome=Outcome.UNSCORED,
        )
    )
    connection.execute(insert(Finding).values(assessment_id=assessment_id, code="no_release"))


def row_counts(connection: Connection) -> dict[str, int]:
    """Of what the venues sent and got: the triggers' own tables come and go with them."""
    tables = ("venues", "recordings", "tasks", "assessments", "findings")
    there = set(connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
    return {table: connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in tables if table in there}
