"""Intervals hold what they promise, and what is told rises with what heads say."""

from dataclasses import replace

import numpy as np
import pytest

from vocalverse.errors import TooFew
from vocalverse.release import conformal
from vocalverse.release.calibrate import Judged, Scale, fit, hold
from vocalverse.release.told import calibrated

SCALE = Scale(1.0, 5.0)


def judged(count: int, *, seed: int, sure: bool = True, slope: float = 1.0) -> Judged:
    """What is wanted lies about what was said, here nearer and there farther; `sure` heads know where."""
    draw = np.random.default_rng(seed)
    quality = draw.uniform(1.5, 4.5, count)
    spread = draw.choice([0.05, 0.4], count)
    wanted = np.clip(quality + spread * draw.standard_normal(count), 1, 5)
    known = spread if sure else np.full(count, 0.2)
    return Judged(slope * (quality - 3), known, wanted, [f"singer {number % 20}" for number in range(count)])


def test_the_reach_is_the_quantile_of_a_finite_sample():
    errors = np.array([0.3, -0.1, 0.2, -0.4, 0.5, 0.6, -0.7, 0.8, 0.9])
    assert conformal.fit(errors, np.ones(9), 0.9) == 0.9
    assert conformal.fit(errors, np.ones(9), 0.5) == 0.5
    assert conformal.fit(errors, np.full(9, 2.0), 0.5) == 0.25


def test_a_further_judgement_is_held_as_often_as_was_promised():
    """Split conformal's theorem: between 0.9 and 0.9 + 1/(n + 1), whatever the errors are."""
    draw = np.random.default_rng(0)
    held = []
    for _ in range(4000):
        errors, spreads = draw.standard_t(2, 20), draw.uniform(0.1, 1, 20)
        reach = conformal.fit(errors[:19], spreads[:19], 0.9)
        held.append(abs(errors[19]) <= reach * spreads[19])
    assert 0.885 < np.mean(held) < 0.965


def test_too_few_judgements_promise_nothing():
    with pytest.raises(TooFew, match="need 9 of them or more"):
        conformal.fit(np.zeros(8), np.ones(8), 0.9)
    with pytest.raises(TooFew, match="two singers"):
        fit(replace(judged(40, seed=0), singer=["the only one"] * 40), SCALE)


def test_who_knows_where_errors_lie_has_narrower_intervals_that_hold_as_much():
    told = hold(judged(400, seed=1), judged(2000, seed=2), SCALE)
    assert told.judgements == 2000
    assert 0.86 < told.coverage < 0.94
    assert 0.86 < told.constant_coverage < 0.94
    assert told.width < 0.85 * told.constant_width


def test_who_does_not_know_has_the_constant_width():
    told = hold(judged(400, seed=1, sure=False), judged(2000, seed=2, sure=False), SCALE)
    assert told.width == pytest.approx(told.constant_width, rel=0.02)
    assert told.coverage == pytest.approx(told.constant_coverage, abs=0.01)


@pytest.mark.parametrize("slope", [0.2, 1.0, 30.0])
def test_whatever_scale_a_head_speaks_on_the_told_scale_is_the_raters(slope: float):
    fitted = fit(judged(400, seed=1, slope=slope), SCALE)
    others = judged(500, seed=2, slope=slope)
    told = calibrated(others.value, fitted)
    assert np.sqrt(np.mean((told - others.wanted) ** 2)) < 0.33
    assert len(fitted.at) <= 10


def test_a_bent_head_is_straightened():
    draw = np.random.default_rng(3)
    wanted = draw.uniform(1.2, 4.8, 300)
    said = Judged(np.tanh(wanted - 3), np.full(300, 0.1), wanted, [f"singer {n % 10}" for n in range(300)])
    told = calibrated(said.value, fit(said, SCALE))
    assert np.abs(told - wanted).mean() < 0.06


def test_what_is_told_keeps_the_order_within_and_beyond_what_was_seen():
    fitted = fit(judged(400, seed=1), SCALE)
    said = np.linspace(-1.9, 1.9, 200)
    told = calibrated(said, fitted)
    inside = (told > 1) & (told < 5)
    assert inside.sum() > 150
    assert (np.diff(told[inside]) > 0).all()
    assert (np.diff(fitted.at) > 0).all()
    assert (np.diff(fitted.to) >= 0).all()
    assert (min(fitted.to), max(fitted.to)) == (1.0, 5.0)


@pytest.mark.parametrize("factor", [0.0, -1.0])
def test_a_head_that_knows_nothing_tells_the_mean_of_all(factor: float):
    known = judged(200, seed=1)
    useless = replace(known, value=factor * known.value)
    told = calibrated(np.linspace(-3, 3, 7), fit(useless, SCALE))
    assert told == pytest.approx(np.full(7, known.wanted.mean()), abs=0.02)


def test_a_handful_of_judgements_is_a_straight_line_s_worth():
    few = judged(12, seed=4)
    fitted = fit(few, SCALE)
    assert len(fitted.at) == 3
    assert np.abs(calibrated(few.value, fitted) - few.wanted).mean() < 0.4
