"""From what heads say to what is told: the members' mean, calibrated, with its interval, on the scale and as a mark."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vocalverse.records import Mark, Score
from vocalverse.release.spec import Calibration, DimensionSpec, OverallSpec

if TYPE_CHECKING:
    from vocalverse.models.heads.batch import Estimate

Floats = npt.NDArray[np.floating]

_HIGHEST_MARK = 100.0


def together(members: "Sequence[Estimate]") -> "Estimate":
    """An ensemble's mean. It is as unsure as its members are, and as they differ."""
    import torch

    from vocalverse.models.heads.batch import Estimate

    values = torch.stack([member.value for member in members])
    spreads = torch.stack([member.spread for member in members])
    return Estimate(values.mean(0), (spreads.square().mean(0) + values.var(0, correction=0)).sqrt())


def calibrated(values: Floats, calibration: Calibration) -> Floats:
    """Level beyond its first and its last piece."""
    return np.interp(values, calibration.at, calibration.to) if calibration.at else np.asarray(values, np.float64)


def stretch(calibration: Calibration) -> float:
    """By how much all its pieces together widen or narrow what they map: spreads go with it. A level piece alone would
    tell of a certainty that nobody has.
    """
    if len(calibration.at) < 2 or calibration.to[-1] == calibration.to[0]:
        return 1.0
    return (calibration.to[-1] - calibration.to[0]) / (calibration.at[-1] - calibration.at[0])


def reach(spread: float, calibration: Calibration) -> float:
    """Half of the interval's width, before the scale ends it."""
    return calibration.reach * stretch(calibration) * spread


def as_score(name: str, value: float, spread: float, scale: DimensionSpec | OverallSpec) -> Score:
    """Of what a head, or a sum of dimensions, says."""
    middle = float(calibrated(np.asarray(value), scale.calibration))
    half = reach(spread, scale.calibration)
    told, low, high = (float(np.clip(one, scale.low, scale.high)) for one in (middle, middle - half, middle + half))
    return Score(name, told, low, high, Mark(_mark(told, scale), _mark(low, scale), _mark(high, scale)))


def _mark(value: float, scale: DimensionSpec | OverallSpec) -> float:
    return _HIGHEST_MARK * (value - scale.low) / (scale.high - scale.low)
