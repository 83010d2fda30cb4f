"""Find a backing in a recording: every delay is tried, and every clock that is not absurd."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from vocalverse.separate.known.alignment import Alignment
from vocalverse.separate.known.whitened import RATE_HZ, Signal

MAX_DRIFT = 300e-6  # quartz is within 100 ppm; two of them may differ by twice that
_WINDOW_S = 10.0
_WINDOWS = 8
_SMEAR = RATE_HZ // 100  # 10 ms: a room spreads the match over its first reflections
_STEP = _SMEAR // 2
_SHORTEST_S = 0.5

_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Place:
    """A first, rough answer: to some milliseconds."""

    alignment: Alignment
    significance: float  # how far the best match stands out, in deviations of all others; chance reaches 5


NOWHERE = Place(Alignment(0.0), 0.0)


def find(recording: Signal, backing: Signal, *, tick: Callable[[], None] = lambda: None) -> Place:
    """Where `backing` matches `recording` best, both whitened. Longer, shorter, earlier or later: all are tried."""
    window = min(len(recording), round(_WINDOW_S * RATE_HZ))
    if min(window, len(backing)) < _SHORTEST_S * RATE_HZ:
        return NOWHERE
    count = max(1, min(_WINDOWS, len(recording) // window))
    starts = np.linspace(0, len(recording) - window, count).astype(int)
    matches = _matches(recording, backing, starts, window, tick)
    return _best(matches, starts + window / 2, len(backing))


def _matches(
    recording: Signal, backing: Signal, starts: npt.NDArray[np.int_], window: int, tick: Callable[[], None]
) -> _Floats:
    """[windows, lags]: energy of each window's correlation with the backing, from lag −len(backing) in steps of _STEP."""
    size = fft.next_fast_len(len(backing) + window, real=True)
    spectrum = np.conj(fft.rfft(backing, size))
    lags = -(-(len(backing) + len(recording)) // _STEP) + 1
    rows = np.zeros((len(starts), lags), np.float32)
    for row, start in zip(rows, starts, strict=True):
        correlation = fft.irfft(fft.rfft(recording[start : start + window], size) * spectrum, size)
        energy = np.square(np.concatenate([correlation[size - len(backing) :], correlation[:window]]))
        mean = float(energy.mean())
        if mean > 0:
            _pool(energy / np.float32(mean), at=int(start), into=row)
        tick()
    return rows


def _pool(energy: _Floats, *, at: int, into: _Floats) -> None:
    smooth = uniform_filter1d(energy, _SMEAR, mode="constant")
    pooled = maximum_filter1d(smooth, _STEP, mode="constant")[(-at) % _STEP :: _STEP]
    first = -(-at // _STEP)
    fits = min(len(pooled), len(into) - first)
    into[first : first + fits] = pooled[:fits]


def _best(matches: _Floats, middles: npt.NDArray[np.float64], backing: int) -> Place:
    """Windows agree on one delay, or on delays that grow steadily: the slope at which they agree best is the drift."""
    away = (middles - middles.mean()) / _STEP
    steepest = int(np.ceil(MAX_DRIFT * max(float(away.max()), 1.0)))
    best = (-1.0, 0, 0.0)
    for slope in sorted(range(-steepest, steepest + 1), key=abs):
        drift = MAX_DRIFT * slope / steepest
        summed = np.zeros(matches.shape[1], np.float32)
        for row, distance in zip(matches, away, strict=True):
            summed += np.roll(row, -round(drift * distance))
        peak = int(np.argmax(summed))
        stands_out = float((summed[peak] - np.median(summed)) / (summed.std() + 1e-12))
        if stands_out > best[0] + 1e-6:  # a single window cannot tell: no drift, then
            best = (stands_out, peak, drift)
    significance, peak, drift = best
    lag_s = (peak * _STEP - backing) / RATE_HZ  # recording time − backing time, in the middle of the windows
    middle_s = float(middles.mean()) / RATE_HZ
    stretch = 1.0 / (1.0 - drift)
    return Place(Alignment(middle_s - stretch * (middle_s - lag_s), stretch), significance)
