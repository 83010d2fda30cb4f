"""Weighted prediction error: what earlier frames say about this one is the room, and is taken away.

Nakatani et al. 2010, for many channels. In each frequency the late reverberation of a frame is a linear function of
the frames `delay` and more hops before it. The function that leaves least, each frame weighed by the inverse of its
dry power, is the room's; the dry power is not known, so both are found in turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_SILENCE = 1e-20


@dataclass(frozen=True)
class Band:
    """How the room is modelled between two frequencies."""

    low_hz: float
    high_hz: float
    delay: int  # hops; what arrives sooner belongs to the voice
    taps: int  # hops that the room is followed for after the delay

    @property
    def reach(self) -> int:
        """Frames before a frame that say something about it."""
        return self.delay + self.taps - 1

    def bins(self, sample_rate_hz: int, window: int) -> slice:
        return slice(*(round(edge_hz * window / sample_rate_hz) for edge_hz in (self.low_hz, self.high_hz)))


@dataclass(frozen=True)
class Fitting:
    """How the filters are found."""

    iterations: int = 3
    floor: float = 1e-3  # of a frequency's mean power: no frame weighs more than one as quiet as this
    loading: float = 1e-4  # added to the diagonal, against two channels alike and frequencies without sound


@dataclass(frozen=True)
class Block:
    """Frames of one band, those that they are predicted from going before.

    `spectrum` [bins, channels, reach + frames]; `voiced` [frames] weighs each: 0 where nobody sings, else 1.
    """

    spectrum: Tensor
    voiced: Tensor


def fit(blocks: Sequence[Block], band: Band, fitting: Fitting) -> Tensor:
    """The room's filters [bins, taps × channels, channels]."""
    least_power = _mean_power(blocks, band) * fitting.floor + _SILENCE
    filters: Tensor | None = None
    for _ in range(fitting.iterations):
        covariance, correlation = _statistics(blocks, band, filters, least_power)
        filters = _solve(covariance, correlation, fitting.loading)
    assert filters is not None
    return filters


def late(spectrum: Tensor, filters: Tensor, band: Band) -> Tensor:
    """The late reverberation [bins, channels, frames] in a spectrum [bins, channels, reach + frames]."""
    return filters.mH @ _delayed(spectrum, band)


def _mean_power(blocks: Sequence[Block], band: Band) -> Tensor:
    """[bins, 1, 1] of what is voiced."""
    total = sum((_power(block.spectrum[..., band.reach :]) * block.voiced).sum(-1, keepdim=True) for block in blocks)
    return torch.as_tensor(total) / max(1.0, sum(float(block.voiced.sum()) for block in blocks))


def _statistics(
    blocks: Sequence[Block], band: Band, filters: Tensor | None, least_power: Tensor
) -> tuple[Tensor, Tensor]:
    """Covariance of the past, and its correlation with the present, where the dry voice is what `filters` leave."""
    bins, channels = blocks[0].spectrum.shape[:2]
    past_size = band.taps * channels
    covariance = torch.zeros(bins, past_size, past_size, dtype=torch.complex64)
    correlation = torch.zeros(bins, past_size, channels, dtype=torch.complex64)
    for block in blocks:
        wet, past = block.spectrum[..., band.reach :], _delayed(block.spectrum, band)
        dry = wet if filters is None else wet - filters.mH @ past
        weighed = past * (block.voiced / torch.maximum(_power(dry), least_power))
        covariance += weighed @ past.mH
        correlation += weighed @ wet.mH
    return covariance, correlation


def _solve(covariance: Tensor, correlation: Tensor, loading: float) -> Tensor:
    diagonal = covariance.diagonal(dim1=1, dim2=2)
    diagonal += diagonal.real.mean(-1, keepdim=True) * loading + _SILENCE
    filters: Tensor = torch.linalg.solve(covariance, correlation)
    return filters


def _delayed(spectrum: Tensor, band: Band) -> Tensor:
    """[bins, channels, reach + frames] → [bins, taps × channels, frames], the nearest frame first."""
    frames = spectrum.shape[-1] - band.reach
    starts = [band.taps - 1 - tap for tap in range(band.taps)]
    return torch.cat([spectrum[..., start : start + frames] for start in starts], dim=1)


def _power(spectrum: Tensor) -> Tensor:
    """Mean square over the channels [bins, 1, frames]."""
    power: Tensor = torch.view_as_real(spectrum).square().sum(-1).mean(1, keepdim=True)
    return power
