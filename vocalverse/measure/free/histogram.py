"""Which pitches a take holds, and for how long."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.free.steady import steady_midi
from vocalverse.measure.pitch.track import Pitch

BIN_CENTS = 10
_BINS = 1_200 // BIN_CENTS
_HELD_AT_LEAST_S = 2.0
_PEAK_SHARE = 0.03  # of the time: a note that is touched once is no step of a scale
_BESIDE = 5  # bins, half a semitone


@dataclass(frozen=True)
class PitchHistogram:
    shares: npt.NDArray[np.float64]  # [120] of the time held, by 10 cents above C, octaves aside
    peaks_cents: tuple[float, ...]  # above C
    peaked: float  # 1 where a few pitches take all the time, 0 where all take the same
    longest_share: float  # of the pitch class that is held most, within half a semitone: near 1 is one note
    held_s: float


def pitch_histogram(pitch: Pitch) -> PitchHistogram | None:
    """None where too little is held."""
    midi = steady_midi(pitch)
    held = midi[~np.isnan(midi)]
    if len(held) * HOP_S < _HELD_AT_LEAST_S:
        return None
    bins = np.rint(100 * held / BIN_CENTS).astype(np.intp) % _BINS
    shares = np.bincount(bins, minlength=_BINS) / len(held)
    around = np.stack([np.roll(shares, step) for step in range(-_BESIDE, _BESIDE + 1)])
    some = shares[shares > 0]
    return PitchHistogram(
        shares=shares,
        peaks_cents=_peaks(shares),
        peaked=float(1 + (some * np.log(some)).sum() / np.log(_BINS)),
        longest_share=float(around.sum(axis=0).max()),
        held_s=len(held) * HOP_S,
    )


def _peaks(shares: npt.NDArray[np.float64]) -> tuple[float, ...]:
    near = np.stack([np.roll(shares, step) for step in (-2, -1, 0, 1, 2)])
    smooth = np.asarray((1, 2, 3, 2, 1)) @ near / 9
    around = np.stack([np.roll(smooth, step) for step in range(-_BESIDE + 1, _BESIDE)])
    mass = near.sum(axis=0)
    highest = (smooth >= around.max(axis=0)) & (mass >= _PEAK_SHARE) & (smooth > np.roll(smooth, 1))
    return tuple(float(cell * BIN_CENTS) for cell in np.flatnonzero(highest))
