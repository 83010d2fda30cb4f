"""F0 as SaMoye counts it: 255 steps of equal size on a mel scale."""

import numpy as np
import numpy.typing as npt

BINS = 255
UNVOICED = 1

_LOWEST_HZ = 50.0
_HIGHEST_HZ = 1100.0


def bins(f0_hz: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """1 … 255; what is not sung, or lies below 50 Hz, is 1."""
    low, high = _mel(np.float64(_LOWEST_HZ)), _mel(np.float64(_HIGHEST_HZ))
    steps = (_mel(f0_hz.astype(np.float64)) - low) * (BINS - 1) / (high - low) + 1
    return np.clip(np.floor(steps + 0.5), 1, BINS).astype(np.int64)


def told(bins: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.float32]:
    """[frames, width]: the slowest cosines over the bins."""
    rates = np.pi * np.arange(1, width + 1) / BINS
    table = np.cos((np.arange(1, BINS + 1)[:, None] - 0.5) * rates).astype(np.float32)
    frames: npt.NDArray[np.float32] = table[bins - 1]
    return frames


def _mel(hz: npt.NDArray[np.float64] | np.float64) -> npt.NDArray[np.float64]:
    return np.asarray(1127 * np.log1p(hz / 700))
