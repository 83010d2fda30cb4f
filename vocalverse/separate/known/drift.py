"""Delay to the sample and drift to a few millionths, from where the rough search ended."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from vocalverse.separate.known.alignment import Alignment
from vocalverse.separate.known.place import MAX_DRIFT
from vocalverse.separate.known.whitened import RATE_HZ, Signal

_REACH = RATE_HZ // 16  # samples either way of the rough place that are looked at
_WINDOW_S = 3.0
_MOST_WINDOWS = 120
_TELLING_S = 6.0  # less than this in common tells no drift that is worth believing: clocks differ by less
_SHORTEST = RATE_HZ // 8
_SIZE = 4 * _REACH  # of the transform of each window's correlation, zeros included
_TOP_HZ = 3_800.0
_EARLY = 0.6  # of the strongest arrival: an earlier one as strong as this is the direct sound
_FINE = 32  # steps per sample where the peak is read

_Tick = Callable[[], None]
_Complex = npt.NDArray[np.complex64]


@dataclass(frozen=True)
class _Windows:
    middles_s: npt.NDArray[np.float64]  # in the recording, from their mean
    mean_s: float
    spectra: _Complex  # [windows, bins] of each correlation about the place expected


def refine(recording: Signal, backing: Signal, rough: Alignment, *, tick: _Tick = lambda: None) -> Alignment:
    """The drift at which all windows' correlations fall upon each other, and the delay at which their sum peaks.

    Laid over each other whole: a room has many reflections about as strong as the first, and windows that each chose
    their own would scatter.
    """
    shared = _shared(recording, backing, rough)
    if len(shared) < _SHORTEST:
        return rough
    if short := len(shared) < _TELLING_S * RATE_HZ:
        middle_s = (shared.start + shared.stop) / 2 / RATE_HZ
        rough = Alignment(middle_s - rough.backing_s(middle_s))
    windows = _correlate(recording, backing, rough, shared, tick)
    slope = 0.0 if short else _slope(windows, tick)
    summed = (windows.spectra * _ramp(windows, np.array([slope]))[0]).sum(axis=0)
    late_s = _first_arrival(summed)
    # The lag, recording time − backing time, was expected at `rough`; it is `late_s + slope × (t − mean)` more.
    backing_s = rough.backing_s(windows.mean_s) - late_s
    stretch = 1.0 / (1.0 / rough.stretch - slope)
    return Alignment(windows.mean_s - stretch * backing_s, stretch)


def _shared(recording: Signal, backing: Signal, rough: Alignment) -> range:
    """The samples of `recording` in which `backing` sounds."""
    first = round(max(rough.delay_s, 0) * RATE_HZ)
    last = round((rough.delay_s + rough.stretch * len(backing) / RATE_HZ) * RATE_HZ)
    return range(first, max(first, min(last, len(recording))))


def _correlate(recording: Signal, backing: Signal, rough: Alignment, shared: range, tick: _Tick) -> _Windows:
    length = min(round(_WINDOW_S * RATE_HZ), len(shared) // 4)
    hop = max(length // 2, (len(shared) - length) // _MOST_WINDOWS)
    size = fft.next_fast_len(2 * length + 2 * _REACH, real=True)
    middles, spectra = [], []
    for start in range(shared.start, shared.stop - length + 1, hop):
        middle_s = (start + length / 2) / RATE_HZ
        centre = rough.backing_s(middle_s) * RATE_HZ
        first = round(centre - length / 2)
        other = _part(backing, first - _REACH, first + length + _REACH)
        spectrum = np.conj(fft.rfft(other, size)) * fft.rfft(recording[start : start + length], size)
        correlation = np.roll(fft.irfft(spectrum, size), 2 * _REACH)[: 2 * _REACH + 1]
        shift = np.exp(-2j * np.pi * fft.rfftfreq(_SIZE) * (first - (centre - length / 2)))
        middles.append(middle_s)
        spectra.append((fft.rfft(correlation * np.hanning(2 * _REACH + 3)[1:-1], _SIZE) * shift).astype(np.complex64))
        tick()
    mean_s = float(np.mean(middles))
    return _Windows(np.array(middles) - mean_s, mean_s, np.array(spectra)[:, : int(_TOP_HZ / RATE_HZ * _SIZE)])


def _part(signal: Signal, first: int, last: int) -> Signal:
    """With zeros where `signal` is over or has not begun."""
    inside = signal[max(0, first) : max(0, last)]
    return np.pad(inside, (min(max(0, -first), last - first), max(0, last - max(len(signal), first))))


def _ramp(windows: _Windows, slopes: npt.NDArray[np.float64]) -> _Complex:
    """[slopes, windows, bins] that undo a lag growing by `slope` seconds a second."""
    hz = np.arange(windows.spectra.shape[1]) * RATE_HZ / _SIZE
    lags_s = slopes[:, None] * windows.middles_s
    turns: _Complex = np.exp(2j * np.pi * lags_s[:, :, None] * hz).astype(np.complex64)
    return turns


def _slope(windows: _Windows, tick: _Tick) -> float:
    """Low notes first, which cannot be mistaken by a whole turn; then ever higher ones, in ever finer steps."""
    span_s = float(np.ptp(windows.middles_s))
    centre, reach = 0.0, 2 * MAX_DRIFT
    for top_hz in (475.0, 950.0, 1_900.0, _TOP_HZ):
        bins = int(top_hz / RATE_HZ * _SIZE)
        band = _Windows(windows.middles_s, windows.mean_s, windows.spectra[:, :bins])
        step = 0.1 / (top_hz * span_s)
        tried = centre + np.arange(-np.ceil(reach / step), np.ceil(reach / step) + 1) * step
        heights = np.array([_agreement(band, slope, tick) for slope in tried])
        best = int(np.argmax(heights))
        centre, reach = float(tried[best]) + step * _vertex(heights, best), 4 * step
    return centre


def _agreement(windows: _Windows, slope: float, tick: _Tick) -> float:
    tick()
    summed = (windows.spectra * _ramp(windows, np.array([slope]))[0]).sum(axis=0)
    return float(np.square(np.abs(summed)).sum())


def _vertex(heights: npt.NDArray[np.float64], best: int) -> float:
    """Of the parabola through the highest and its neighbours, in steps from the highest."""
    if not 0 < best < len(heights) - 1:
        return 0.0
    left, middle, right = heights[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float(0.5 * (left - right) / bend) if bend < 0 else 0.0


def _first_arrival(summed: _Complex) -> float:
    """Seconds after the place expected at which the direct sound arrives."""
    whole = np.zeros(_SIZE * _FINE // 2 + 1, np.complex64)
    whole[: len(summed)] = summed
    curve = np.abs(fft.irfft(whole, _SIZE * _FINE))[: 2 * _REACH * _FINE]
    peaks = np.flatnonzero((curve[1:-1] >= curve[:-2]) & (curve[1:-1] > curve[2:])) + 1
    strong = peaks[curve[peaks] >= _EARLY * curve[peaks].max()] if len(peaks) else np.array([_REACH * _FINE])
    return (float(strong[0]) / _FINE - _REACH) / RATE_HZ
