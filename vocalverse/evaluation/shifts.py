"""How far one judge's marks lie from another's, of the same takes."""

from dataclasses import dataclass

import numpy as np

from vocalverse.evaluation.correlation import srcc
from vocalverse.evaluation.figure import Floats


@dataclass(frozen=True)
class Marked:
    """What two judges say of the same takes, 0 to 100; the first one's with its intervals. [takes]."""

    before: Floats
    low: Floats
    high: Floats
    after: Floats


@dataclass(frozen=True)
class Shift:
    """Of the second against the first; above 0 the second is milder."""

    takes: int
    mean: float
    median: float
    lowest_tenth: float  # a tenth of the shifts lies below
    highest_tenth: float  # and a tenth above
    beyond: float  # share of takes that the second marks outside of the first one's interval
    order: float | None  # Spearman's ρ between the two; None where either marks all takes alike


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
        order=srcc(marked.after, marked.before),
    )
