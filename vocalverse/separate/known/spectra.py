"""Short-time spectra, long enough that a room's first reflections fall within one frame."""

from functools import cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft

from vocalverse.audio.waveform import Samples

SIZE = 8_192
HOP = SIZE // 4
BINS = SIZE // 2 + 1

Spectrum = npt.NDArray[np.complex64]  # [bins, channels, frames]


def frames_for(samples: int) -> int:
    """How many frames `spectrum` has for so many samples."""
    return (samples + SIZE - 1) // HOP + 1


def spectrum(samples: Samples, *, late: float = 0.0) -> Spectrum:
    """Of `samples` [frames, channels], with zeros before and after; delayed by `late` samples, a fraction of one."""
    frames = frames_for(len(samples))
    padded = np.pad(samples, ((SIZE - HOP, (frames - 1) * HOP + HOP - len(samples)), (0, 0)))
    result = np.empty((BINS, samples.shape[1], frames), np.complex64)
    ramp = np.exp(-2j * np.pi * late * np.arange(BINS) / SIZE).astype(np.complex64)
    for channel in range(samples.shape[1]):
        windows = sliding_window_view(padded[:, channel], SIZE)[::HOP]
        for first in range(0, frames, 128):
            part = fft.rfft(windows[first : first + 128] * _window(), axis=1)
            result[:, channel, first : first + 128] = (part * ramp).T
    return result


def samples_of(spectrum: Spectrum, length: int) -> Samples:
    """The inverse of `spectrum`, [length, channels]."""
    frames = spectrum.shape[2]
    padded = np.zeros(((frames - 1) * HOP + SIZE, spectrum.shape[1]), np.float32)
    for index in range(frames):
        frame = fft.irfft(spectrum[:, :, index], SIZE, axis=0)
        padded[index * HOP : index * HOP + SIZE] += frame * _window()[:, None]
    padded *= np.float32(HOP / np.square(_window()).sum())
    return padded[SIZE - HOP : SIZE - HOP + length]


@cache
def _window() -> npt.NDArray[np.float32]:
    return np.hanning(SIZE + 1)[:SIZE].astype(np.float32)
