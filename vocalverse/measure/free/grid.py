"""How well what is held lies on a grid of semitones, wherever that grid is, and how the grid moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.free.steady import steady_midi
from vocalverse.measure.marks import Score, weighted_median
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.runs import runs

_SIGMA_CENTS = 16.0
_BY_CHANCE = _SIGMA_CENTS * np.sqrt(2 * np.pi) / 100  # the comb's mean over what lies anywhere
# Strength: notes 15 cents off on average, and 40, which is as far from one grid as from the next.
_FULL, _NONE = 0.5, 0.03
_UNHEARD = 25  # cents: as much as a note may be off with full marks
_HELD_AT_LEAST_S = 5.0
_DRAWS, _SEED = 200, 20_241
_WINDOW_S, _STEP_S = 15.0, 5.0  # of the drift
_WINDOW_HELD_S = 3.0
_CLEAR = 0.25  # strength
_WINDOWS = 5

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SemitoneGrid:
    """How well notes lie on one grid, of the backing or of their own. A wrong note that lies on it costs nothing, and past 40 cents nothing
    can be told: this score is not one that is given against a song.
    """

    score: Score
    strength: float  # 1 where all lies on it, 0 where it lies anywhere, less where it lies between
    tuning_cents: float  # of the grid, above A4 = 440 Hz; -50 … 50
    off_cents: float  # the median of how far from it what is held is
    held_s: float


@dataclass(frozen=True)
class CentreDrift:
    """Of the tonal centre: a choir's sinking."""

    cents_per_min: float
    range_cents: float  # between its highest and its lowest place
    windows: int


def semitone_grid(pitch: Pitch, *, tuning_cents: float | None = None) -> SemitoneGrid | None:
    """On the grid that fits best or, where the backing's tuning is known, on the best that nobody hears beside it. None
    where too little is held.
    """
    midi = steady_midi(pitch)
    held = midi[~np.isnan(midi)]
    held_s = len(held) * HOP_S
    if held_s < _HELD_AT_LEAST_S:
        return None
    grids = np.arange(100) if tuning_cents is None else round(tuning_cents) + np.arange(-_UNHEARD, _UNHEARD + 1)
    comb = _combs(held)[:, grids % 100]
    strengths = _strength(comb.mean(axis=0))
    tuning = int(grids[strengths.argmax()])
    return SemitoneGrid(
        score=_scored(comb, runs(~np.isnan(midi))),
        strength=float(strengths.max()),
        tuning_cents=float((tuning + 50) % 100 - 50),
        off_cents=float(np.median(np.abs(_off(held, tuning)))),
        held_s=held_s,
    )


def centre_drift(pitch: Pitch) -> CentreDrift | None:
    """None where too few stretches of the take lie on a grid at all."""
    midi = steady_midi(pitch)
    at_s, centre = [], []
    for start in range(0, len(midi), round(_STEP_S / HOP_S)):
        part = midi[start : start + round(_WINDOW_S / HOP_S)]
        part = part[~np.isnan(part)]
        if len(part) * HOP_S < _WINDOW_HELD_S:
            continue
        strengths = _strength(_combs(part).mean(axis=0))
        if strengths.max() >= _CLEAR:
            at_s.append(start * HOP_S + _WINDOW_S / 2)
            centre.append(float(strengths.argmax()))
    if len(centre) < _WINDOWS:
        return None
    # From one window to the next a centre moves by less than a quarter tone: that tells which semitone it belongs to.
    cents = np.unwrap(np.asarray(centre), period=100)
    first, second = np.triu_indices(len(cents), 1)
    apart_s = np.asarray(at_s)[second] - np.asarray(at_s)[first]
    slope = weighted_median((cents[second] - cents[first]) / apart_s, apart_s)
    return CentreDrift(60 * slope, float(np.ptp(cents)), len(cents))


def _combs(held: Values) -> Values:
    """[frames, 100]: how near each is to each grid."""
    near: Values = _grids()[np.rint(100 * held).astype(np.intp) % 100]
    return near


@cache
def _grids() -> Values:
    """[100, 100]: how near each cent of a semitone is to each grid."""
    cents = np.arange(100)
    apart = (cents[:, None] - cents + 50) % 100 - 50
    return np.exp(-0.5 * np.square(apart / _SIGMA_CENTS))


def _strength(near: Values) -> Values:
    strength: Values = (near - _BY_CHANCE) / (1 - _BY_CHANCE)
    return strength


def _off(held: Values, tuning: int) -> Values:
    off: Values = (100 * held - tuning + 50) % 100 - 50
    return off


def _score(strength: float) -> float:
    return float(100 * np.clip((strength - _NONE) / (_FULL - _NONE), 0, 1))


def _scored(comb: Values, notes: Sequence[range]) -> Score:
    """Notes are drawn anew, and each draw has its own best grid. What is best of all grids is so by chance, too: as much
    as the draws are better than the take is the take better than the singing. The next take would be as far off again.
    """
    firsts = np.cumsum([0, *(len(note) for note in notes[:-1])])
    sums, lengths = np.add.reduceat(comb, firsts, axis=0), np.asarray([len(note) for note in notes])
    times = np.random.default_rng(_SEED).multinomial(len(notes), np.full(len(notes), 1 / len(notes)), size=_DRAWS)
    drawn = _strength((times @ sums) / np.maximum(times @ lengths, 1)[:, None]).max(axis=1)
    by_chance = drawn.mean() - _strength(comb.mean(axis=0)).max()
    centre = drawn.mean() - 2 * by_chance
    low, high = centre + np.sqrt(2) * np.percentile(drawn - drawn.mean(), (2.5, 97.5))
    return Score(*(_score(float(strength)) for strength in (centre, min(low, centre), max(high, centre))))
