"""Pitch and rhythm from 0 to 100: against the song where it is known, guessed from the take itself where it is not.

Another song's notes are off pitch here: telling that from somebody who is, is the business of the rules.
"""

from collections.abc import Sequence

import numpy as np

from vocalverse.measure.free.beat_timing import BeatTiming
from vocalverse.measure.free.grid import SemitoneGrid
from vocalverse.measure.marks import Score
from vocalverse.measure.take import AgainstSong, Measured

_SUNG = 0.5  # of a line's time: less is no singing of it

# What a take's own figures say of the score that it would get against its song: 5 % lie below `low`, 5 % above `high`.
# From made takes of made songs with notes and lines off by any amount, and wrong notes that lie on the grid, so weighted
# that all scores are as frequent; lowered by what people's charts are off themselves. A grid tells a good singer; past
# 40 cents it tells nothing, and a bad one may be fair.
_GRID = (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)
_PITCH_LOW = (25.0, 25.0, 25.0, 30.0, 45.0, 57.0)
_PITCH = (45.0, 50.0, 57.0, 70.0, 82.0, 88.0)
_PITCH_HIGH = (80.0, 92.0, 94.0, 96.0, 99.0, 100.0)
_SPREAD_MS = (20.0, 40.0, 60.0, 80.0, 120.0, 200.0)
_RHYTHM_LOW = (80.0, 72.0, 48.0, 40.0, 30.0, 10.0)
_RHYTHM = (93.0, 90.0, 84.0, 77.0, 68.0, 50.0)
_RHYTHM_HIGH = (100.0, 99.0, 97.0, 94.0, 88.0, 80.0)


def pitch_score(measured: Measured) -> Score | None:
    """None where nothing is known."""
    song, grid = measured.against_song, measured.by_itself.grid
    if isinstance(song, AgainstSong) and song.intonation:
        return _of_all_that_is_sung(song.intonation.score, song)
    return _by_the_grid(grid) if grid else None


def rhythm_score(measured: Measured) -> Score | None:
    """None where nothing is known."""
    song, timing = measured.against_song, measured.by_itself.timing
    if isinstance(song, AgainstSong) and song.rhythm:
        return _of_all_that_is_sung(song.rhythm.score, song)
    return _by_the_beats(timing) if timing else None


def _of_all_that_is_sung(score: Score, song: AgainstSong) -> Score:
    """Notes are compared in lines that were found. A line that is sung and was not is as good as the others, and only
    elsewhere, or nothing in it is right.
    """
    share = _found_share(song)
    return Score(score.value * (1 + share) / 2, score.low * share, score.high)


def _found_share(song: AgainstSong) -> float:
    """Of the time of the lines that are sung."""
    found_s = sung_s = 0.0
    for line, sung in zip(song.melody.lines, song.aligned.lines, strict=True):
        if line.singers & song.aligned.singers and (sung.found or sung.voiced_share >= _SUNG):
            sung_s += line.end_s - line.start_s
            found_s += (line.end_s - line.start_s) * sung.found
    return found_s / sung_s if sung_s else 1.0


def _by_the_grid(grid: SemitoneGrid) -> Score:
    return _guess(grid.score.value, _GRID, _PITCH, _PITCH_LOW, _PITCH_HIGH)


def _by_the_beats(timing: BeatTiming) -> Score:
    return _guess(timing.spread_ms, _SPREAD_MS, _RHYTHM, _RHYTHM_LOW, _RHYTHM_HIGH)


def _guess(
    figure: float, figures: Sequence[float], value: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> Score:
    return Score(*(float(np.interp(figure, figures, scores)) for scores in (value, low, high)))
