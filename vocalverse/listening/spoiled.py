"""A take that nobody who listens can take for the best: it howls up and down, and is full of holes and noise.

H-TPR's attention checks hold one such take; who does not put it last did not listen.
"""

import numpy as np

from vocalverse.audio.waveform import Samples

_SWING_HZ, _SWING_S = 2.0, 0.008  # to and fro in time, which is ±1.7 semitones
_EVERY_S, _HOLE_S = 0.9, 0.18
_NOISE_DB = -12.0  # against the take


def spoil(samples: Samples, rate_hz: int) -> Samples:
    """[frames, channels], as long as it was."""
    if not len(samples):
        return samples
    at_s = np.arange(len(samples)) / rate_hz
    read = (at_s + _SWING_S * np.sin(2 * np.pi * _SWING_HZ * at_s)) * rate_hz
    spoiled = np.stack([np.interp(read, np.arange(len(samples)), channel) for channel in samples.T], axis=1)
    loud = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    noise = np.random.default_rng(0).standard_normal(spoiled.shape)
    spoiled += noise * loud * 10 ** (_NOISE_DB / 20)
    spoiled[at_s % _EVERY_S < _HOLE_S] = 0
    return spoiled.astype(np.float32)
