"""How far an interval must reach to hold what it promises: split conformal prediction, scaled by what the head says
of its own sureness.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.errors import TooFew

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Intervals:
    low: Floats
    high: Floats

    @property
    def width(self) -> float:
        """Their mean."""
        return float((self.high - self.low).mean())

    def coverage(self, wanted: Floats) -> float:
        """Share of what was wanted that lies within."""
        return float(((self.low <= wanted) & (wanted <= self.high)).mean())


@dataclass(frozen=True)
class Held:
    """What intervals held on judgements that none of them was fitted on."""

    judgements: int
    coverage: float
    width: float
    constant_coverage: float  # the same of intervals that are all of one width, fitted on the same judgements
    constant_width: float


def fit(errors: Floats, spreads: Floats, coverage: float) -> float:
    """By what spreads are multiplied, so that a further judgement lies within with at least that probability: the
    quantile of errors in spreads, as finite a sample as it is.
    """
    rank = _up((len(errors) + 1) * coverage)
    if rank > len(errors):
        least = _up(coverage / (1 - coverage))
        raise TooFew(
            f"Intervals that hold {coverage:.0%} of judgements need {least} of them or more to be calibrated on, and"
            f" there are {len(errors)}: rate more clips, or ask for less coverage."
        )
    return float(np.sort(np.abs(errors) / spreads)[rank - 1])


def held(wanted: Floats, told: Intervals, constant: Intervals) -> Held:
    return Held(len(wanted), told.coverage(wanted), told.width, constant.coverage(wanted), constant.width)


def _up(count: float) -> int:
    """The next whole number, whatever the last bit of 0.9 is."""
    return math.ceil(count - 1e-9)
