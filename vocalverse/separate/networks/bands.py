"""Which bins of a spectrum lie in which band."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vocalverse.errors import ModelBroken

Bins = npt.NDArray[np.int64]

# Slaney's mel scale: linear below 1 kHz, from there 27 steps to every factor of 6.4.
_HZ_PER_MEL = 200 / 3
_KNEE_HZ = 1000.0
_KNEE_MEL = _KNEE_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


@dataclass(frozen=True)
class Bands:
    """Bands may overlap: then a bin is listed once for each band that it lies in."""

    bins: Bins  # [places]: band after band, ascending within each
    widths: tuple[int, ...]  # bins per band
    spectrum_bins: int

    @property
    def overlap(self) -> Bins:
        """[spectrum_bins]: in how many bands each bin lies."""
        return np.bincount(self.bins, minlength=self.spectrum_bins)

    @property
    def places(self) -> Bins:
        """[most bands that share a bin, spectrum_bins]: where in `bins` each bin stands; −1 where it stands no more."""
        order = np.argsort(self.bins, kind="stable")
        bins = self.bins[order]
        starts = np.concatenate([[0], np.cumsum(self.overlap)[:-1]])
        places = np.full((self.overlap.max(), self.spectrum_bins), -1, np.int64)
        places[np.arange(len(bins)) - starts[bins], bins] = order
        return places


def adjacent(widths: tuple[int, ...]) -> Bands:
    """Bands side by side, which cover every bin once."""
    return Bands(np.arange(sum(widths), dtype=np.int64), widths, sum(widths))


def mel(count: int, *, sample_rate_hz: int, n_fft: int) -> Bands:
    """Triangles of Slaney's mel filterbank up to Nyquist: a bin belongs to a band where its weight is above 0."""
    spectrum_bins = n_fft // 2 + 1
    bin_hz = np.arange(spectrum_bins) * (sample_rate_hz / n_fft)
    edges_hz = _to_hz(np.linspace(0, _to_mel(sample_rate_hz / 2), count + 2))
    distance_hz = edges_hz[:, None] - bin_hz
    rising = [-left / (upper - lower) for left, (lower, upper) in zip(distance_hz, pairwise(edges_hz), strict=False)]
    falling = [
        right / (upper - lower) for right, (lower, upper) in zip(distance_hz[2:], pairwise(edges_hz[1:]), strict=True)
    ]
    # In single precision, as the networks' authors had it: a weight that vanishes there is outside.
    inside = np.minimum(rising[:count], falling).astype(np.float32) > 0
    inside[0, 0] = inside[-1, -1] = True
    empty, uncovered = np.flatnonzero(~inside.any(1)), np.flatnonzero(~inside.any(0))
    if len(empty) or len(uncovered):
        raise ModelBroken(
            f"{count} mel bands do not suit a window of {n_fft} samples at {sample_rate_hz} Hz: {len(empty)} bands hold "
            f"no bin, {len(uncovered)} bins lie in no band. Check num_bands, stft_n_fft and sample_rate."
        )
    return Bands(np.nonzero(inside)[1], tuple(inside.sum(1).tolist()), spectrum_bins)


def _to_mel(hz: float) -> float:
    return hz / _HZ_PER_MEL if hz < _KNEE_HZ else _KNEE_MEL + float(np.log(hz / _KNEE_HZ)) / _LOG_STEP


def _to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    above = _KNEE_HZ * np.exp(_LOG_STEP * (mel - _KNEE_MEL))
    return np.where(mel < _KNEE_MEL, mel * _HZ_PER_MEL, above)
