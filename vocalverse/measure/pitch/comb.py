"""What the shared spectra say about a pitch: how its harmonics stand out, and where they lie exactly."""

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import BIN_HZ, Floats

_HARMONICS = 12
_HIGHEST_HZ = 3_500.0  # above, breath and consonants are as loud as harmonics
_REFINED = 8  # harmonics: a vibrato smears those above
_FARTHEST = 0.035  # of a pitch, 60 cents: a peak that far off is another's
_ROUNDS = 2
_MOST_DB = 40.0
_NOTHING = 1e-14  # as good as silence: a ratio of two of them is 1

Positions = npt.NDArray[np.float64]  # [frames], Hz


def standing_out_db(power: Floats, hz: Positions) -> Floats:
    """[frames]: the harmonics of a pitch against what lies half-way between them: noise has 0, a voice 10 to 40.

    Between the harmonics of a pitch that is an octave too high stand other harmonics; of one that is too low, only
    every other is there: so the odd ones have to stand out by themselves.
    """
    order = np.arange(1, _HARMONICS + 1)
    there, between = _picked(power, hz, order), _picked(power, hz, order + 0.5)
    return np.minimum(_ratio_db(there, between), _ratio_db(there[:, ::2], between[:, ::2]))


def refined(power: Floats, hz: Positions) -> Positions:
    """[frames]: the pitch whose multiples fit the peaks next to them best."""
    for _ in range(_ROUNDS):
        hz = _fitted(power, hz)
    return hz


def _fitted(power: Floats, hz: Positions) -> Positions:
    order = np.arange(1, _REFINED + 1)
    middle = np.rint(hz[:, None] * order / BIN_HZ).astype(np.intp)
    middle = np.clip(middle, 2, power.shape[1] - 3)
    rows = np.arange(len(hz))[:, None]
    left, right = power[rows, middle - 1], power[rows, middle + 1]
    middle += (right > power[rows, middle]).astype(np.intp) - (left > power[rows, middle])
    below, peak, above = (np.sqrt(power[rows, middle + step]) for step in (-1, 0, 1))
    side = np.maximum(below, above)
    # A sine under a Hann window: the ratio of its two highest bins says where it lies between them.
    ratio = side / np.maximum(peak, 1e-12)
    off = (2 * ratio - 1) / (1 + ratio) * np.where(above > below, 1, -1)
    found = (middle + off) * BIN_HZ
    near = (np.abs(found / order - hz[:, None]) < _FARTHEST * hz[:, None]) & (ratio <= 1)
    weight = peak * near * (hz[:, None] * order < _HIGHEST_HZ)
    total = (weight * order**2).sum(axis=1)
    fitted = (weight * order * found).sum(axis=1) / np.maximum(total, 1e-12)
    return np.where(total > 0, fitted, hz)


def _picked(power: Floats, hz: Positions, multiples: npt.NDArray[np.number]) -> Floats:
    """[frames, multiples]: the power around each, 0 where it lies too high."""
    there = hz[:, None] * multiples
    bins = np.clip(np.rint(there / BIN_HZ).astype(np.intp), 1, power.shape[1] - 2)
    rows = np.arange(len(hz))[:, None]
    around = power[rows, bins - 1] + power[rows, bins] + power[rows, bins + 1]
    picked: Floats = np.where(there < _HIGHEST_HZ, around, np.float32(0))
    return picked


def _ratio_db(high: Floats, low: Floats) -> Floats:
    over = np.maximum(high.sum(axis=1), _NOTHING) / np.maximum(low.sum(axis=1), _NOTHING)
    ratio: Floats = np.clip(10 * np.log10(over), 0, _MOST_DB).astype(np.float32)
    return ratio


def harmonics_db(power: Floats, hz: Positions) -> Floats:
    """[frames]: their level together, against full scale."""
    total = _picked(power, hz, np.arange(1, _HARMONICS + 1)).sum(axis=1)
    level: Floats = (10 * np.log10(np.maximum(total, _NOTHING))).astype(np.float32)
    return level
