"""A backing says how it is tuned, and who sings with it is held against that."""

import numpy as np
import pytest

from tests import backings
from vocalverse.measure.frames import RATE_HZ, Frames, Heard
from vocalverse.measure.free.grid import semitone_grid
from vocalverse.measure.free.tuning import Tuning, tuning_of
from vocalverse.measure.pitch.track import hz_of
from vocalverse.measure.take import measure_take
from vocalverse.synthesis.melodies import Faults, melody, perform
from vocalverse.synthesis.singing import Tone, sing


def chords(cents: float, *, seconds: float = 12.0) -> np.ndarray:
    """[samples]: three tones at a time, each with overtones."""
    rng = np.random.default_rng(0)
    at_s = np.arange(round(0.8 * RATE_HZ)) / RATE_HZ
    parts = []
    for _ in range(round(seconds / 0.8)):
        hz = hz_of(48 + rng.integers(0, 12) + np.asarray((0, 4, 7, 12)) + cents / 100)
        tones = [np.sin(2 * np.pi * order * one * at_s) / order for one in hz for order in range(1, 6)]
        parts.append(0.05 * np.sum(tones, axis=0) * np.exp(-at_s))
    return np.concatenate(parts).astype(np.float32)


@pytest.mark.parametrize("cents", [-48, -20, 0, 35])
def test_chords_tell_how_they_are_tuned(cents: float) -> None:
    found = tuning_of(chords(cents))
    assert found is not None
    assert found.near(cents) == pytest.approx(cents, abs=3)
    assert found.clear > 0.6


def test_a_made_backing_is_tuned_to_a4() -> None:
    found = tuning_of(Frames.of(backings.tune(10, seed=1)).samples)
    assert found is not None
    assert found.cents == pytest.approx(0, abs=4)


@pytest.mark.parametrize("seconds", [0.0, 0.1, 3.0])
def test_silence_and_noise_have_no_tuning(seconds: float) -> None:
    length = round(seconds * RATE_HZ)
    assert tuning_of(np.zeros(length, np.float32)) is None
    assert tuning_of(np.random.default_rng(0).standard_normal(length).astype(np.float32)) is None


def test_the_nearest_of_its_semitones_is_told() -> None:
    assert Tuning(45, 1).near(-45) == -55
    assert Tuning(-10, 1).near(20) == -10


def test_who_sings_in_tune_with_himself_and_not_with_the_backing_is_off() -> None:
    pitch = perform(melody(30, seed=7), Faults(semitones=0.45)).pitch
    alone, there, near, far = (semitone_grid(pitch, tuning_cents=cents) for cents in (None, 45, 25, 0))
    assert alone is not None
    assert there is not None
    assert near is not None
    assert far is not None
    assert alone.score == there.score == near.score
    assert near.tuning_cents == pytest.approx(45, abs=3)
    assert far.score.value < 40
    assert far.tuning_cents == 25


def test_a_take_over_a_backing_is_held_against_its_tuning() -> None:
    sung = sing([Tone(57 + step, 0.9, rest_s=0.1) for step in (0, 2, 4, 5, 7, 5, 4, 2, 0)])
    alone = sung.heard()
    backing = np.resize(chords(-45), len(alone.wet.samples)).astype(np.float32)
    heard = Heard(alone.dry, alone.wet, Frames.of_signal(alone.wet.samples + backing), alone.pitch)
    measured = measure_take(heard).by_itself
    assert measured.backing is not None
    assert measured.backing.cents == pytest.approx(-45, abs=4)
    assert measured.grid is not None
    assert measured.grid.tuning_cents == pytest.approx(-20, abs=4)
    assert measured.grid.off_cents == pytest.approx(20, abs=6)
    assert measure_take(alone).by_itself.backing is None
