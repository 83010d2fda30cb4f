"""Rounds of the dispatcher against a real Postgres: who is served, how much, and what is taken back."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from tests.seeding import add_tasks, add_venue, add_worker
from vocalverse.errors import LeaseLost, StaleDelivery
from vocalverse.queue import lease
from vocalverse.queue.lease import LeaseOptions
from vocalverse.queue.retry import Failure, Fate
from vocalverse.queue.round import Delivery, RoundOptions, play_round, take_back
from vocalverse.records import Assessment, Finding, Lane, Outcome, Reason, Score
from vocalverse.store.blobs import LocalBlobs
from vocalverse.store.connect import worker_engine
from vocalverse.store.consent import remove_unkept_sound

OPTIONS = RoundOptions(dispatch_lease_s=15, run_lease_s=0, worker_silent_s=10, max_starts=3, retry_backoff_s=0)
LEASES = LeaseOptions(run_lease_s=30, max_starts=3, retry_backoff_s=10)
UNSCORED = Assessment(Outcome.UNSCORED, findings=(Finding(Reason.NO_RELEASE, {}),), scores=())


def play(engine: Engine, options: RoundOptions = OPTIONS) -> list[Delivery]:
    with engine.begin() as connection:
        return list(play_round(connection, options, reap_running=True).deliveries)


def begin(engine: Engine, delivery: Delivery) -> lease.Lease:
    return lease.start(engine, delivery.task_id, delivery.fence, worker="w", options=LEASES)


def states(owner: Engine) -> Counter[str]:
    with owner.connect() as connection:
        return Counter(connection.scalars(text("SELECT state::text FROM tasks")))


def lapse(owner: Engine) -> None:
    """Let every lease run out."""
    with owner.begin() as connection:
        connection.execute(text("UPDATE tasks SET lease_until = now() - interval '1 s' WHERE lease_until IS NOT NULL"))


def test_nothing_is_dispatched_while_nobody_works(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 3)
    assert play(engine) == []


def test_one_task_for_each_live_worker_is_in_flight(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 10)
        add_worker(connection, task_s=5)
        add_worker(connection, task_s=5)
    assert len(play(engine)) == 2
    assert play(engine) == []


def test_a_worker_whose_pace_is_not_known_yet_gets_one_task(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 10)
        add_worker(connection, task_s=None)
    assert len(play(engine)) == 1
    assert play(engine) == []


def test_quick_workers_get_one_second_of_work_ahead(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 100)
        add_worker(connection, task_s=0.1)
        add_worker(connection, task_s=0.1)
    assert len(play(engine)) == 20


def test_a_flood_never_delays_another_venue(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        flooder = add_venue(connection)
        add_tasks(connection, flooder, 100)
        quiet = [add_venue(connection) for _ in range(3)]
        waiting = {task for venue in quiet for task in add_tasks(connection, venue, 1)}
        add_worker(connection, task_s=0.25)
    first = {delivery.task_id for delivery in play(engine)}
    assert waiting <= first
    assert len(first) == 4


def test_with_one_free_place_the_venue_with_least_in_flight_is_next(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        flooder = add_venue(connection)
        add_tasks(connection, flooder, 50)
        add_worker(connection, task_s=0.1)
    assert len(play(engine)) == 10
    with owner.begin() as connection:
        (late,) = add_tasks(connection, add_venue(connection), 1)
        add_worker(connection, task_s=1)
    assert [delivery.task_id for delivery in play(engine)] == [late]


def test_venues_with_equal_claims_take_turns(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        venues = [add_venue(connection) for _ in range(3)]
        of = {task: venue for venue in venues for task in add_tasks(connection, venue, 5)}
        add_worker(connection, task_s=5)
    served: list[UUID] = []
    for _ in range(6):
        (delivery,) = play(engine)
        served.append(of[delivery.task_id])
        begin(engine, delivery).finish(UNSCORED)
    assert Counter(served) == Counter(dict.fromkeys(venues, 2))
    assert served[:3] == served[3:]


def test_live_goes_before_bulk_and_does_not_wait_for_a_full_window(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        venue = add_venue(connection)
        add_tasks(connection, venue, 5)
        add_worker(connection, task_s=5)
    assert [delivery.lane for delivery in play(engine)] == [Lane.BULK]
    with owner.begin() as connection:
        (live,) = add_tasks(connection, venue, 1, lane=Lane.LIVE)
    assert [(one.task_id, one.lane) for one in play(engine)] == [(live, Lane.LIVE)]


def test_a_lost_delivery_comes_back_and_burns_no_try(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 1)
        add_worker(connection)
    (lost,) = play(engine)
    lapse(owner)
    (again,) = play(engine)
    assert again.task_id == lost.task_id
    assert again.fence != lost.fence
    with pytest.raises(StaleDelivery):
        begin(engine, lost)
    assert begin(engine, again).starts == 1


def test_deliveries_that_redis_refused_are_ready_at_once(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 1)
        add_worker(connection)
    refused = play(engine)
    with engine.begin() as connection:
        take_back(connection, refused)
    assert states(owner) == {"ready": 1}
    assert [one.task_id for one in play(engine)] == [refused[0].task_id]


def test_a_recording_that_kills_its_workers_is_dead_after_its_last_start(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 1)
        add_worker(connection)
    for starts in (1, 2, 3):
        (delivery,) = play(engine)
        assert begin(engine, delivery).starts == starts
        lapse(owner)
    assert play(engine) == []
    assert states(owner) == {"dead": 1}


def test_while_postgres_has_only_just_started_no_running_task_is_taken_back(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 1)
        add_worker(connection)
    (delivery,) = play(engine)
    begin(engine, delivery)
    lapse(owner)
    assert play(engine, replace(OPTIONS, run_lease_s=10**6)) == []
    assert states(owner) == {"running": 1}


def test_a_task_past_its_deadline_expires_and_does_not_start(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 2, deadline_s=3600)
        add_worker(connection, task_s=0.5)
    deliveries = play(engine)
    assert len(deliveries) == 2
    with owner.begin() as connection:
        connection.execute(text("UPDATE tasks SET deadline_at = now() - interval '1 ms'"))
    for delivery in deliveries:
        with pytest.raises(StaleDelivery):
            begin(engine, delivery)
    assert play(engine) == []
    assert states(owner) == {"expired": 2}


def test_two_dispatchers_never_lease_a_task_twice_nor_exceed_the_window(owner: Engine, database: Any) -> None:
    with owner.begin() as connection:
        for _ in range(10):
            add_tasks(connection, add_venue(connection), 20)
        add_worker(connection, task_s=0.02)
    engines = [worker_engine(database.worker, actor="d") for _ in range(2)]

    def play_ten(engine: Engine) -> list[Delivery]:
        return [delivery for _ in range(10) for delivery in play(engine)]

    with ThreadPoolExecutor(2) as pool:
        sent = [one for played in pool.map(play_ten, engines) for one in played]
    for engine in engines:
        engine.dispose()
    assert len(sent) == 50
    assert len({one.task_id for one in sent}) == len({one.fence for one in sent}) == 50


def test_a_result_is_written_once_and_only_by_who_holds_the_task(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 1)
        add_worker(connection)
    (first,) = play(engine)
    slow = begin(engine, first)
    lapse(owner)
    (second,) = play(engine)
    fresh = begin(engine, second)
    with pytest.raises(LeaseLost):
        slow.finish(UNSCORED)
    assert not slow.renew("stage", 0.5)
    fresh.finish(replace(UNSCORED, scores=(Score("breath", 3.0, 2.5, 3.5),)))
    with pytest.raises(LeaseLost):
        fresh.finish(UNSCORED)
    with owner.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM assessments")) == 1
        assert connection.scalar(text("SELECT value FROM scores WHERE dimension = 'breath'")) == 3.0


@pytest.mark.parametrize(
    ("fate", "state", "starts"),
    [(Fate.REJECT, "rejected", 1), (Fate.HAND_BACK, "ready", 0), (Fate.RETRY, "ready", 1), (Fate.LEAVE, "running", 1)],
)
def test_a_failed_try_ends_as_the_table_says(
    owner: Engine, engine: Engine, fate: Fate, state: str, starts: int
) -> None:
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 1)
        add_worker(connection)
    (delivery,) = play(engine)
    begin(engine, delivery).settle(Failure(fate, "why", "what happened"))
    with owner.connect() as connection:
        row = connection.execute(text("SELECT state::text, attempts FROM tasks")).one()
    assert tuple(row) == (state, starts)


def test_the_last_try_that_fails_is_the_end(owner: Engine, engine: Engine) -> None:
    with owner.begin() as connection:
        add_tasks(connection, add_venue(connection), 1)
        add_worker(connection)
    for expected in ("ready", "ready", "dead"):
        (delivery,) = play(engine)
        assert begin(engine, delivery).settle(Failure(Fate.RETRY, "why", "")) == expected
        with owner.begin() as connection:
            connection.execute(text("UPDATE tasks SET not_before = now()"))


def test_only_sound_that_may_not_be_kept_is_removed_and_only_after_its_judging(
    owner: Engine, engine: Engine, tmp_path: Path
) -> None:
    blobs = LocalBlobs(tmp_path)
    with owner.begin() as connection:
        venue = add_venue(connection)
        add_worker(connection, task_s=0.5)
    for keep_audio in (True, False, False):  # one after the other, so that it is known who comes first
        with owner.begin() as connection:
            add_tasks(connection, venue, 1, keep_audio=keep_audio)
    with owner.begin() as connection:
        ids = connection.scalars(text("SELECT recording_id FROM tasks ORDER BY not_before")).all()
    for recording_id in ids:
        (tmp_path / "staged").write_bytes(b"sound")
        blobs.adopt(venue, recording_id, "audio", tmp_path / "staged")
    for delivery in play(engine):  # two of the three
        begin(engine, delivery).finish(UNSCORED)
    assert remove_unkept_sound(engine, blobs, grace_s=3600) == 0
    assert remove_unkept_sound(engine, blobs, grace_s=0) == 1
    assert [blobs.exists(venue, recording_id, "audio") for recording_id in ids] == [True, False, True]
    with owner.connect() as connection:
        gone = connection.scalars(text("SELECT audio_deleted_at IS NOT NULL FROM recordings ORDER BY id")).all()
    assert gone == [False, True, False]
