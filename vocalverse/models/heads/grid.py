"""Frames at another rate: each new one is the mean of what lies in it, by time."""

import numpy as np
from scipy import sparse

from vocalverse.models.encoders.encoder import Frames

_SLIVER_S = 1e-6


def on_grid(frames: Frames, rate_hz: float) -> Frames:
    """The spans' frames end to end, at `rate_hz` a second; the last one may stand for less."""
    if not len(frames.values):
        return frames
    ends = np.cumsum(frames.seconds.astype(np.float64))
    total = ends[-1]
    count = max(1, int(np.ceil(total * rate_hz - _SLIVER_S)))
    cuts = np.append(np.arange(count) / rate_hz, total)
    pieces = np.union1d(np.append(0.0, ends), cuts)
    middles, lengths = (pieces[1:] + pieces[:-1]) / 2, np.diff(pieces)
    source = np.searchsorted(ends, middles, side="right").clip(max=len(ends) - 1)
    target = np.searchsorted(cuts, middles, side="right") - 1
    seconds = np.diff(cuts)
    weights = sparse.csr_array((lengths / seconds[target], (target, source)), (count, len(ends)), dtype=np.float32)
    flat = frames.values.reshape(len(frames.values), -1)
    values = (weights @ flat).reshape(count, *frames.values.shape[1:])
    first = np.searchsorted(ends, cuts[:-1] + _SLIVER_S, side="right").clip(max=len(ends) - 1)
    into = cuts[:-1] - np.append(0.0, ends)[first]
    return Frames(values.astype(np.float32, copy=False), frames.start_s[first] + into, seconds.astype(np.float32))
