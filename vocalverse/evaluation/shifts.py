"""How far one judge's marks lie from another's, of the same takes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Marks = npt.NDArray[np.float64]  # [takes], 0 to 100


@dataclass(frozen=True)
class Marked:
    """What two judges say of the same takes; the first one's with its intervals."""

    before: Marks
    low: Marks
    high: Marks
    after: Marks


@dataclass(frozen=True)
class Shift:
    """Of the second against the first; above 0 the second is milder."""

    takes: int
    mean: float
    median: float
    lowest_tenth: float  # a tenth of the shifts lies below
    highest_tenth: float  # and a tenth above
    beyond: float  # share of takes that the second marks outside of the first one's interval
    order: float | None  # Spearman's ρ between the two; None where either marks all takes alike, or there are two


def shift(marked: Marked) -> Shift:
    """Of one take at least."""
    moved = marked.after - marked.before
    lowest, median, highest = np.quantile(moved, (0.1, 0.5, 0.9))
    beyond = (marked.after < marked.low) | (marked.after > marked.high)
    return Shift(
        takes=len(moved),
        mean=float(moved.mean()),
        median=float(median),
        lowest_tenth=float(lowest),
        highest_tenth=float(highest),
        beyond=float(beyond.mean()),
        order=_order(marked.before, marked.after),
    )


def _order(before: Marks, after: Marks) -> float | None:
    from scipy.stats import rankdata

    if len(before) < 3 or np.ptp(before) == 0 or np.ptp(after) == 0:
        return None
    return float(np.corrcoef(rankdata(before), rankdata(after))[0, 1])
