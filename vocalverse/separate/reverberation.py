"""How reverberant a voice is, told from how it dies away.

Whatever the singer does, no sound ends faster than the room lets it; and what falls along one straight line in dB, far
enough, is the room's. So the steepest straight falls tell it: short ones would be steeper than any room for want of
length, and are believed only where they reach as far down as `_FALL_DB`.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import convolve1d, correlate1d

from vocalverse.audio.waveform import Samples

_SAMPLE_RATE_HZ = 44_100
_WINDOW, _HOP = 1024, 512
_FRAMES_AT_ONCE = 4096
_EDGES_HZ = np.geomspace(300, 6_000, 13)  # a voice's strong bands
_LENGTHS = (6, 10, 14, 20, 28, 40, 56, 80, 112)  # hops: 0.07 s to 1.3 s
_FALL_DB = 24.0
_LEAST_FALL_DB = 2.5
_STARTS_WITHIN_DB, _ENDS_WITHIN_DB = 25.0, 50.0  # of the band's loud frames: noise lies below
_STEEPEST_SHARE = 0.1
_FALLS_AT_LEAST = 20
_SILENCE = 1e-14

Levels = npt.NDArray[np.float64]  # [frames, bands], dB


@dataclass(frozen=True)
class Room:
    """None where it cannot be known: a dry voice says nothing of its room."""

    t60_s: float | None  # until reverberation has fallen by 60 dB
    drr_db: float | None  # the voice with its first reflections against the rest


def estimate(voice: Samples, *, late_db: float | None = None, after_s: float = 0.0) -> Room:
    """The room of `voice` [frames, channels] at 44.1 kHz.

    `late_db`: the energy that comes more than `after_s` late, against all; without it the ratio stays unknown.
    """
    t60_s = reverberation_time_s(voice)
    if t60_s is None or late_db is None:
        return Room(t60_s, None)
    share = 10 ** (late_db / 10) * 10 ** (6 * after_s / t60_s)  # had it been counted from the beginning
    return Room(t60_s, 10 * math.log10((1 - share) / share) if share < 1 else None)


def reverberation_time_s(voice: Samples) -> float | None:
    """T60 where falls of one length fit a room: the steepest of them go down by `_FALL_DB` over just that length."""
    levels = _band_levels(voice)
    before: tuple[float, float] | None = None
    for length in _LENGTHS:
        t60_s = _steepest_falls_s(levels, length) if len(levels) >= length else None
        if t60_s is None:
            continue
        asked_s = 60 / _FALL_DB * (length - 1) * _HOP / _SAMPLE_RATE_HZ
        if t60_s <= asked_s:
            return _crossing(before, (t60_s, asked_s))
        before = t60_s, asked_s
    return None


def _crossing(before: tuple[float, float] | None, after: tuple[float, float]) -> float:
    """T60 between two lengths, where what is measured equals what the length asks for."""
    if before is None:
        return after[0]
    above, below = before[0] - before[1], after[1] - after[0]
    return float(np.average([before[0], after[0]], weights=[below + 1e-9, above]))


def _steepest_falls_s(levels: Levels, length: int) -> float | None:
    """T60 by the steepest tenth of the straight falls over `length` frames."""
    time = np.arange(length) - (length - 1) / 2
    spread = float(np.mean(np.square(time)))
    middle = slice(length // 2, len(levels) - (length - 1) // 2)
    slope = correlate1d(levels, time / (spread * length), axis=0)[middle]
    mean = correlate1d(levels, np.full(length, 1 / length), axis=0)[middle]
    square = correlate1d(np.square(levels), np.full(length, 1 / length), axis=0)[middle]
    rest = np.sqrt(np.maximum(square - np.square(mean) - np.square(slope) * spread, 0))
    fall, loud = -slope * (length - 1), np.quantile(levels, 0.95, axis=0)
    starts, ends = levels[: len(slope)], levels[length - 1 :]
    straight = (fall > _LEAST_FALL_DB) & (rest < 1.0 + 0.2 * math.sqrt(length / 10))
    falls = straight & (starts > loud - _STARTS_WITHIN_DB) & (ends > loud - _ENDS_WITHIN_DB)
    if np.count_nonzero(falls) < _FALLS_AT_LEAST:
        return None
    return float(np.quantile(60 * _HOP / _SAMPLE_RATE_HZ / -slope[falls], _STEEPEST_SHARE))


def _band_levels(voice: Samples) -> Levels:
    """Of all channels together, smoothed over three frames."""
    count = max(0, (len(voice) - _WINDOW) // _HOP + 1)
    parts = [_levels(voice, start, min(start + _FRAMES_AT_ONCE, count)) for start in range(0, count, _FRAMES_AT_ONCE)]
    if not parts:
        return np.zeros((0, len(_EDGES_HZ) - 1))
    return np.asarray(convolve1d(np.concatenate(parts), [0.25, 0.5, 0.25], axis=0), np.float64)


def _levels(voice: Samples, start: int, stop: int) -> Levels:
    heard = voice[start * _HOP : (stop - 1) * _HOP + _WINDOW]
    window = np.hanning(_WINDOW).astype(np.float32)
    edges = np.searchsorted(np.fft.rfftfreq(_WINDOW, 1 / _SAMPLE_RATE_HZ), _EDGES_HZ)
    power = np.zeros((stop - start, len(edges) - 1))
    for channel in heard.T:
        windows = np.lib.stride_tricks.sliding_window_view(channel, _WINDOW)[::_HOP] * window
        spectrum = np.square(np.abs(np.fft.rfft(windows)))
        power += np.add.reduceat(spectrum, edges, axis=1)[:, :-1]
    return 10 * np.log10(power + _SILENCE)
