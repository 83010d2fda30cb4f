"""Failure test 22: workers whose clocks are minutes off."""

import json
import time
from collections.abc import Callable
from datetime import datetime

from tests.chaos.breakable import BreakableHouse
from tests.chaos.ledger import Ledger

AHEAD_S, BEHIND_S = 300, -300


def test_nothing_runs_twice_where_the_workers_clocks_are_five_minutes_off(
    open_house: Callable[..., BreakableHouse], open_ledger: Callable[..., Ledger], song: bytes
) -> None:
    house = open_house(workers=0, run_lease_s=1)
    house.workers(1, name="ahead", clock_off_by_s=AHEAD_S)
    house.workers(1, name="behind", clock_off_by_s=BEHIND_S)
    ledger = open_ledger(house)
    recordings = ledger.upload_many(song, ["slow-2"] * 4)  # each outlives several leases
    house.wait_for_ends(recordings)
    assert abs(clock_off_s(house, "ahead") - AHEAD_S) < 60
    assert abs(clock_off_s(house, "behind") - BEHIND_S) < 60
    assert len(set(house.column("SELECT worker FROM tasks"))) == 2
    assert [house.count_events(one, "running") for one in recordings] == [1] * 4
    assert ledger.verdict()
    assert ledger.verdict().by_state == {"done": 4}


def clock_off_s(house: BreakableHouse, name: str) -> float:
    """As its logs have it."""
    last = json.loads(house.log(name).split("\n")[-2])  # what follows may be half written
    return datetime.fromisoformat(last["at"]).timestamp() - time.time()
