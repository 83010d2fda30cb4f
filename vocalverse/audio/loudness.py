"""Integrated loudness by ITU-R BS.1770-4."""

import math
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.signal import sosfilt

from vocalverse.audio.waveform import Samples

_HOP_S = 0.1  # blocks of 400 ms overlap by 75 %: each is four hops
_HOPS_PER_BLOCK = 4
_HOPS_AT_ONCE = 100
_OFFSET_LUFS = -0.691
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0

# The two K-weighting filters as the analogue prototypes behind the standard's table for 48 kHz.
_SHELF_HZ, _SHELF_GAIN_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_SHELF_BAND_EXPONENT = 0.4996667741545416
_HIGH_PASS_HZ, _HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773


def loudness_lufs(samples: Samples, sample_rate_hz: int) -> float | None:
    """Integrated loudness of `samples` [frames, channels]; None where no block passes the absolute gate.

    Every channel weighs the same, as left and right do: a tone in both is 3 dB louder than in one.
    """
    hop_energies = _hop_energies(samples, sample_rate_hz)
    if len(hop_energies) < _HOPS_PER_BLOCK:
        return None
    blocks = np.convolve(hop_energies, np.full(_HOPS_PER_BLOCK, 1 / _HOPS_PER_BLOCK), mode="valid")
    audible = blocks[blocks > _energy(_ABSOLUTE_GATE_LUFS)]
    if not len(audible):
        return None
    gate = _energy(_lufs(audible.mean()) + _RELATIVE_GATE_LU)
    return _lufs(audible[audible > gate].mean())


def _hop_energies(samples: Samples, sample_rate_hz: int) -> npt.NDArray[np.float64]:
    """Mean square after K-weighting, summed over the channels, of each whole hop."""
    hop = round(_HOP_S * sample_rate_hz)
    whole = len(samples) // hop * hop
    channels = samples.shape[1]
    weighting = k_weighting(sample_rate_hz)
    state = np.zeros((2, 2, channels))
    energies = []
    for start in range(0, whole, hop * _HOPS_AT_ONCE):
        part = samples[start : min(whole, start + hop * _HOPS_AT_ONCE)].astype(np.float64)
        weighted, state = sosfilt(weighting, part, axis=0, zi=state)
        energies.append(np.square(weighted).reshape(-1, hop * channels).sum(axis=1) / hop)
    return np.concatenate(energies) if energies else np.zeros(0)


@cache
def k_weighting(sample_rate_hz: int) -> npt.NDArray[np.float64]:
    """The shelf of the head and the high pass as second-order sections [2, 6]."""
    k = math.tan(math.pi * _SHELF_HZ / sample_rate_hz)
    high = 10 ** (_SHELF_GAIN_DB / 20)
    band = high**_SHELF_BAND_EXPONENT
    norm = 1 + k / _SHELF_Q + k * k
    shelf = [
        (high + band * k / _SHELF_Q + k * k) / norm,
        2 * (k * k - high) / norm,
        (high - band * k / _SHELF_Q + k * k) / norm,
        *_poles(k, _SHELF_Q),
    ]
    high_pass = [1.0, -2.0, 1.0, *_poles(math.tan(math.pi * _HIGH_PASS_HZ / sample_rate_hz), _HIGH_PASS_Q)]
    return np.array([shelf, high_pass])


def _poles(k: float, q: float) -> list[float]:
    norm = 1 + k / q + k * k
    return [1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm]


def _lufs(energy: float) -> float:
    return _OFFSET_LUFS + 10 * math.log10(energy)


def _energy(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LUFS) / 10))
