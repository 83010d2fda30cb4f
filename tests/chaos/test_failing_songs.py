"""Failure tests 5 and 6: a recording that kills whoever judges it, and stages that never come back."""

import json
from collections.abc import Callable
from uuid import UUID

import pytest

from tests.chaos.breakable import BreakableHouse, is_alive
from tests.chaos.ledger import Ledger
from tests.patience import allowed_s

STALL_LIMIT_S, TASK_LIMIT_S = 2.0, 4.0
MARGIN_S = 10.0


def test_a_poison_file_is_dead_after_five_starts_while_its_neighbours_finish_and_can_be_put_back(
    open_house: Callable[..., BreakableHouse], open_ledger: Callable[..., Ledger], song: bytes
) -> None:
    house = open_house(workers=2, run_lease_s=0.5, retry_backoff_s=0.05)
    ledger = open_ledger(house)
    poison, *neighbours = ledger.upload_many(song, ["poison", *["any"] * 6])
    house.wait_for_ends([poison, *neighbours])
    assert house.state(poison) == "dead"
    assert house.attempts(poison) == 5
    assert house.count_events(poison, "running") == 5
    assert {house.state(neighbour) for neighbour in neighbours} == {"done"}
    assert ledger.verdict()

    house.let_go("cured")
    assert json.loads(house.command("recordings", "requeue", str(poison), "--json"))["requeued"] == 1
    house.wait_for_state(poison, "done")
    assert ledger.verdict()


@pytest.mark.parametrize(
    ("how", "limit_s"),
    [("hang", STALL_LIMIT_S), ("slow-1000", TASK_LIMIT_S)],
    ids=["stuck in C", "getting on for ever"],
)
def test_a_worker_that_never_comes_back_is_killed_at_its_deadline_while_another_finishes_the_rest(
    house: BreakableHouse, open_ledger: Callable[..., Ledger], song: bytes, how: str, limit_s: float
) -> None:
    ledger = open_ledger(house, f"venue-{limit_s:g}")
    stuck = ledger.upload(song, how)
    house.wait_for_state(stuck, "running")
    worker = house.worker_of(stuck)
    rest = ledger.upload_many(song, ["any"] * 4)
    house.wait_for_ends(rest)
    killed_after_s = lived_s(house, stuck, worker)
    house.wait_for_state(stuck, "dead")
    assert {house.state(one) for one in rest} == {"done"}
    assert limit_s <= killed_after_s <= limit_s + allowed_s(MARGIN_S)
    assert f"killing worker {worker}" in house.log("workers")
    assert ledger.verdict()


@pytest.fixture(scope="module")
def house(open_shared_house: Callable[..., BreakableHouse]) -> BreakableHouse:
    return open_shared_house(
        workers=2, run_lease_s=1, stall_limit_s=STALL_LIMIT_S, task_limit_s=TASK_LIMIT_S, max_starts=1
    )


def lived_s(house: BreakableHouse, recording: UUID, worker: int) -> float:
    """From the start of the recording's judging until its worker is gone."""
    house.wait_until(
        lambda: not is_alive(worker), f"worker {worker} is gone", within_s=TASK_LIMIT_S + allowed_s(MARGIN_S)
    )
    return house.now() - house.moments(recording, "running")[0]
