"""How well notes begin with the backing's beats, where nobody knows when they should begin."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.marks import Score

_NOTES_AT_LEAST = 20
_PARTS = (2, 3, 4)  # of a beat: notes of a song lie on its halves, thirds or quarters
_SHORTEST_PART_S = 0.14  # two onsets nearer than the ear tells apart would make any time right
_RAYLEIGH = 4.6  # n R²: below, one of a hundred takes without any rhythm has as much
_FULL = 0.2  # of what chance brings: the spread of good singers
_SURE = 1.96  # standard deviations: 95 of 100

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BeatTiming:
    """A note is held against the nearest part of a beat: more than half a part off is not seen."""

    score: Score
    parts: int  # of a beat, the grid that fits best
    part_ms: float
    delay_ms: float  # of all, against the beats, at most half a part: a recording's latency is in it
    spread_ms: float  # a standard deviation
    by_chance_ms: float  # the same for notes that begin anywhere
    notes: int


def beat_timing(onsets_s: npt.ArrayLike, beats_s: npt.ArrayLike) -> BeatTiming | None:
    """None where too few notes begin among the beats, or where they have nothing to do with them."""
    onsets, beats = np.asarray(onsets_s, np.float64), np.asarray(beats_s, np.float64)
    if len(beats) < _PARTS[0]:
        return None
    onsets = onsets[(onsets >= beats[0]) & (onsets <= beats[-1])]
    if len(onsets) < _NOTES_AT_LEAST:
        return None
    place = np.interp(onsets, beats, np.arange(len(beats)))
    beat_s = float(np.median(np.diff(beats)))
    grids = [parts for parts in _PARTS if beat_s / parts >= _SHORTEST_PART_S] or [1]
    ways = [(_gathered(place * parts), parts) for parts in grids]
    # The larger of two parts says more where both fit as well.
    gathered, parts = max(ways, key=lambda way: abs(way[0]) / np.sqrt(way[1]))
    if len(onsets) * abs(gathered) ** 2 < _RAYLEIGH + np.log(len(grids)):
        return None
    part_ms = 1_000 * beat_s / parts
    return BeatTiming(
        score=_scored(abs(gathered), len(onsets)),
        parts=parts,
        part_ms=part_ms,
        delay_ms=float(np.angle(gathered)) / (2 * np.pi) * part_ms,
        spread_ms=_spread(abs(gathered)) * part_ms,
        by_chance_ms=part_ms / float(np.sqrt(12)),
        notes=len(onsets),
    )


def _gathered(turns: Values) -> complex:
    """The mean of all as points on a circle: its length is 1 where all have one place in their part, 0 by chance."""
    return complex(np.exp(2j * np.pi * turns).mean())


def _spread(gathered: float) -> float:
    """In parts; that of a part taken evenly at most."""
    return min(float(np.sqrt(-2 * np.log(max(gathered, 1e-9)))) / (2 * np.pi), float(1 / np.sqrt(12)))


def _score(gathered: float) -> float:
    by_chance = _spread(gathered) * np.sqrt(12)
    return float(100 * np.clip((1 - by_chance) / (1 - _FULL), 0, 1))


def _scored(gathered: float, notes: int) -> Score:
    """A few notes gather by chance, too. An inverse hyperbolic tangent of how much they gather strays by 1 / sqrt(2 n),
    and the next take by as much again.
    """
    singing = np.sqrt(max(0.0, (notes * gathered**2 - 1) / (notes - 1)))
    way, strays = np.arctanh(min(singing, 1 - 1e-9)), _SURE / np.sqrt(notes)
    return Score(*(_score(float(np.tanh(max(0.0, one)))) for one in (way, way - strays, way + strays)))
