"""Evidence of rhythm: against the song where it is known, else against the beats and from note to note."""

import itertools

import numpy as np
import numpy.typing as npt

from vocalverse.evidence.kind import Found, Kind, Moment, Unit
from vocalverse.evidence.moments import plainest
from vocalverse.measure.against.rhythm import Rhythm
from vocalverse.measure.take import AgainstSong, Measured

_ON_BEATS = 0.3  # of a note's worth against the song: beats tell less of when it should begin
_PAUSE_S = 2.0  # longer from one note to the next, there is a rest between them
_PHRASE_PAIRS = 3


def _notes_off_time(measured: Measured) -> Found | None:
    """How far notes begin from their time, a recording's delay aside; from the backing's beats where no song is known."""
    song, beats = _by_song(measured), measured.by_itself.timing
    if song:
        phrases = [
            Moment(phrase.start_s, phrase.end_s, float(np.hypot(phrase.bias_ms, phrase.spread_ms)))
            for phrase in song.phrases
        ]
        return Found(song.spread_ms, len(song.notes), plainest(phrases))
    return Found(beats.spread_ms, _ON_BEATS * beats.notes) if beats else None


def _lengths_uneven(measured: Measured) -> Found | None:
    """By how much the shorter of two neighbouring notes is shorter. Songs have halves and thirds; what is hurried here and
    dragged there has more. Nothing where the song is known, and with it whether they should be.
    """
    if _by_song(measured):
        return None
    pairs, phrases = [], []
    for phrase in measured.phrases:
        starts_s = [note.start_s for note in measured.notes[phrase.notes.start : phrase.notes.stop + 1]]
        uneven = _uneven(np.diff(starts_s))
        pairs += uneven
        if len(uneven) >= _PHRASE_PAIRS:
            phrases.append(Moment(phrase.start_s, phrase.end_s, float(np.median(uneven))))
    return Found(float(np.median(pairs)), len(pairs), plainest(phrases)) if pairs else None


def _uneven(lengths_s: npt.NDArray[np.float64]) -> list[float]:
    pairs = [pair for pair in itertools.pairwise(lengths_s) if max(pair) < _PAUSE_S]
    return [float(1 - min(pair) / max(pair)) for pair in pairs]


def _by_song(measured: Measured) -> Rhythm | None:
    song = measured.against_song
    return song.rhythm if isinstance(song, AgainstSong) else None


KINDS = (
    Kind("notes_off_time", Unit.MS, _notes_off_time),
    Kind("lengths_uneven", Unit.SHARE, _lengths_uneven),
)
