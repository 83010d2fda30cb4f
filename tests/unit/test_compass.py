"""Range and tessitura."""

import numpy as np
import pytest

from vocalverse.measure.notes import Note
from vocalverse.measure.pitch.track import Pitch, hz_of
from vocalverse.measure.singing.compass import measure_compass


def pitch(midis: list[float], *, frames_each: int = 100) -> Pitch:
    f0 = np.repeat(hz_of(midis), frames_each).astype(np.float32)
    return Pitch(f0, f0 > 0, np.ones(len(f0), np.float32))


def note(midi: float, length_s: float) -> Note:
    return Note(0.0, length_s, midi, 0.0, -20.0)


def test_a_scale_over_two_octaves() -> None:
    compass = measure_compass(pitch([48.0 + step for step in range(25)]), [])
    assert (compass.low_midi, compass.high_midi) == pytest.approx((49, 71), abs=0.5)
    assert (compass.tessitura_low_midi, compass.tessitura_high_midi) == pytest.approx((54, 66), abs=0.5)
    assert compass.semitones == pytest.approx(22, abs=0.5)
    assert compass.middle_midi == pytest.approx(60, abs=0.1)


def test_a_moment_in_another_octave_does_not_widen_it() -> None:
    compass = measure_compass(pitch([60.0] * 50 + [72.0]), [])
    assert compass.semitones == pytest.approx(0, abs=0.1)


def test_what_is_held_is_told_from_what_is_touched() -> None:
    compass = measure_compass(pitch([60.0] * 5), [note(60, 0.5), note(67, 0.4), note(72, 0.1), note(50, 0.2)])
    assert (compass.lowest_held_midi, compass.highest_held_midi) == (60, 67)


def test_too_little_says_nothing() -> None:
    compass = measure_compass(pitch([60.0], frames_each=150), [note(60, 1.5)])
    assert compass.voiced_s == pytest.approx(1.5)
    assert compass.semitones is None
    assert compass.lowest_held_midi is None


def test_silence() -> None:
    f0 = np.zeros(500, np.float32)
    assert measure_compass(Pitch(f0, f0 > 0, f0), []).middle_midi is None
