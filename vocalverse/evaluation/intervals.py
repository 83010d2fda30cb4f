"""Whether a judge is as right as it says: told against rated, and how often ratings lie in its intervals."""

from dataclasses import dataclass

import numpy as np

from vocalverse.evaluation.judgements import Judgements
from vocalverse.release.conformal import Intervals

_BINS = 5


@dataclass(frozen=True)
class Bin:
    """Clips of which the judge says about the same."""

    told: float
    rated: float
    n: int


@dataclass(frozen=True)
class Sureness:
    """`constant_width` is how wide intervals that are all of one width, around the same scores, must be to hold as many
    of these very ratings: fitted to them, which the judge's are not.
    """

    n: int
    coverage: float
    width: float
    constant_width: float


def reliability(found: Judgements, bins: int = _BINS) -> tuple[Bin, ...]:
    """By equal shares of clips, from the lowest score to the highest."""
    ordered = np.argsort(found.told, kind="stable")
    return tuple(
        Bin(float(found.told[part].mean()), float(found.rated[part].mean()), len(part))
        for part in np.array_split(ordered, bins)
        if len(part)
    )


def sureness(found: Judgements) -> Sureness | None:
    """None where the judge gives no intervals."""
    known = np.isfinite(found.low) & np.isfinite(found.high)
    if not known.any():
        return None
    told = Intervals(found.low[known], found.high[known])
    rated = found.rated[known]
    coverage = told.coverage(rated)
    errors = np.sort(np.abs(found.told[known] - rated))
    enough = round(coverage * len(errors))
    return Sureness(len(errors), coverage, told.width, 2 * float(errors[enough - 1]) if enough else 0.0)
