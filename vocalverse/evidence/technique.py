"""Evidence of technique."""

from collections.abc import Sequence

import numpy as np

from vocalverse.evidence import intonation, rhythm
from vocalverse.evidence.kind import Found, Kind, Moment, Unit
from vocalverse.evidence.moments import plainest
from vocalverse.measure.marks import weighted_median
from vocalverse.measure.singing.touch import Touch
from vocalverse.measure.singing.vibrato import LONG_NOTE_S, Passage
from vocalverse.measure.take import Measured

# A room sounds on with the note before while the next one begins, and hides how it does.
_USUAL_TAIL_DB, _HIDING_TAIL_DB = -22.0, -17.0
_LEAP_SEMITONES = 3.0  # a third is a step for who sings, a fourth is none

# A vibrato that listeners like: 5 to 6.5 Hz, a third of a semitone to one to either side, like a sine. What is as slow
# as 4 Hz wobbles, at 8 it bleats, wider than a semitone and a half the note is lost.
_RATES_HZ, _RATED = (4.0, 5.0, 6.6, 8.0), (0.2, 1.0, 1.0, 0.2)
_EXTENTS_CENTS, _WIDTHS_RATED = (20.0, 35.0, 100.0, 180.0), (0.4, 1.0, 1.0, 0.0)
_REGULARITIES, _EVENNESS_RATED = (0.55, 0.8), (0.3, 1.0)
_FULL_MARK, _STRAIGHT_MARK = 100.0, 40.0  # a long note without any vibrato is a matter of style


def _attacks_off(measured: Measured) -> Found | None:
    """How far notes begin from where they are held."""
    return _arrivals(measured, measured.touch)


def _leaps_off(measured: Measured) -> Found | None:
    """The same after a leap, where voices flip, overshoot and slide."""
    return _arrivals(measured, [one for one in measured.touch if abs(one.leap_semitones or 0.0) >= _LEAP_SEMITONES])


def _arrivals(measured: Measured, touches: Sequence[Touch]) -> Found | None:
    """The median of notes: a singer who slides into some means to."""
    arrivals = [
        Moment(one.start_s, one.end_s, one.arrives_off_cents) for one in touches if one.arrives_off_cents is not None
    ]
    if not arrivals:
        return None
    tail_db = measured.colour.tail_db
    echo = 10 ** (((_USUAL_TAIL_DB if tail_db is None else tail_db) - _HIDING_TAIL_DB) / 10)
    value = float(np.median([one.value for one in arrivals]))
    return Found(value, len(arrivals) / (1 + echo), plainest(arrivals))


def _notes_wobble(measured: Measured) -> Found | None:
    """How much notes waver that are held, vibrato aside."""
    held = [Moment(one.start_s, one.end_s, one.wobble_cents) for one in measured.touch if one.wobble_cents is not None]
    if not held:
        return None
    value = weighted_median([one.value for one in held], [one.to_s - one.from_s for one in held])
    return Found(value, len(held), plainest(held))


def _vibrato_quality(measured: Measured) -> Found | None:
    """Of long notes: a good vibrato is worth most, none less, a bad one least."""
    vibrato = measured.vibrato
    passages = {passage.note: passage for passage in vibrato.passages} if vibrato.is_there else {}
    long = [(index, note) for index, note in enumerate(measured.notes) if note.duration_s >= LONG_NOTE_S]
    given = [Moment(note.start_s, note.end_s, _vibrato_mark(passages.get(index))) for index, note in long]
    if not given:
        return None
    return Found(float(np.mean([one.value for one in given])), len(given), plainest(given))


def _vibrato_mark(passage: Passage | None) -> float:
    if passage is None:
        return _STRAIGHT_MARK
    rated = np.interp(passage.rate_hz, _RATES_HZ, _RATED)
    rated *= np.interp(passage.extent_cents, _EXTENTS_CENTS, _WIDTHS_RATED)
    return _FULL_MARK * float(rated * np.interp(passage.regularity, _REGULARITIES, _EVENNESS_RATED))


KINDS = (
    *intonation.KINDS,
    Kind("attacks_off", Unit.CENTS, _attacks_off),
    Kind("leaps_off", Unit.CENTS, _leaps_off),
    Kind("notes_wobble", Unit.CENTS, _notes_wobble),
    Kind("vibrato_quality", Unit.MARK, _vibrato_quality),
    *rhythm.KINDS,
)
