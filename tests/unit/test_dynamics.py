"""Loud and soft, by the voice and by the microphone."""

from dataclasses import replace

import numpy as np
import pytest

from vocalverse.measure.frames import Frames, Heard, Signal
from vocalverse.measure.notes import Note
from vocalverse.measure.phrases import find_phrases
from vocalverse.measure.singing.dynamics import Dynamics, Moved, Swell, measure_dynamics
from vocalverse.synthesis.singing import Sung, Tone, Vowel, sing


def measured(sung: Sung, *, gain_db: float | Signal = 0.0) -> Dynamics:
    """With a microphone that is moved by so much."""
    heard = sung.heard()
    dry = Frames.of_signal((heard.dry.samples * 10 ** (np.asarray(gain_db) / 20)).astype(np.float32))
    moved: Heard = replace(heard, dry=dry)
    notes = [Note(note.start_s, note.end_s, note.tone.midi, 0.0, -20.0) for note in sung.notes]
    return measure_dynamics(moved, notes, find_phrases(notes))


def line(levels_db: list[float], *, vowels: tuple[Vowel, ...] = (Vowel.A, Vowel.E, Vowel.O)) -> Sung:
    """Notes, six of them to a phrase."""
    tones = [
        Tone(60 + at % 5, 0.35, rest_s=0.6 if at % 6 == 0 else 0.05, level_db=level, vowel=vowels[at % len(vowels)])
        for at, level in enumerate(levels_db)
    ]
    return sing(tones)


def ramp(sung: Sung, by_db: float) -> Signal:
    return np.linspace(0, by_db, len(sung.heard().dry.samples)).astype(np.float32)


def test_how_far_a_phrase_reaches() -> None:
    narrow = measured(line([0.0] * 12)).range_db
    wide = measured(line([0.0, -6, -12, 0, -6, -12] * 2)).range_db
    assert narrow is not None
    assert wide is not None
    assert narrow < 4
    assert wide == pytest.approx(12, abs=3)


def test_flattening_levels_narrows_them_in_order() -> None:
    levels = np.array([0.0, -8, -3, -12, -5] * 3)
    ranges = [measured(line(list(levels * kept))).range_db or 0.0 for kept in (1.0, 0.5, 0.0)]
    assert ranges == sorted(ranges, reverse=True)


def test_a_crescendo_of_the_voice() -> None:
    found = measured(sing([Tone(60, 2.5, swell_db=12, rest_s=0.3)])).phrases[0]
    assert found.swell is Swell.CRESCENDO
    assert found.moved is Moved.VOICE
    assert found.trend_db == pytest.approx(12, abs=2)


def test_a_microphone_that_comes_nearer_is_no_crescendo_of_the_voice() -> None:
    sung = sing([Tone(60, 2.5, rest_s=0.3)])
    found = measured(sung, gain_db=ramp(sung, 12)).phrases[0]
    assert found.swell is Swell.CRESCENDO
    assert found.moved is Moved.MICROPHONE


def test_a_decrescendo() -> None:
    assert measured(sing([Tone(60, 2.5, swell_db=-10, rest_s=0.3)])).phrases[0].swell is Swell.DECRESCENDO


def test_an_even_phrase_has_no_swell() -> None:
    assert all(phrase.swell is None for phrase in measured(line([0.0] * 18)).phrases)


def test_over_a_take_voice_and_microphone_are_told_apart() -> None:
    """One vowel: others need hundreds of notes until theirs is told from the voice's tilt."""
    sung = measured(line([0.0, -8, -3, -12, -5] * 4, vowels=(Vowel.A,)))
    even = line([0.0] * 18)
    assert sung.moved is Moved.VOICE
    assert sung.tilt_per_level is not None
    assert sung.tilt_per_level > 0.3
    assert measured(even, gain_db=ramp(even, 14)).moved is not Moved.VOICE  # at most unclear


def test_phrases_against_one_another() -> None:
    spread = measured(line([0.0] * 6 + [-10.0] * 6)).between_phrases_db
    assert spread == pytest.approx(5, abs=1)


def test_too_little_says_nothing() -> None:
    found = measured(sing([Tone(60, 0.3, rest_s=0.2)]))
    assert (found.range_db, found.between_phrases_db, found.moved) == (None, None, None)
