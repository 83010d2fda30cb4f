"""A take sung worse on purpose, to see whether a judge tells it from what it was made of."""

from functools import cache

import numpy as np

from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.samples.music import Signal
from vocalverse.synthesis.damage import other
from vocalverse.synthesis.damage.intact import intact

SAID = "its notes lie three quarters of a semitone off, some sharp and some flat"
_CENTS = 75.0


def worse(sung: Signal, seed: int) -> Signal:
    """Every note off its pitch; its time, its words and its sound stay."""
    take = intact(sung[:, None].astype(np.float32), _tracker())
    off: Signal = other.off_pitch(take, _CENTS, np.random.default_rng(seed)).mean(axis=1, dtype=np.float64)
    return off


@cache
def _tracker() -> PitchTracker:
    return PitchTracker.open()
