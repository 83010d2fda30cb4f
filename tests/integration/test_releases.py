"""What judges: activation, who can judge by it, which result counts, and judging old recordings again."""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

from tests.seeding import add_tasks, add_venue, add_worker
from vocalverse.errors import Conflict, ReleaseUnknown, StaleDelivery
from vocalverse.ids import uuid7
from vocalverse.queue import lease
from vocalverse.queue.lease import Lease, LeaseOptions, ReleaseNotHere
from vocalverse.queue.round import Delivery, RoundOptions, play_round
from vocalverse.records import NONE, Assessment, Lane, Mark, Outcome, Score, TaskState, WorkerClass
from vocalverse.store.accept import accept_at_once
from vocalverse.store.recordings import delete_recording, find_recording
from vocalverse.store.releases import (
    Known,
    activate,
    active_release,
    find_release,
    list_refusals,
    list_registered,
    register,
)
from vocalverse.store.rescore import Patience, Standing, Wanted, census, rescore_next, room
from vocalverse.store.results import find_result
from vocalverse.store.uploads import Announced
from vocalverse.store.workload import read_workload

GOLD_DIGEST, SILVER_DIGEST = "a" * 64, "b" * 64
GOLD, SILVER = Known("gold", GOLD_DIGEST, manifest={"title": "Gold"}), Known("silver", SILVER_DIGEST)
NOTHING = Known(NONE, None)
LEASES = LeaseOptions(run_lease_s=30, max_starts=3, retry_backoff_s=10)
ROUNDS = RoundOptions(dispatch_lease_s=15, run_lease_s=30, worker_silent_s=10, max_starts=3, retry_backoff_s=10)
BREATH = Score("breath", 3.5, 3.0, 4.0, Mark(62.5, 50.0, 75.0))
OVERALL = Score("overall", 4.0, 3.5, 4.5, Mark(75.0, 62.5, 87.5))
SCORED = Assessment(Outcome.SCORED, scores=(BREATH,), overall=OVERALL)


def audited(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.execute(text("SELECT action, subject FROM audit ORDER BY id"))
    return [(row.action, row.subject) for row in rows]


def take_in(connection: Connection, venue_id: UUID, **said: object) -> Any:
    """A recording as the gateway accepts it."""
    announced = Announced(
        venue_id=venue_id, upload_id=uuid7().hex, size_bytes=1, sha256=bytes(32), recording=said, filename=None
    )
    return accept_at_once(connection, announced, part_bytes=1, recording_id=uuid7())


def task(connection: Connection, task_id: UUID) -> Any:
    return connection.execute(text("SELECT * FROM tasks WHERE id = :id"), {"id": task_id}).one()


def dispatched(engine: Engine) -> Sequence[Delivery]:
    with engine.begin() as connection:
        return play_round(connection, ROUNDS, reap_running=True).deliveries


def begin(engine: Engine, task_id: UUID, *held: str) -> Lease:
    fence = uuid7()
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE tasks SET state = 'leased', fence = :fence, not_before = now() WHERE id = :id"),
            {"fence": fence, "id": task_id},
        )
    return lease.start(engine, task_id, fence, worker="w", options=LEASES, held=held)


def judge(
    owner: Engine, engine: Engine, venue_id: UUID, release: Known, found: Assessment = SCORED, **said: object
) -> UUID:
    """A new recording, judged by that release."""
    with owner.begin() as connection:
        register(connection, release)
        accepted = take_in(connection, venue_id, **said)
        connection.execute(
            text("UPDATE tasks SET release = :name WHERE id = :id"), {"name": release.name, "id": accepted.task_id}
        )
    begin(engine, accepted.task_id, *([release.digest] if release.digest else [])).finish(found)
    return UUID(str(accepted.recording_id))


# --- activation -------------------------------------------------------------------------------------------------


def test_what_is_activated_judges_what_comes_and_not_what_waits(owner: Engine) -> None:
    with owner.begin() as connection:
        venue_id = add_venue(connection)
        before = take_in(connection, venue_id).task_id
        assert active_release(connection).name == NONE
        assert activate(connection, Known("big", "c" * 64, WorkerClass.GPU), actor="me", notes=["licence_accepted:X"])
        after = take_in(connection, venue_id).task_id
        assert (task(connection, before).release, task(connection, before).worker_class) == (NONE, "cpu")
        assert (task(connection, after).release, task(connection, after).worker_class) == ("big", "gpu")
        assert audited(connection) == [("release_activated", "big"), ("licence_accepted:X", "big")]


def test_activating_again_changes_nothing_and_none_can_be_activated_again(owner: Engine) -> None:
    with owner.begin() as connection:
        assert [activate(connection, one, actor="me") for one in (GOLD, GOLD, NOTHING, NOTHING, GOLD)] == [
            True,
            False,
            True,
            False,
            True,
        ]
        assert active_release(connection) == Known("gold", "a" * 64)
        assert find_release(connection, "gold").manifest == {"title": "Gold"}
        assert len(audited(connection)) == 3


def test_under_one_name_nothing_else_is_ever_judged(owner: Engine) -> None:
    with owner.begin() as connection:
        activate(connection, GOLD, actor="me")
        activate(connection, NOTHING, actor="me")
    for other in (Known("gold", "f" * 64), Known(NONE, "f" * 64), Known("gold", None)):
        with pytest.raises(Conflict, match="another name"), owner.begin() as connection:
            activate(connection, other, actor="me")
    with owner.begin() as connection:
        assert active_release(connection).name == NONE
        assert find_release(connection, "gold").digest == GOLD.digest


def test_an_activation_that_fails_leaves_nothing_behind(owner: Engine) -> None:
    with pytest.raises(RuntimeError), owner.begin() as connection:
        activate(connection, GOLD, actor="me")
        raise RuntimeError
    with owner.begin() as connection:
        assert active_release(connection).name == NONE
        assert audited(connection) == []
        with pytest.raises(ReleaseUnknown, match="activate"):
            find_release(connection, "gold")


def test_of_many_at_once_the_last_to_end_judges(owner: Engine) -> None:
    names = [f"r{number}" for number in range(8)]
    ended: list[str] = []
    ready = threading.Barrier(len(names))

    def one(name: str) -> None:
        ready.wait()
        with owner.begin() as connection:
            activate(connection, Known(name, name.ljust(64, "0")), actor="me")
            ended.append(name)  # still within: whoever comes next waits for the end

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(one, names))
    with owner.begin() as connection:
        assert active_release(connection).name == ended[-1]


# --- who can judge by it ----------------------------------------------------------------------------------------


def test_a_task_is_dispatched_only_where_a_live_worker_has_its_release(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        venue_id = add_venue(connection)
        plain = add_tasks(connection, venue_id, 1)[0]
        activate(connection, GOLD, actor="me")
        golden = take_in(connection, venue_id).task_id
        add_worker(connection, task_s=0.01)
    assert [one.task_id for one in dispatched(engine)] == [plain]
    with owner.begin() as connection:
        add_worker(connection, releases=[SILVER_DIGEST])
    assert not dispatched(engine)
    with owner.begin() as connection:
        add_worker(connection, releases=[SILVER_DIGEST, GOLD_DIGEST])
    assert [one.task_id for one in dispatched(engine)] == [golden]


def test_a_worker_that_is_silent_or_of_another_class_holds_nothing(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        activate(connection, GOLD, actor="me")
        take_in(connection, add_venue(connection))
        add_worker(connection)
        add_worker(connection, releases=[GOLD_DIGEST])
        connection.execute(text("UPDATE workers SET seen_at = now() - interval '1 min' WHERE releases <> '{}'"))
        add_worker(connection, worker_class=WorkerClass.GPU, releases=[GOLD_DIGEST])
    assert not dispatched(engine)


@pytest.mark.parametrize(("lane", "rest_s"), [(Lane.LIVE, 1), (Lane.BULK, 5)])
def test_a_worker_without_its_release_passes_a_task_on_and_burns_no_start(
    owner: Engine, engine: Engine, lane: Lane, rest_s: float
) -> None:
    with owner.begin() as connection:
        activate(connection, GOLD, actor="me")
        task_id = take_in(connection, add_venue(connection), lane=lane).task_id
    with pytest.raises(ReleaseNotHere, match="gold"):
        begin(engine, task_id, SILVER_DIGEST)
    with owner.begin() as connection:
        left = task(connection, task_id)
        rests = connection.scalar(text("SELECT extract(epoch FROM not_before - now()) FROM tasks"))
    assert (left.state, left.attempts, left.fence, left.reason) == ("ready", 0, None, "release_not_here")
    assert "vocalverse doctor" in left.message
    assert 0 < rests <= rest_s
    held = begin(engine, task_id, GOLD_DIGEST)
    assert (held.release, held.starts) == ("gold", 1)


def test_a_stale_delivery_is_stale_whatever_the_worker_has(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        activate(connection, GOLD, actor="me")
        task_id = take_in(connection, add_venue(connection)).task_id
    for held in ((), (GOLD_DIGEST,)):
        with pytest.raises(StaleDelivery) as stale:
            lease.start(engine, task_id, uuid7(), worker="w", options=LEASES, held=held)
        assert stale.type is StaleDelivery


def test_operators_are_told_who_can_judge_by_what_and_who_refuses(owner: Engine) -> None:
    with owner.begin() as connection:
        activate(connection, GOLD, actor="me")
        add_worker(connection)
        add_worker(connection, releases=[GOLD_DIGEST])
        connection.execute(
            text("UPDATE workers SET refused = CAST(:said AS jsonb) WHERE releases <> '{}'"),
            {"said": json.dumps({"tin": "heads/x is missing."})},
        )
        gold, none = list_registered(connection, worker_silent_s=10)
        (refusal,) = list_refusals(connection, worker_silent_s=10)
    assert (gold.name, gold.active, gold.workers, gold.holders) == ("gold", True, 2, 1)
    assert (none.name, none.active, none.workers, none.holders) == (NONE, False, 2, 2)
    assert (refusal.release, refusal.why, refusal.host) == ("tin", "heads/x is missing.", "here")


def test_a_worker_is_handed_the_texts_of_the_recording_else_of_its_song(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        venue_id = add_venue(connection)
        own = take_in(connection, venue_id, song="x", lyrics="la la", description="softly").task_id
        songs = take_in(connection, venue_id, song="x").task_id
        none = take_in(connection, venue_id).task_id
        connection.execute(text("UPDATE songs SET description = 'as a lullaby'"))
    assert begin(engine, own).text == {"lyrics": "la la", "description": "softly"}
    assert begin(engine, songs).text == {"description": "as a lullaby"}
    assert begin(engine, none).text == {}


# --- results ----------------------------------------------------------------------------------------------------


def test_scores_and_the_overall_mark_are_read_back_and_reported(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        venue_id = add_venue(connection)
    recording_id = judge(owner, engine, venue_id, GOLD)
    with owner.begin() as connection:
        view = find_recording(connection, recording_id, venue_id=None)
        result = find_result(connection, view.task_id)
        row = connection.execute(text("SELECT * FROM report_recordings")).mappings().one()
        words = connection.scalars(
            text(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'report_recordings'::regclass"
                " AND col_description(attrelid, attnum) IS NOT NULL"
            )
        ).all()
    assert result
    assert (view.release, view.overall_mark, result.release) == ("gold", 75.0, "gold")
    assert result.overall
    assert (result.overall.value, result.overall.low, result.overall.mark_high) == (4.0, 3.5, 87.5)
    breath = result.dimensions["breath"]
    assert (breath.value, breath.low, breath.high) == (3.5, 3.0, 4.0)
    assert (breath.mark, breath.mark_low, breath.mark_high) == (62.5, 50.0, 75.0)
    assert (row["overall"], row["overall_mark_low"], row["breath"], row["emotion"]) == (4.0, 62.5, 3.5, None)
    assert row["dimensions"] == {
        "breath": {"value": 3.5, "low": 3.0, "high": 4.0, "mark": 62.5, "mark_low": 50.0, "mark_high": 75.0}
    }
    assert {"overall", "overall_mark_high", "breath", "technique", "timbre", "emotion", "dimensions", "release"} <= set(
        words
    )


def test_a_result_stays_while_another_is_made_and_the_active_releases_counts(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        venue_id = add_venue(connection)
    recording_id = judge(owner, engine, venue_id, SILVER)

    def shown() -> tuple[str, TaskState]:
        with owner.begin() as connection:
            view = find_recording(connection, recording_id, venue_id=None)
        return view.release, view.state

    with owner.begin() as connection:
        activate(connection, GOLD, actor="me")
        assert rescore_next(connection, Wanted(GOLD), venue_id, limit=10) == 1
        again = connection.scalar(text("SELECT id FROM tasks WHERE release = 'gold'"))
    assert shown() == ("silver", TaskState.DONE)
    begin(engine, again, GOLD_DIGEST).finish(SCORED)
    assert shown() == ("gold", TaskState.DONE)
    with owner.begin() as connection:
        activate(connection, SILVER, actor="me")
    assert shown() == ("silver", TaskState.DONE)
    with owner.begin() as connection:
        activate(connection, NOTHING, actor="me")
    assert shown() == ("gold", TaskState.DONE)


# --- judging again ----------------------------------------------------------------------------------------------


def test_old_recordings_are_judged_again_once_and_the_others_are_counted_with_why(
    owner: Engine, engine: Engine
) -> None:
    with owner.begin() as connection:
        venue_id, other = add_venue(connection), add_venue(connection)
        register(connection, GOLD)
    old = judge(owner, engine, venue_id, NOTHING, song="x")
    silent = judge(owner, engine, venue_id, NOTHING)
    judge(owner, engine, venue_id, GOLD)
    judge(owner, engine, other, NOTHING)
    with owner.begin() as connection:
        connection.execute(text("UPDATE recordings SET audio_deleted_at = now() WHERE id = :id"), {"id": silent})
        take_in(connection, venue_id)
        wanted = Wanted(GOLD, venue_id=venue_id)
        assert census(connection, wanted) == {
            Standing.OPEN: 1,
            Standing.JUDGED: 1,
            Standing.WAITING: 0,
            Standing.FAILED: 0,
            Standing.WITHOUT_SOUND: 1,
            Standing.NEVER_JUDGED: 1,
        }
        assert [rescore_next(connection, wanted, venue_id, limit=10) for _ in range(2)] == [1, 0]
        assert census(connection, wanted)[Standing.WAITING] == 1
        made = connection.execute(text("SELECT * FROM tasks WHERE release = 'gold' AND state = 'ready'")).one()
        assert (made.recording_id, made.lane, made.venue_id) == (old, "bulk", venue_id)
        assert census(connection, Wanted(GOLD))[Standing.OPEN] == 1
        assert census(connection, Wanted(GOLD, song="x"))[Standing.WAITING] == 1
        assert sum(census(connection, Wanted(GOLD, ids=[silent])).values()) == 1


def test_old_recordings_take_half_of_what_may_wait_at_most(owner: Engine) -> None:
    with owner.begin() as connection:
        venue_id = add_venue(connection)
        add_worker(connection, task_s=2.0)
        add_tasks(connection, venue_id, 10)
        workload = read_workload(connection, worker_silent_s=10)
    wanted = Wanted(GOLD)
    assert room(workload, wanted, venue_id, Patience(venue_s=100, total_s=1000)) == 15
    assert room(workload, wanted, uuid7(), Patience(venue_s=100, total_s=60)) == 5
    assert room(workload, wanted, venue_id, Patience(venue_s=30, total_s=1000)) == 0


def test_with_its_recording_every_judging_of_it_goes(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        venue_id = add_venue(connection)
    recording_id = judge(owner, engine, venue_id, SILVER)
    with owner.begin() as connection:
        register(connection, GOLD)
        rescore_next(connection, Wanted(GOLD), venue_id, limit=1)
        delete_recording(connection, recording_id, venue_id=venue_id, actor="me", last_lease_s=1)
        left = [
            connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("tasks", "assessments", "scores")
        ]
    assert left == [0, 0, 0]


# As the release before wrote them, word for word.
_BEFORE = (
    "INSERT INTO workers (name, worker_class, host, version, tasks_done, task_s)"
    " VALUES ('old', 'cpu', 'here', '0', 0, NULL)"
    " ON CONFLICT (name) DO UPDATE SET seen_at = now(), tasks_done = 0, task_s = NULL",
    "INSERT INTO scores (assessment_id, dimension, value, low, high) SELECT id, 'old', 3.0, 2.5, 3.5 FROM assessments",
)


def test_what_the_release_before_writes_is_read(owner: Engine, engine: Engine) -> None:
    """Its workers have no release, and its scores no marks."""
    with owner.begin() as connection:
        venue_id = add_venue(connection)
    recording_id = judge(owner, engine, venue_id, NOTHING, Assessment(Outcome.SCORED))
    with engine.begin() as connection:
        for statement in _BEFORE:
            connection.execute(text(statement))
    with owner.begin() as connection:
        result = find_result(connection, find_recording(connection, recording_id, venue_id=None).task_id)
        assert list_refusals(connection, worker_silent_s=10) == []
        activate(connection, GOLD, actor="me")
        take_in(connection, venue_id)
    assert result
    assert (result.overall, result.dimensions["old"].value, result.dimensions["old"].mark) == (None, 3.0, None)
    assert not dispatched(engine)


def test_a_task_that_runs_keeps_the_release_that_it_began_with(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        activate(connection, GOLD, actor="me")
        accepted = take_in(connection, add_venue(connection))
    held = begin(engine, accepted.task_id, GOLD_DIGEST)
    with owner.begin() as connection:
        activate(connection, SILVER, actor="me")
    held.finish(SCORED)
    with owner.begin() as connection:
        assert connection.scalar(text("SELECT release FROM assessments")) == "gold"
