"""How loudness moves within and between phrases, and whether it was the voice or the microphone that moved.

Whoever sings louder sings brighter. A microphone that comes nearer makes all of a voice louder alike.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion, uniform_filter1d

from vocalverse.measure.frames import HOP_S, Frames, Heard
from vocalverse.measure.notes import Note
from vocalverse.measure.phrases import Phrase
from vocalverse.measure.runs import frames_between

_SMOOTH_FRAMES = 5  # vibrato and syllables stay, single pulses do not
_EDGE_FRAMES = 4  # half of a window, and an attack
_LEAST_VOICED_S = 0.5  # of a phrase: less has no range
_SWELL_DB = 3.0  # over a phrase: what is heard as louder …
_SWELL_S = 1.0  # … within at least this time …
_SWELL_EXPLAINED = 0.35  # … where a line tells this share of how the level moves
_LOW_HZ, _HIGH_HZ = (80.0, 1_000.0), (1_600.0, 5_000.0)
_LOUDEST_HALF = 50  # percentile of a note's frames: its vowel, not its consonants
# A voice's high band gains 1.3 to 2 dB for each dB that all of it gains; a microphone's gains 1.
_TILT_OF_VOICE = 0.25  # dB a dB: half of what the softest such gain is, with vowels that differ
_LEAST_NOTES = 8
_LEAST_SPREAD_DB = 1.0  # of levels: with less nothing moves
_SURE = 2.0  # standard errors
_ALIKE_FRAMES = 10  # neighbouring frames say the same: one in ten counts as seen by itself


class Moved(StrEnum):
    """What made the level change."""

    VOICE = "voice"
    MICROPHONE = "microphone"
    UNCLEAR = "unclear"


class Swell(StrEnum):
    CRESCENDO = "crescendo"
    DECRESCENDO = "decrescendo"


@dataclass(frozen=True)
class PhraseDynamics:
    phrase: int
    level_db: float  # median over its voice, against full scale
    range_db: float  # 5 to 95 % of its voiced time
    trend_db: float  # from its start to its end, along a line
    swell: Swell | None  # None: neither
    moved: Moved | None  # what made the swell


@dataclass(frozen=True)
class NoteDynamics:
    """Of its vowel, which is its louder half."""

    note: int
    level_db: float
    tilt_db: float  # the high band against the low one: brighter is higher


@dataclass(frozen=True)
class Dynamics:
    """None where too little is sung."""

    phrases: tuple[PhraseDynamics, ...]
    notes: tuple[NoteDynamics, ...]  # without those too short to have a level
    range_db: float | None  # median of the phrases'
    between_phrases_db: float | None  # RMS of their levels around their mean
    tilt_per_level: float | None  # dB of tilt for each dB of level, note by note
    moved: Moved | None  # what made notes louder and softer over the take


@dataclass(frozen=True)
class _Line:
    slope: float
    error: float  # standard
    explained: float  # 0..1


def measure_dynamics(heard: Heard, notes: Sequence[Note], phrases: Sequence[Phrase]) -> Dynamics:
    # While a voice begins and ends, its level says nothing but that.
    voiced = binary_erosion(heard.pitch.voiced, iterations=_EDGE_FRAMES)
    level_db = uniform_filter1d(heard.dry.level_db.astype(np.float64), _SMOOTH_FRAMES, mode="nearest")
    tilt_db = _tilt_db(heard.dry)
    found = []
    for index, phrase in enumerate(phrases):
        here = frames_between(phrase.start_s, phrase.end_s, count=len(voiced))
        sung = np.arange(here.start, here.stop)[voiced[here]]
        if len(sung) * HOP_S >= _LEAST_VOICED_S:
            found.append(_phrase(index, sung, level_db[sung], tilt_db[sung]))
    each = tuple(_notes(notes, level_db, tilt_db, voiced))
    line = _over_notes(each)
    levels = [phrase.level_db for phrase in found]
    return Dynamics(
        tuple(found),
        each,
        range_db=float(np.median([phrase.range_db for phrase in found])) if found else None,
        between_phrases_db=float(np.std(levels)) if len(levels) > 1 else None,
        tilt_per_level=line.slope if line else None,
        moved=_moved(line) if line else None,
    )


def _phrase(
    index: int, sung: npt.NDArray[np.intp], level_db: npt.NDArray[np.float64], tilt_db: npt.NDArray[np.float64]
) -> PhraseDynamics:
    low, middle, high = (float(at) for at in np.percentile(level_db, (5, 50, 95)))
    seconds = float(sung[-1] - sung[0]) * HOP_S
    line = _line(np.asarray(sung * HOP_S, np.float64), level_db)
    trend_db = line.slope * seconds
    swell = None
    if abs(trend_db) >= _SWELL_DB and seconds >= _SWELL_S and line.explained >= _SWELL_EXPLAINED:
        swell = Swell.CRESCENDO if trend_db > 0 else Swell.DECRESCENDO
    moved = _moved(_line(level_db, tilt_db, alike=_ALIKE_FRAMES)) if swell else None
    return PhraseDynamics(index, middle, high - low, trend_db, swell, moved)


def _tilt_db(frames: Frames) -> npt.NDArray[np.float64]:
    """[frames]: the voice's high band against its low band, smoothed as levels are."""
    tilt = (frames.band_db(*_HIGH_HZ) - frames.band_db(*_LOW_HZ)).astype(np.float64)
    smooth: npt.NDArray[np.float64] = uniform_filter1d(tilt, _SMOOTH_FRAMES, mode="nearest")
    return smooth


def _notes(
    notes: Sequence[Note],
    level_db: npt.NDArray[np.float64],
    tilt_db: npt.NDArray[np.float64],
    voiced: npt.NDArray[np.bool_],
) -> Iterator[NoteDynamics]:
    for index, note in enumerate(notes):
        here = frames_between(note.start_s, note.end_s, count=len(voiced))
        sung = np.arange(here.start, here.stop)[voiced[here]]
        loud = sung[level_db[sung] >= np.percentile(level_db[sung], _LOUDEST_HALF)] if len(sung) else sung
        if len(loud):
            yield NoteDynamics(index, float(level_db[loud].mean()), float(tilt_db[loud].mean()))


def _over_notes(notes: Sequence[NoteDynamics]) -> _Line | None:
    levels = np.asarray([note.level_db for note in notes])
    if len(levels) < _LEAST_NOTES or np.std(levels) < _LEAST_SPREAD_DB:
        return None
    return _line(levels, np.asarray([note.tilt_db for note in notes]))


def _moved(line: _Line) -> Moved:
    if line.slope - _SURE * line.error > 0 and line.slope > _TILT_OF_VOICE:
        return Moved.VOICE
    if abs(line.slope) + _SURE * line.error < _TILT_OF_VOICE:  # duller when louder is no microphone: vowels are
        return Moved.MICROPHONE
    return Moved.UNCLEAR


def _line(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], *, alike: int = 1) -> _Line:
    """Of least squares. So many neighbours are `alike` that they count as one."""
    x, y = x - x.mean(), y - y.mean()
    width, height = float(x @ x), float(y @ y)
    if width <= 0 or height <= 0:
        return _Line(0.0, 0.0, 0.0)
    slope = float(x @ y) / width
    rest = max(0.0, height - slope * float(x @ y))
    return _Line(slope, math.sqrt(alike * rest / max(1, len(x) - 2) / width), 1 - rest / height)
