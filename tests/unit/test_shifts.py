"""How far one judge's marks lie from another's."""

import numpy as np
import pytest

from vocalverse.evaluation.shifts import Marked, shift


def marked(before: list[float], after: list[float], *, half: float = 5.0) -> Marked:
    middle = np.array(before)
    return Marked(middle, middle - half, middle + half, np.array(after))


def test_a_shift_is_the_second_against_the_first():
    found = shift(marked([10, 20, 30, 40, 50], [12, 22, 32, 42, 82]))
    assert (found.takes, found.mean, found.median) == (5, 8, 2)
    assert (found.lowest_tenth, found.highest_tenth) == pytest.approx((2, 20))
    assert found.beyond == pytest.approx(0.2)
    assert found.order == pytest.approx(1)


def test_a_judge_against_itself_is_not_shifted():
    found = shift(marked([10, 20, 30], [10, 20, 30], half=0))
    assert (found.mean, found.median, found.beyond, found.order) == (0, 0, 0, 1)


def test_what_lies_on_an_interval_s_end_is_within_it():
    assert shift(marked([10, 20], [15, 15])).beyond == 0
    assert shift(marked([10, 20], [15.1, 14.9])).beyond == 1


def test_the_order_is_turned_round_or_not_to_be_told():
    assert shift(marked([1, 2, 3], [3, 2, 1])).order == pytest.approx(-1)
    assert shift(marked([1, 2, 3], [2, 2, 2])).order is None
    assert shift(marked([1], [2])).order is None
