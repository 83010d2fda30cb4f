"""Failure test 7: Postgres is killed while recordings come in."""

from collections.abc import Callable

import pytest

from tests.chaos.breakable import BreakableHouse
from tests.chaos.ledger import Ledger


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.chaos)])
def test_what_was_acknowledged_exists_though_postgres_was_killed_under_ingest(
    open_house: Callable[..., BreakableHouse], open_ledger: Callable[..., Ledger], song: bytes, kills: int
) -> None:
    house = open_house(workers=0)
    ledger = open_ledger(house)
    with ledger.singing(song, singers=4):
        for _ in range(kills):
            flowing = len(ledger.entries) + 8
            house.wait_until(lambda: len(ledger.entries) >= flowing, "recordings come in", within_s=120)  # noqa: B023
            house.restart_postgres()
        house.wait_until(house.answers, "the gateway answers again", within_s=120)
    assert len(ledger.entries) > 8 * kills
    assert not ledger.missing()
    assert house.scalar("SELECT count(*) FROM tasks WHERE state = 'ready'") == len(ledger.entries)
