"""Stretches of frames for which something holds."""

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S


def runs(holds: npt.NDArray[np.bool_], *, closing: int = 0) -> list[range]:
    """Of frames, in order. Gaps of up to `closing` frames between two are closed."""
    at = np.flatnonzero(holds)
    if not len(at):
        return []
    cuts = np.flatnonzero(np.diff(at) > closing + 1)
    firsts, lasts = at[np.append(0, cuts + 1)], at[np.append(cuts, len(at) - 1)]
    return [range(int(first), int(last) + 1) for first, last in zip(firsts, lasts, strict=True)]


def frames_between(start_s: float, end_s: float, *, count: int) -> slice:
    """Those that are centred there, of `count`."""
    first, last = round(start_s / HOP_S), round(end_s / HOP_S)
    return slice(min(max(first, 0), count), min(max(last, 0), count))
