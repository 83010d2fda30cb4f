"""Failure test 1: every acknowledged recording ends exactly once, whatever is killed while recordings flow."""

from pathlib import Path

import pytest

from tests.chaos.havoc import Outcome, Plan, Target, wreak
from tests.chaos.table import PLAN, table


def test_every_acknowledged_recording_ends_exactly_once_though_each_part_is_killed(tmp_path: Path) -> None:
    must_hold(wreak(tmp_path / "house", 1, Plan(strikes=len(Target), singers=4)))


@pytest.mark.chaos
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_acknowledged_recording_ends_exactly_once_through_minutes_of_havoc(tmp_path: Path, seed: int) -> None:
    must_hold(wreak(tmp_path / "house", seed, PLAN))


def must_hold(outcome: Outcome) -> None:
    print(table([outcome]))
    assert set(outcome.kills) == set(Target)
    assert outcome.verdict, outcome.verdict
    assert outcome.verdict.by_state.get("done", 0) > 0
