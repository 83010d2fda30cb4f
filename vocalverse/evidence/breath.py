"""Evidence of breath control: air that is taken without a noise, and lasts to the ends of phrases and long tones."""

import math
from collections.abc import Sequence

import numpy as np

from vocalverse.evidence.kind import Found, Kind, Moment, Unit
from vocalverse.evidence.moments import median_of, plainest
from vocalverse.measure.marks import weighted_median
from vocalverse.measure.phrases import PAUSE_S
from vocalverse.measure.take import AgainstSong, Measured

_FLAT_CENTS = -300.0  # a last note that slides down farther is an ornament, or another note
_LONG_PHRASES = 75  # percentile: what the breath is asked for at times


def _phrase_ends_held(measured: Measured) -> Found | None:
    """How much softer phrases are at their ends."""
    ends = [(measured.phrases[end.phrase], end.last_db) for end in measured.breathing.ends]
    return median_of([Moment(phrase.start_s, phrase.end_s, db) for phrase, db in ends if db is not None])


def _last_notes_held(measured: Measured) -> Found | None:
    """How long the last notes of phrases are."""
    last = [measured.notes[phrase.notes.stop - 1] for phrase in measured.phrases]
    return median_of([Moment(note.start_s, note.end_s, note.duration_s) for note in last])


def _last_notes_sung_out(measured: Measured) -> Found | None:
    """How much of the last notes of the song's lines is sung."""
    song = measured.against_song
    if not isinstance(song, AgainstSong) or not song.ends:
        return None
    moments = [Moment(end.start_s, end.end_s, end.sung_share) for end in song.ends]
    return Found(float(np.mean([one.value for one in moments])), len(moments), plainest(moments))


def _phrase_ends_sag(measured: Measured) -> Found | None:
    """How far the last notes of phrases go flat."""
    ends = [
        (measured.notes[measured.phrases[end.phrase].notes.stop - 1], end.sag_cents) for end in measured.breathing.ends
    ]
    known = [
        Moment(note.start_s, note.end_s, cents) for note, cents in ends if cents is not None and cents > _FLAT_CENTS
    ]
    return median_of(known)


def _breaths_heard(measured: Measured) -> Found | None:
    """How loud the noise is in which air is taken before phrases."""
    return median_of([Moment(one.start_s, one.end_s, one.level_db) for one in measured.breathing.intakes])


def _words_cut(measured: Measured) -> Found | None:
    """What share of the breaths is taken within words."""
    breaths, cutting = measured.breathing.breaths, measured.breathing.in_words
    if cutting is None or not breaths:
        return None
    cut = {one.breath for one in cutting}
    moments = [Moment(one.start_s, one.end_s, float(index in cut)) for index, one in enumerate(breaths)]
    return Found(len(cut) / len(breaths), len(breaths), plainest(moments))


def _sung_on_one_breath(measured: Measured) -> Found | None:
    """How long the longer stretches are in which no air can have been taken."""
    notes, breaths = measured.notes, [(one.start_s + one.end_s) / 2 for one in measured.breathing.breaths]
    stretches: list[Moment] = []
    for note in notes:
        before_s = stretches[-1].to_s if stretches else -math.inf
        paused = note.start_s - before_s >= PAUSE_S or any(before_s < breath < note.start_s for breath in breaths)
        from_s = note.start_s if paused else stretches.pop().from_s
        stretches.append(Moment(from_s, note.end_s, note.end_s - from_s))
    if not stretches:
        return None
    longer_s = float(np.percentile([one.value for one in stretches], _LONG_PHRASES))
    return Found(longer_s, len(stretches), plainest(stretches))


def _held_tones_even(measured: Measured) -> Found | None:
    """How much the level of held tones wavers, crescendo and vibrato aside."""
    return _by_length([Moment(one.start_s, one.end_s, one.level_db) for one in measured.support])


def _held_tones_waver(measured: Measured) -> Found | None:
    """How much their pitch wavers, slower than a vibrato."""
    return _by_length([Moment(one.start_s, one.end_s, one.cents) for one in measured.support])


def _voice_breaks(measured: Measured) -> Found | None:
    """How often a long tone stops, flips or drops."""
    tones = [Moment(one.start_s, one.end_s, one.breaks) for one in measured.long_tones.tones]
    if not tones:
        return None
    minutes = sum(one.to_s - one.from_s for one in tones) / 60
    return Found(sum(one.value for one in tones) / minutes, 60 * minutes, plainest(tones))


def _air_in_tone(measured: Measured) -> Found | None:
    """How much breath is heard along with what is held."""
    air = measured.air
    if air.air_db is None:
        return None
    told = [(measured.phrases[one.phrase], one.air_db) for one in air.phrases]
    return Found(air.air_db, air.held_s, plainest([Moment(one.start_s, one.end_s, db) for one, db in told]))


def _by_length(moments: Sequence[Moment]) -> Found | None:
    """The median over time, and the seconds that it rests on."""
    if not moments:
        return None
    lengths_s = [one.to_s - one.from_s for one in moments]
    return Found(weighted_median([one.value for one in moments], lengths_s), sum(lengths_s), plainest(moments))


KINDS = (
    Kind("phrase_ends_held", Unit.DB, _phrase_ends_held),
    Kind("last_notes_held", Unit.S, _last_notes_held),
    Kind("last_notes_sung_out", Unit.SHARE, _last_notes_sung_out),
    Kind("phrase_ends_sag", Unit.CENTS, _phrase_ends_sag),
    Kind("breaths_heard", Unit.DB, _breaths_heard),
    Kind("words_cut", Unit.SHARE, _words_cut),
    Kind("sung_on_one_breath", Unit.S, _sung_on_one_breath),
    Kind("held_tones_even", Unit.DB, _held_tones_even),
    Kind("held_tones_waver", Unit.CENTS, _held_tones_waver),
    Kind("voice_breaks", Unit.PER_MINUTE, _voice_breaks),
    Kind("air_in_tone", Unit.DB, _air_in_tone),
)
