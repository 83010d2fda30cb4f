"""From deviations to marks, and from marks to a score that says how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_DRAWS = 500
_SEED = 20_240
_PHRASES_AT_LEAST = 4  # fewer tell nothing of how much phrases differ: then notes are drawn
_INSIDE = (2.5, 97.5)  # percentiles


@dataclass(frozen=True)
class Score:
    """0 to 100. In 95 of 100 takes of the same singing it would lie between `low` and `high`."""

    value: float
    low: float
    high: float


def marks(deviations: npt.ArrayLike, *, full_to: float, none_from: float) -> Values:
    """0 to 1 for each: all up to the first, nothing from the second, in between a straight line."""
    off = np.abs(np.asarray(deviations, np.float64))
    given: Values = np.clip((none_from - off) / (none_from - full_to), 0, 1)
    return given


def score(given: npt.ArrayLike, weights: npt.ArrayLike, phrases: Sequence[int]) -> Score | None:
    """Of notes' marks. The interval comes from drawing phrases anew: a singer is off for whole phrases."""
    each, weight = np.asarray(given, np.float64), np.asarray(weights, np.float64)
    if not weight.sum() > 0:
        return None
    _, unit = np.unique(np.asarray(phrases), return_inverse=True)
    if unit.max() + 1 < _PHRASES_AT_LEAST:
        unit = np.arange(len(each))
    got, possible = np.bincount(unit, each * weight), np.bincount(unit, weight)
    times = np.random.default_rng(_SEED).multinomial(len(got), np.full(len(got), 1 / len(got)), size=_DRAWS)
    drawn = (times @ got) / np.maximum(times @ possible, 1e-12)
    value = 100 * float(got.sum() / possible.sum())
    low, high = 100 * np.percentile(drawn, _INSIDE)
    return Score(value, min(value, float(low)), max(value, float(high)))


def weighted_median(values: npt.ArrayLike, weights: npt.ArrayLike) -> float:
    each, weight = np.asarray(values, np.float64), np.asarray(weights, np.float64)
    order = np.argsort(each, kind="stable")
    summed = np.cumsum(weight[order])
    return float(each[order][np.searchsorted(summed, summed[-1] / 2)])


def middle_spread(values: npt.ArrayLike, weights: npt.ArrayLike) -> float:
    """Half of the span that holds the middle 68 %: a standard deviation that a few strays do not move."""
    each, weight = np.asarray(values, np.float64), np.asarray(weights, np.float64)
    order = np.argsort(each, kind="stable")
    share = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    low, high = np.interp((0.16, 0.84), share, each[order])
    return float(high - low) / 2
