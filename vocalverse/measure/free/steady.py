"""Where a voice holds a pitch: what lies on a grid of semitones, and what only passes it, are not one thing."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.pitch.track import Pitch

_SMOOTH = 19  # frames: one turn of a vibrato, which goes round the pitch that is meant
_SLOPE_CENTS_PER_S = 250.0  # above, it glides

Midi = npt.NDArray[np.float64]


def steady_midi(pitch: Pitch) -> Midi:
    """[frames]: the pitch that is held, without its vibrato; not a number elsewhere."""
    return held(pitch.midi.astype(np.float64))


def held(midi: Midi) -> Midi:
    """The same of a curve that is not a number where nobody sings."""
    there = uniform_filter1d((~np.isnan(midi)).astype(np.float64), _SMOOTH, mode="constant")
    whole = there > 1 - 0.5 / _SMOOTH  # voiced all through
    smooth = uniform_filter1d(np.nan_to_num(midi), _SMOOTH, mode="constant")
    slope = 100 * np.abs(np.gradient(smooth)) / HOP_S if len(smooth) > 1 else np.zeros(len(smooth))
    return np.where(whole & (slope < _SLOPE_CENTS_PER_S), smooth, np.nan)
