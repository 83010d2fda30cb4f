"""Scores out of evidence."""

import math
from dataclasses import replace

import pytest

from vocalverse.evidence.kind import Found, Moment, amount_column
from vocalverse.release.figures import columns
from vocalverse.release.reasoned import Heard, placed, weigh
from vocalverse.release.spec import HEARD, DimensionSpec, EvidenceSpec
from vocalverse.release.told import as_score

NAME = "phrase_ends_held"
ENDS = EvidenceSpec(NAME, weight=3.0, at=(-10.0, -2.0), to=(1.0, 5.0), enough=4.0)
NETWORK = EvidenceSpec(HEARD, weight=1.0, at=(-1.0, 1.0), to=(1.0, 5.0))


def known(value: float, amount: float) -> dict[str, float]:
    return dict.fromkeys(columns(), math.nan) | {NAME: value, amount_column(NAME): amount}


def breath(*evidence: EvidenceSpec) -> DimensionSpec:
    return DimensionSpec("breath", "Breath control", evidence=evidence)


def test_evidence_that_rests_on_much_says_nearly_what_it_is_worth():
    assert weigh(breath(ENDS), known(-2.0, 1e6), None).value == pytest.approx(5.0, abs=1e-4)


def test_evidence_that_rests_on_enough_counts_half():
    assert weigh(breath(ENDS), known(-2.0, 4.0), None).value == pytest.approx(4.0)


def test_nothing_known_is_the_usual_and_less_sure():
    unknown = weigh(breath(ENDS), dict.fromkeys(columns(), math.nan), None)
    assert (unknown.value, unknown.evidence) == (3.0, ())
    assert unknown.spread > weigh(breath(ENDS), known(-2.0, 40.0), None).spread


def test_a_score_is_the_usual_and_what_each_piece_adds():
    told = weigh(breath(ENDS, NETWORK), known(-8.0, 4.0), Heard(0.5, 0.1))
    assert told.value == pytest.approx(3.0 + sum(one.effect for one in told.evidence))
    assert [one.effect > 0 for one in told.evidence] == [False, True]


def test_a_better_measurement_never_lowers_a_score():
    values = [weigh(breath(ENDS, NETWORK), known(at / 2, 3.0), Heard(0.0, 0.1)).value for at in range(-30, 2)]
    assert values == sorted(values)
    assert values[0] < values[-1]


def test_the_moment_told_is_the_one_that_shows_it_best():
    found = {NAME: Found(-8.0, 9, (Moment(0, 3, -9.0), Moment(4, 6, -1.0), Moment(8, 9, -8.0)))}
    for value, start_s in ((-8.0, 0), (-2.5, 4)):
        told = weigh(breath(ENDS), known(value, 9.0), None)
        score = as_score("breath", told.value, told.spread, breath(ENDS))
        assert placed(replace(score, evidence=told.evidence), (ENDS,), found).evidence[0].from_s == start_s


@pytest.mark.parametrize("value", [-1.0, -12.0])
def test_of_moments_that_are_worth_as_much_the_longest_is_told(value: float):
    found = {NAME: Found(value, 9, (Moment(0, 2, value), Moment(4, 7, value - 0.5), Moment(8, 9, value + 0.5)))}
    told = weigh(breath(ENDS), known(value, 9.0), None)
    score = as_score("breath", told.value, told.spread, breath(ENDS))
    assert placed(replace(score, evidence=told.evidence), (ENDS,), found).evidence[0].from_s == 4
