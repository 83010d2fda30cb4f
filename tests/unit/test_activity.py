"""Where somebody sings, on tones whose truth is known."""

import numpy as np
import pytest

from vocalverse.separate.activity import level_above_rest_db, voice_activity

RATE_HZ = 44_100


def tone(seconds: float, level: float, *, f0_hz: float = 220.0) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    one = level * np.sin(2 * np.pi * f0_hz * time_s)
    return np.stack([one, one], axis=1).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros((round(seconds * RATE_HZ), 2), np.float32)


def test_a_phrase_between_silences_is_active_with_its_edges():
    activity = voice_activity(np.concatenate([silence(2), tone(3, 0.1), silence(5)]), RATE_HZ)
    seconds = np.flatnonzero(activity.active) * activity.hop / RATE_HZ
    assert seconds.min() == pytest.approx(1.7, abs=0.06)
    assert seconds.max() == pytest.approx(5.3, abs=0.06)
    assert activity.share == pytest.approx(0.36, abs=0.02)


def test_what_the_separator_left_of_the_backing_is_no_voice():
    """40 dB under the phrase, as remains of drums are; a quiet phrase 20 dB under a loud one is one."""
    voice = np.concatenate([tone(3, 0.2), tone(3, 0.002), tone(3, 0.02)])
    activity = voice_activity(voice, RATE_HZ)
    by_second = [activity.by_sample(len(voice))[round(at * RATE_HZ)] for at in (1.5, 4.5, 7.5)]
    assert by_second == [True, False, True]


def test_a_short_gap_belongs_to_the_phrase():
    activity = voice_activity(np.concatenate([tone(2, 0.1), silence(0.4), tone(2, 0.1)]), RATE_HZ)
    assert activity.active.all()


@pytest.mark.parametrize("samples", [silence(3), silence(0.1), tone(2, 0.0005), np.zeros((1, 2), np.float32)])
def test_nothing_that_can_be_heard_is_nowhere_active(samples: np.ndarray):
    activity = voice_activity(samples, RATE_HZ)
    assert activity.share == 0.0
    assert level_above_rest_db(samples, samples, activity) is None


def test_the_level_above_the_rest_is_that_of_the_two_while_the_voice_sings():
    voice = np.concatenate([silence(2), tone(2, 0.1), silence(2)])
    backing = tone(6, 0.05, f0_hz=330.0)
    backing[: 2 * RATE_HZ] *= 10  # louder where nobody sings: that does not count
    activity = voice_activity(voice, RATE_HZ)
    assert level_above_rest_db(voice, voice + backing, activity) == pytest.approx(6.0, abs=0.3)
    assert level_above_rest_db(voice, voice, activity) is None


def test_samples_are_covered_to_the_last_one():
    voice = tone(1.234, 0.1)
    assert voice_activity(voice, RATE_HZ).by_sample(len(voice)).shape == (len(voice),)
