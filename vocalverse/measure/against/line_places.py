"""Where lines lie exactly, once it is known roughly: to 10 ms, near a straight line of time."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vocalverse.measure.against.line_search import CLASSES, VOICE, Floats, Sought

_REACH = 80  # frames, either way: what a line may be off, and what the rough search leaves open
_MOVING_COSTS_S = 0.3  # where a line fits as well where the one before it lies, it lies there


def exact_lags(like: Floats, lines: Sequence[Sought], rough: npt.NDArray[np.intp], key: int) -> npt.NDArray[np.intp]:
    """[lines], frames: the best way through what lies around `rough`."""
    gain_s = _around(like, lines, rough, key)
    came_from = np.zeros(gain_s.shape, np.intp)
    total = gain_s[0]
    for index in range(1, len(lines)):
        best = int(total.argmax())
        jumped = np.maximum(total, total[best] - np.float32(_MOVING_COSTS_S))
        came_from[index] = np.where(jumped > total, best, np.arange(len(total)))
        total = jumped + gain_s[index]
    chosen = np.empty(len(lines), np.intp)
    chosen[-1] = total.argmax()
    for index in range(len(lines) - 1, 0, -1):
        chosen[index - 1] = came_from[index, chosen[index]]
    return rough + chosen - _REACH


def _around(like: Floats, lines: Sequence[Sought], rough: npt.NDArray[np.intp], key: int) -> Floats:
    """[lines, places], seconds of right singing."""
    places = np.arange(-_REACH, _REACH + 1)
    last = like.shape[1] - 1
    found = np.zeros((len(lines), len(places)), np.float32)
    for index, line in enumerate(lines):
        for start, end, row in line.spans:
            sums = like[row if row == VOICE else (row + key) % CLASSES]
            at = rough[index] + places
            found[index] += sums[np.clip(at + end, 0, last)] - sums[np.clip(at + start, 0, last)]
    return found
