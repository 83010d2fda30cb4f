"""Lines that are sung once more, where the song has something else or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.against.line_search import Sought
from vocalverse.measure.frames import HOP_S
from vocalverse.measure.runs import runs

_PAUSE_S = 1.0  # within a line
_STRETCH_S = 1.5  # shorter ones are a word, or noise
_RIGHT = 0.6  # of a line's notes: a few of them fit anywhere
_NOTES = 4  # and fewer fit everywhere
_OVERHANG_S = 0.5
_AT_MOST = 200

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Repeat:
    line: int
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Candidates:
    lines: Sequence[int]
    sought: Sequence[Sought]
    gain_s: npt.NDArray[np.float32]  # [lines, lags]
    lags_s: npt.NDArray[np.float64]


def repeats(candidates: Candidates, voiced: Mask, taken: Mask) -> tuple[Repeat, ...]:
    """`taken` [frames] is sung where it belongs."""
    free = voiced & ~taken
    found: list[Repeat] = []
    while len(found) < _AT_MOST and (best := _best(candidates, _stretches(free))):
        found.append(best)
        free = free.copy()
        free[max(0, round(best.start_s / HOP_S)) : round(best.end_s / HOP_S)] = False
    return tuple(sorted(found, key=lambda repeat: repeat.start_s))


def _best(candidates: Candidates, stretches: Sequence[tuple[float, float]]) -> Repeat | None:
    best_s, best = 0.0, None
    for row, line in enumerate(candidates.sought):
        if len(line.spans) < _NOTES:
            continue
        for first_s, last_s in stretches:
            low, high = np.searchsorted(
                candidates.lags_s,
                (first_s - _OVERHANG_S - line.start * HOP_S, last_s + _OVERHANG_S - line.end * HOP_S),
            )
            if high <= low:
                continue
            at = int(low + candidates.gain_s[row, low:high].argmax())
            right_s = float(candidates.gain_s[row, at])
            if right_s > max(best_s, _RIGHT * line.asked_s):
                lag_s = float(candidates.lags_s[at])
                best_s = right_s
                best = Repeat(candidates.lines[row], line.start * HOP_S + lag_s, line.end * HOP_S + lag_s)
    return best


def _stretches(free: Mask) -> list[tuple[float, float]]:
    spans = [(run.start * HOP_S, run.stop * HOP_S) for run in runs(free, closing=int(_PAUSE_S / HOP_S) - 1)]
    return [(start, end) for start, end in spans if end - start >= _STRETCH_S]
