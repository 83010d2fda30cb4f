"""Evidence of emotional expression: what moves over a phrase and from one to the next, and was meant to.

Loudness is read from notes' vowels. What neighbouring notes have in common is a movement; what each has by itself is an
accent, a vowel or an unsteady voice. Ends of phrases are left out: who runs out of air there does not express anything.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.evidence.kind import Found, Kind, Moment, Unit
from vocalverse.evidence.moments import median_of, plainest
from vocalverse.measure.marks import middle_spread
from vocalverse.measure.phrases import Phrase
from vocalverse.measure.take import AgainstSong, Measured

_MOST_DB = 12.0  # away from the take's middle: farther is a note that fails, or none of the singer's
_NOTES_AT_LEAST = 3  # of a phrase
_PHRASES_AT_LEAST = 3
_VIBRATOS_AT_LEAST = 3
_BESIDE = 0.5  # of the spread of phrases' timing comes from notes' own: a median of a few notes keeps that much

Decibels = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Sung:
    """A phrase, its last note left out."""

    phrase: Phrase
    level_db: Decibels  # [notes], against the take's middle
    tilt_db: Decibels  # [notes], likewise


def _phrases(measured: Measured) -> tuple[_Sung, ...]:
    """Those of enough notes."""
    notes = {one.note: one for one in measured.dynamics.notes}
    if not notes:
        return ()
    middle_db = float(np.median([one.level_db for one in notes.values()]))
    middle_tilt = float(np.median([one.tilt_db for one in notes.values()]))
    found = []
    for phrase in measured.phrases:
        here = [notes[index] for index in phrase.notes[:-1] if index in notes]
        if len(here) >= _NOTES_AT_LEAST:
            level = np.clip([one.level_db - middle_db for one in here], -_MOST_DB, _MOST_DB)
            found.append(_Sung(phrase, level, np.asarray([one.tilt_db - middle_tilt for one in here])))
    return tuple(found)


def _swells(measured: Measured) -> Found | None:
    """How far the level moves over several notes."""
    phrases = _phrases(measured)
    if not phrases:
        return None
    together = [one.level_db[1:] * one.level_db[:-1] for one in phrases]
    moments = [_moment(one, _root(float(shared.mean()))) for one, shared in zip(phrases, together, strict=True)]
    levels, shared = np.concatenate([one.level_db for one in phrases]), np.concatenate(together)
    lost = np.square(levels).mean() / len(levels)  # with the middle that is taken off, in a few notes much
    return Found(_root(float(shared.mean() + lost)), len(shared), plainest(moments))


def _accents(measured: Measured) -> Found | None:
    """How far single notes of a phrase stand out in level."""
    return median_of([_moment(one, float(np.std(one.level_db))) for one in _phrases(measured)])


def _phrases_differ(measured: Measured) -> Found | None:
    """How much louder some phrases are than others."""
    phrases = _phrases(measured)
    return _apart(phrases, [float(np.median(one.level_db)) for one in phrases])


def _colours_differ(measured: Measured) -> Found | None:
    """How much brighter some phrases are than others."""
    phrases = _phrases(measured)
    return _apart(phrases, [float(np.median(one.tilt_db)) for one in phrases])


def _apart(phrases: Sequence[_Sung], values_db: Sequence[float]) -> Found | None:
    if len(phrases) < _PHRASES_AT_LEAST:
        return None
    middle_db = float(np.median(values_db))
    moments = [_moment(one, abs(db - middle_db)) for one, db in zip(phrases, values_db, strict=True)]
    return Found(middle_spread(values_db, np.ones(len(values_db))), len(phrases), plainest(moments))


def _vibrato_varied(measured: Measured) -> Found | None:
    """How much wider some vibratos are than others, of the middle one's width."""
    passages = measured.vibrato.passages
    if len(passages) < _VIBRATOS_AT_LEAST:
        return None
    extents = [one.extent_cents for one in passages]
    middle = float(np.median(extents))
    moments = [Moment(one.start_s, one.end_s, abs(one.extent_cents / middle - 1)) for one in passages]
    return Found(middle_spread(extents, np.ones(len(extents))) / middle, len(passages), plainest(moments))


def _ornamented(measured: Measured) -> Found | None:
    """How many notes in a minute of voice are slid into, turned, or let fall."""
    if not measured.compass.voiced_s:
        return None
    moments = [Moment(one.start_s, one.end_s, 1.0) for one in measured.ornaments]
    return Found(60 * len(moments) / measured.compass.voiced_s, measured.compass.voiced_s, plainest(moments))


def _timing_free(measured: Measured) -> Found | None:
    """How far whole phrases are laid back or pushed ahead, beside what their notes stray anyhow."""
    song = measured.against_song
    if not isinstance(song, AgainstSong) or song.rhythm is None or len(song.rhythm.phrases) < _PHRASES_AT_LEAST:
        return None
    phrases = song.rhythm.phrases
    off = middle_spread([one.bias_ms for one in phrases], np.ones(len(phrases)))
    strays = _BESIDE * float(np.median([one.spread_ms for one in phrases]))
    moments = [Moment(one.start_s, one.end_s, abs(one.bias_ms)) for one in phrases]
    return Found(max(0.0, off - strays), len(phrases), plainest(moments))


def _moment(one: _Sung, value: float) -> Moment:
    return Moment(one.phrase.start_s, one.phrase.end_s, value)


def _root(shared: float) -> float:
    """Where neighbours have nothing in common their products are as often below 0."""
    return math.sqrt(max(0.0, shared))


KINDS = (
    Kind("swells", Unit.DB, _swells),
    Kind("accents", Unit.DB, _accents),
    Kind("phrases_differ", Unit.DB, _phrases_differ),
    Kind("colours_differ", Unit.DB, _colours_differ),
    Kind("vibrato_varied", Unit.SHARE, _vibrato_varied),
    Kind("ornamented", Unit.PER_MINUTE, _ornamented),
    Kind("timing_free", Unit.MS, _timing_free),
)
