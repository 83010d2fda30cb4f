"""Mel spectra as encoders were trained on: power of a centred Hann window, under triangles of two schools."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

_Hz = npt.NDArray[np.float64]

_BLOCK = 2048  # frames that are transformed at once: what bounds the memory of a long song


class Scale(StrEnum):
    SLANEY = "slaney"  # linear below 1 kHz, logarithmic above; triangles of equal area
    HTK = "htk"  # logarithmic; triangles of equal height


@dataclass(frozen=True)
class MelOptions:
    rate_hz: int
    window: int  # samples, and the transform's length
    hop: int
    bands: int
    low_hz: float = 0.0
    high_hz: float | None = None  # None: half the rate
    scale: Scale = Scale.SLANEY

    @property
    def least_samples(self) -> int:
        """What is shorter cannot be mirrored at its ends."""
        return self.window // 2 + 1


def power_mel(wave: Tensor, options: MelOptions) -> Tensor:
    """[…, samples] → […, bands, samples // hop + 1]; both ends are mirrored."""
    leading, margin = wave.shape[:-1], options.window // 2
    padded = functional.pad(wave.reshape(-1, 1, wave.shape[-1]), (margin, margin), mode="reflect")
    return power_within(padded[:, 0], options).reshape(*leading, options.bands, -1)


def power_within(waves: Tensor, options: MelOptions) -> Tensor:
    """[waves, samples] → [waves, bands, frames], of whole windows alone."""
    window = torch.hann_window(options.window, device=waves.device)
    triangles = filterbank(options).to(waves.device)
    frames = waves.unfold(-1, options.window, options.hop)
    blocks = [
        _power(torch.fft.rfft(block * window)) @ triangles.mT  # [waves, frames, bands]
        for block in torch.split(frames, _BLOCK, dim=1)
    ]
    return torch.cat(blocks, dim=1).mT


def _power(spectrum: Tensor) -> Tensor:
    return spectrum.real.square() + spectrum.imag.square()


@lru_cache(maxsize=8)
def filterbank(options: MelOptions) -> Tensor:
    """[bands, window // 2 + 1]."""
    to_mel, to_hz = _SCALES[options.scale]
    high_hz = options.rate_hz / 2 if options.high_hz is None else options.high_hz
    ends = to_mel(np.array([options.low_hz, high_hz]))
    edges_hz = to_hz(np.linspace(ends[0], ends[1], options.bands + 2))
    bins_hz = np.arange(options.window // 2 + 1) * (options.rate_hz / options.window)
    lower, centre, upper = (edges_hz[i : i + options.bands, None] for i in range(3))
    triangles = np.minimum((bins_hz - lower) / (centre - lower), (upper - bins_hz) / (upper - centre)).clip(0)
    if options.scale is Scale.SLANEY:
        triangles *= 2 / (upper - lower)
    return torch.from_numpy(triangles.astype(np.float32))


def _to_slaney(hz: _Hz) -> _Hz:
    """200/3 Hz a mel up to 1 kHz, from there 27 mels to every factor of 6.4."""
    return np.where(hz < 1000, hz * 3 / 200, 15 + np.log(np.maximum(hz, 1000) / 1000) * 27 / np.log(6.4))


def _from_slaney(mel: _Hz) -> _Hz:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))


def _to_htk(hz: _Hz) -> _Hz:
    return 2595 * np.log10(1 + hz / 700)


def _from_htk(mel: _Hz) -> _Hz:
    return 700 * (10 ** (mel / 2595) - 1)


_SCALES: dict[Scale, tuple[Callable[[_Hz], _Hz], Callable[[_Hz], _Hz]]] = {
    Scale.SLANEY: (_to_slaney, _from_slaney),
    Scale.HTK: (_to_htk, _from_htk),
}
