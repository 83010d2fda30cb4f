"""Mean and deviation over time, all that a head without an eye for order takes of a recording."""

import numpy as np
import numpy.typing as npt

from vocalverse.models.encoders.encoder import Frames

_AT_ONCE = 256  # frames: what is made of them stays near the processor

_Sums = npt.NDArray[np.float64]


def in_two(frames: Frames) -> Frames:
    """Two frames whose mean and deviation are those of all, each weighed by its seconds: a head that pools cannot tell
    them from all.
    """
    if not len(frames.values):
        return frames
    total = float(frames.seconds.sum(dtype=np.float64))
    mean = _sum(frames) / total
    deviation = np.sqrt(_sum(frames, about=mean.astype(np.float32)) / total)
    values = np.stack([mean - deviation, mean + deviation]).astype(np.float32)
    seconds = np.full(2, total / 2, np.float32)
    return Frames(values.reshape(2, *frames.values.shape[1:]), np.repeat(frames.start_s[:1], 2), seconds)


def _sum(frames: Frames, *, about: npt.NDArray[np.float32] | None = None) -> _Sums:
    """Of values, or of squares about a mean, each times its seconds."""
    flat = frames.values.reshape(len(frames.values), -1)
    summed = np.zeros(flat.shape[1])
    for at in range(0, len(flat), _AT_ONCE):
        values = flat[at : at + _AT_ONCE]
        if about is not None:
            values = values - about
            np.square(values, out=values)
        summed += frames.seconds[at : at + _AT_ONCE] @ values
    return summed
