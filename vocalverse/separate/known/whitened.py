"""A recording as alignment hears it: mono, narrow, and every note as loud as every other, so that timing alone counts."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft

from vocalverse.audio.waveform import Samples

RATE_HZ = 8_000
_FRAME = 1_024
_HOP = _FRAME // 2
_LOW_HZ, _HIGH_HZ = 80.0, 3_800.0
_FRAMES_AT_ONCE = 2_048
_SILENT = 1e-3  # of the mean magnitude: what is quieter is not raised to the level of the rest
_ALIKE = 1e-2  # of the energy: a sum of channels under it is two channels of opposite polarity

Signal = npt.NDArray[np.float32]  # [samples] at RATE_HZ


def whitened(samples: Samples, *, sample_rate_hz: int, tick: Callable[[], None] = lambda: None) -> Signal:
    """`samples` [frames, channels] at RATE_HZ, each bin of its short-time spectrum brought to the same magnitude."""
    low = at_low_rate(samples, sample_rate_hz)
    tick()
    window = np.sqrt(np.hanning(_FRAME + 1)[:_FRAME]).astype(np.float32)
    padded = np.pad(low, (_FRAME, _FRAME + _HOP))
    frames = sliding_window_view(padded, _FRAME)[::_HOP]
    loudness = np.sqrt(np.mean(np.square(low), dtype=np.float64) * np.square(window).sum()) if len(low) else 0.0
    hz = fft.rfftfreq(_FRAME, 1 / RATE_HZ)
    outside = (hz < _LOW_HZ) | (hz > _HIGH_HZ)
    white = np.zeros_like(padded)
    for first in range(0, len(frames), _FRAMES_AT_ONCE):
        spectrum = fft.rfft(frames[first : first + _FRAMES_AT_ONCE] * window, axis=1)
        spectrum /= np.abs(spectrum) + np.float32(_SILENT * loudness + 1e-12)
        spectrum[:, outside] = 0
        for index, frame in enumerate(fft.irfft(spectrum, _FRAME, axis=1) * window, start=first):
            white[index * _HOP : index * _HOP + _FRAME] += frame
        tick()
    return white[_FRAME : _FRAME + len(low)]


def at_low_rate(samples: Samples, sample_rate_hz: int) -> Signal:
    mono = samples.mean(axis=1, dtype=np.float32)
    if float(np.vdot(mono, mono)) < _ALIKE * float(np.vdot(samples[:, 0], samples[:, 0])):
        mono = samples[:, 0]
    low: Signal = soxr.resample(mono, sample_rate_hz, RATE_HZ).astype(np.float32, copy=False)
    return low - low.mean(dtype=np.float32) if len(low) else low
