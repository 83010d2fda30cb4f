"""From judgements beside what was wanted: the map from what heads say to what is told, and how far intervals reach."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

from vocalverse.errors import TooFew
from vocalverse.release import conformal
from vocalverse.release.conformal import Held, Intervals
from vocalverse.release.spec import Calibration
from vocalverse.release.told import calibrated, stretch

Floats = npt.NDArray[np.float64]

_MOST_PIECES = 8
_JUDGEMENTS_A_PIECE = 10
_FOLDS = 5
# Of the slope of the straight line: a level piece would tell takes apart no more that the head tells apart.
_LEAST_SLOPE = 0.2


@dataclass(frozen=True)
class Judged:
    """What heads said of clips that they did not learn from, and what was wanted. One place each for every clip."""

    value: Floats
    spread: Floats
    wanted: Floats
    singer: Sequence[str]

    def where(self, kept: npt.NDArray[np.bool_]) -> "Judged":
        singers = [singer for singer, keep in zip(self.singer, kept, strict=True) if keep]
        return Judged(self.value[kept], self.spread[kept], self.wanted[kept], singers)


@dataclass(frozen=True)
class Scale:
    low: float = 1.0
    high: float = 5.0


def fit(judged: Judged, scale: Scale, coverage: float = 0.9) -> Calibration:
    """The map from all of them. Intervals from errors of maps that knew nothing of the singer, since on what it was
    fitted to a map is better than it will be.
    """
    fitted = _map(judged, scale)
    spreads = stretch(fitted) * judged.spread
    return replace(fitted, reach=conformal.fit(_errors(judged, scale), spreads, coverage), coverage=coverage)


def hold(fitted_on: Judged, others: Judged, scale: Scale, coverage: float = 0.9) -> Held:
    """What intervals hold on other singers, beside intervals that reach equally far for all."""
    fitted = fit(fitted_on, scale, coverage)
    errors = _errors(fitted_on, scale)
    constant = conformal.fit(errors, np.ones(len(errors)), coverage)
    told = _told(others, fitted, scale)
    reaches = fitted.reach * stretch(fitted) * others.spread
    return conformal.held(
        others.wanted, _around(told, reaches, scale), _around(told, np.full_like(told, constant), scale)
    )


def _around(told: Floats, reaches: Floats, scale: Scale) -> Intervals:
    return Intervals(np.clip(told - reaches, scale.low, scale.high), np.clip(told + reaches, scale.low, scale.high))


def _told(judged: Judged, fitted: Calibration, scale: Scale) -> Floats:
    return np.clip(calibrated(judged.value, fitted), scale.low, scale.high)


def _errors(judged: Judged, scale: Scale) -> Floats:
    """Of each singer's clips, told by a map that was fitted on other singers."""
    names = sorted(set(judged.singer))
    if len(names) < 2:
        raise TooFew(f"Calibrating needs clips of two singers or more, and there is {len(names)}: rate more of them.")
    fold_of = {name: number % _FOLDS for number, name in enumerate(names)}
    fold = np.array([fold_of[singer] for singer in judged.singer])
    errors = np.empty_like(judged.value)
    for number in set(fold_of.values()):
        here = fold == number
        errors[here] = _told(judged.where(here), _map(judged.where(~here), scale), scale) - judged.wanted[here]
    return errors


def _map(judged: Judged, scale: Scale) -> Calibration:
    """Straight pieces through the means of equally many judgements, rising, and on to the ends of the scale."""
    slope = _slope(judged)
    if slope == 0:
        return _level(judged)
    order = np.argsort(judged.value, kind="stable")
    count = int(np.clip(len(order) // _JUDGEMENTS_A_PIECE, 1, _MOST_PIECES))
    blocks = np.array_split(order, count)
    at = np.array([judged.value[block].mean() for block in blocks])
    to = np.array([judged.wanted[block].mean() for block in blocks])
    least = _LEAST_SLOPE * slope
    rising = isotonic_regression(to - least * at, weights=[len(block) for block in blocks]).x + least * at
    return _through(at, rising, slope, scale)


def _slope(judged: Judged) -> float:
    """Of the straight line through all; 0 where the head says the same of all, or the worse of the better."""
    spread = judged.value - judged.value.mean()
    below = float(spread @ spread)
    return max(0.0, float(spread @ judged.wanted) / below) if below > 0 else 0.0


def _level(judged: Judged) -> Calibration:
    """Of a head that knows nothing: the mean, whatever it says."""
    first, mean = float(judged.value.min()), float(judged.wanted.mean())
    return Calibration(at=(first, first + 1.0), to=(mean, mean))


def _through(at: Floats, to: Floats, slope: float, scale: Scale) -> Calibration:
    """Beyond the first and the last mean it goes on as the straight line does."""
    distinct = np.append(True, np.diff(at) > 0)
    at, to = at[distinct], np.clip(to[distinct], scale.low, scale.high)
    if to[0] > scale.low:
        at, to = np.append(at[0] - (to[0] - scale.low) / slope, at), np.append(scale.low, to)
    if to[-1] < scale.high:
        at, to = np.append(at, at[-1] + (scale.high - to[-1]) / slope), np.append(to, scale.high)
    return Calibration(at=tuple(map(float, at)), to=tuple(map(float, to)))
