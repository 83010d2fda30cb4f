"""Failure tests 3 and 4: a worker dies at the worst moments, or sleeps through its lease and wakes."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from tests.chaos.breakable import DISPATCH_LEASE_S, RUN_LEASE_S, BreakableHouse, is_alive, kill
from tests.chaos.evidence import take_for_live
from tests.chaos.ledger import Ledger
from tests.patience import allowed_s
from vocalverse.records import WorkerClass

MARGIN_S = 1.0
BACKOFF_S = 0.2


@pytest.fixture(scope="module")
def shared_house(open_shared_house: Callable[..., BreakableHouse]) -> BreakableHouse:
    return open_shared_house(workers=2, stall_limit_s=30)


@pytest.fixture
def house(shared_house: BreakableHouse) -> BreakableHouse:
    """With all its workers back, whatever the test before did to them."""
    shared_house.wait_until(lambda: shared_house.idle_workers() == 2, "two workers are idle", within_s=120)
    return shared_house


@pytest.fixture
def ledger(house: BreakableHouse, open_ledger: Callable[..., Ledger]) -> Ledger:
    return open_ledger(house)


def test_a_delivery_dies_with_the_worker_that_popped_it_and_the_task_starts_again_within_a_lease(
    house: BreakableHouse, ledger: Ledger, song: bytes
) -> None:
    """Stopped while it waits on its queue, a worker is handed the job by Valkey without ever seeing it."""
    with stopped(*house.living_workers()):
        take_for_live(house)
        recording = ledger.upload(song)
        house.wait_until(lambda: bool(popped_by(house)), "a worker has popped it", within_s=120)
        leased = house.moments(recording, "leased")[-1]
        kill(popped_by(house)[0])
    house.wait_for_state(recording, "done")
    (started,) = house.moments(recording, "running")
    assert started - leased <= DISPATCH_LEASE_S + allowed_s(MARGIN_S)
    assert house.attempts(recording) == 1
    assert ledger.verdict()


def test_a_task_whose_worker_is_killed_in_mid_stage_starts_again_within_a_lease(
    house: BreakableHouse, ledger: Ledger, song: bytes
) -> None:
    recording = ledger.upload(song, "hold-second-try")
    house.wait_for_state(recording, "running")
    assert started_again_s(house, recording) <= RUN_LEASE_S + BACKOFF_S + allowed_s(MARGIN_S)
    house.let_go("second-try")
    house.wait_for_state(recording, "done")
    assert house.attempts(recording) == 2
    assert ledger.verdict()


def test_a_worker_killed_before_its_commit_leaves_nothing_and_the_task_starts_again_within_a_lease(
    house: BreakableHouse, ledger: Ledger, song: bytes
) -> None:
    recording = ledger.upload(song, "hold-commit")
    house.wait_for_state(recording, "running")
    with house.database() as blocker:
        blocker.exec_driver_sql("LOCK TABLE assessments IN EXCLUSIVE MODE")
        house.let_go("commit")
        house.wait_until(lambda: waits_for_a_lock(house), "the worker has written all but its result", within_s=120)
        took_s = started_again_s(house, recording, after_kill=blocker.rollback)
    assert took_s <= RUN_LEASE_S + BACKOFF_S + allowed_s(MARGIN_S)
    house.wait_for_state(recording, "done")
    assert house.attempts(recording) == 2
    assert ledger.verdict()


def test_the_late_commit_of_a_worker_that_slept_through_its_lease_changes_no_row(
    house: BreakableHouse, ledger: Ledger, song: bytes
) -> None:
    """Not even while the task is running again: the fence is another one by then."""
    recording = ledger.upload(song, "hold-late")
    house.wait_until(
        lambda: house.scalar("SELECT stage FROM tasks WHERE recording_id = %(id)s", id=str(recording)) == "holding",
        "only the commit is left to do",
        within_s=120,
    )
    sleeper = house.worker_of(recording)
    os.kill(sleeper, signal.SIGSTOP)
    house.wait_until(lambda: house.attempts(recording) == 2, "another worker has begun it", within_s=120)
    with stopped(house.worker_of(recording), house.processes["dispatcher"].pid):
        before = written(house, recording)
        house.let_go("late")
        os.kill(sleeper, signal.SIGCONT)
        house.wait_until(
            lambda: f"Recording {recording} was taken away while it was judged" in house.log("workers"),
            "the sleeper has tried to commit",
            within_s=120,
        )
        assert written(house, recording) == before
    house.wait_for_state(recording, "done")
    assert house.attempts(recording) == 2
    assert ledger.verdict()


def started_again_s(house: BreakableHouse, recording: UUID, *, after_kill: Callable[[], None] = lambda: None) -> float:
    """From the death of the worker that holds it until another has begun it."""
    killed_at = house.now()
    kill(house.worker_of(recording))
    after_kill()
    house.wait_until(lambda: house.attempts(recording) == 2, "another worker has begun it", within_s=120)
    return house.moments(recording, "running")[1] - killed_at


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """They do nothing meanwhile, so that whatever changes was changed by somebody else."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in filter(is_alive, pids):
            os.kill(pid, signal.SIGCONT)


def popped_by(house: BreakableHouse) -> list[int]:
    """Workers whose connection waits on the queue no more, though they sleep."""
    with house.admin() as valkey:
        clients = valkey.client_list()
    return [
        int(client["name"].rsplit("-", 2)[1])
        for client in clients
        if client["name"].startswith(WorkerClass.CPU) and "b" not in client["flags"]
    ]


def waits_for_a_lock(house: BreakableHouse) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ILIKE 'INSERT INTO assessments%%'"
    return house.scalar(waiting) == 1


def written(house: BreakableHouse, recording: UUID) -> list[str]:
    """Every row of the recording with the transaction that wrote it."""
    return [
        row
        for table, column in (
            ("tasks", "recording_id"),
            ("assessments", "recording_id"),
            ("events", "recording_id"),
            ("recordings", "id"),
        )
        for row in house.column(
            f"SELECT (xmin, xmax, ctid, t.*)::text FROM {table} t WHERE {column} = %(id)s ORDER BY ctid",
            id=str(recording),
        )
    ]
