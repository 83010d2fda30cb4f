"""Rooms out of numbers."""

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve

RATE_HZ = 44_100

Signal = npt.NDArray[np.float64]


def room(t60_s: float, drr_db: float, *, seed: int = 0, channels: int = 1) -> Signal:
    """A response [samples, channels]: the direct sound, and after 3 ms noise that dies away by 60 dB in `t60_s`."""
    random = np.random.default_rng(seed)
    length = round(1.2 * t60_s * RATE_HZ)
    time_s = np.arange(length) / RATE_HZ
    tail = random.standard_normal((length, channels)) * 10 ** (-3 * time_s / t60_s)[:, None]
    tail[: round(0.003 * RATE_HZ)] = 0
    tail *= np.sqrt(10 ** (-drr_db / 10) / np.square(tail).sum(axis=0))
    tail[0] = 1
    return tail


def in_room(voice: Signal, response: Signal) -> npt.NDArray[np.float32]:
    """What a microphone hears [samples, channels] of a voice [samples]."""
    heard = [fftconvolve(voice, channel)[: len(voice)] for channel in response.T]
    return np.stack(heard, axis=1).astype(np.float32)


def early(response: Signal, until_s: float = 0.05) -> Signal:
    """What a listener takes for the voice itself."""
    return response[: round(until_s * RATE_HZ)]
