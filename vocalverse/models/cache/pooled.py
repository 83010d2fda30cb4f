"""Mean and deviation over time, all that a head without an eye for order takes of a recording."""

import numpy as np

from vocalverse.models.encoders.encoder import Frames

_AT_ONCE = 1024  # frames


def in_two(frames: Frames) -> Frames:
    """Two frames whose mean and deviation are those of all, each weighed by its seconds: a head that pools cannot tell
    them from all.
    """
    if not len(frames.values):
        return frames
    total = float(frames.seconds.sum(dtype=np.float64))
    mean = _sum(frames) / total
    deviation = np.sqrt(_sum(frames, about=mean) / total)
    values = np.stack([mean - deviation, mean + deviation]).astype(np.float32)
    return Frames(values, np.repeat(frames.start_s[:1], 2), np.full(2, total / 2, np.float32))


def _sum(frames: Frames, *, about: np.ndarray | None = None) -> np.ndarray:
    """Of values, or of squares about a mean, each times its seconds; a stretch at a time, so that little is widened."""
    summed = np.zeros(frames.values.shape[1:])
    for at in range(0, len(frames.values), _AT_ONCE):
        values = frames.values[at : at + _AT_ONCE].astype(np.float64)
        if about is not None:
            values = np.square(values - about)
        summed += np.tensordot(frames.seconds[at : at + _AT_ONCE].astype(np.float64), values, axes=1)
    return summed
