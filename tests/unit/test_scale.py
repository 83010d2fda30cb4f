"""Notes against a scale that nobody told."""

import itertools

import numpy as np
import pytest

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.free.scale import ScaleFit, fit_scale, scattered
from vocalverse.measure.free.tuning import Tuning
from vocalverse.measure.notes import Note
from vocalverse.measure.pitch.track import Pitch, hz_of

MAJOR = (0, 2, 4, 5, 7, 9, 11)
NOTE_S = 0.4


def sung(midi: np.ndarray, backing: Tuning | None = None) -> ScaleFit | None:
    """Notes of the same length, one after another."""
    frames = round(NOTE_S / HOP_S)
    hz = np.repeat(hz_of(midi), frames).astype(np.float32)
    pitch = Pitch(hz, np.ones(len(hz), np.bool_), np.ones(len(hz), np.float32))
    notes = [Note(at * NOTE_S, (at + 1) * NOTE_S, float(one), 0.0, -20.0) for at, one in enumerate(midi)]
    return fit_scale(pitch, notes, backing)


def tune(notes: int, *, off_cents: float = 0.0, key: float = 57.3, seed: int = 3) -> np.ndarray:
    random = np.random.default_rng(seed)
    degrees = np.cumsum(random.choice([-2, -1, 1, 2], notes)) % len(MAJOR)
    return key + np.asarray(MAJOR)[degrees] + off_cents / 100 * random.standard_normal(notes)


def off_cents(fit: ScaleFit | None) -> float:
    assert fit is not None
    return fit.off_cents


@pytest.mark.parametrize("key", [50.0, 55.37, 61.5, 70.9])
def test_a_tune_in_any_key_and_tuning_lies_on_its_scale(key: float) -> None:
    assert off_cents(sung(tune(30, key=key))) < 3


def test_a_few_notes_in_tune_lie_on_a_scale_too() -> None:
    assert off_cents(sung(tune(7))) < 3


def test_the_farther_notes_are_off_the_farther_they_lie_from_the_scale() -> None:
    offs = [
        np.mean([off_cents(sung(tune(60, off_cents=cents, seed=seed))) for seed in range(5)])
        for cents in range(0, 75, 15)
    ]
    assert all(after > before + 1 for before, after in itertools.pairwise(offs))


@pytest.mark.parametrize("cents", [15, 30, 45])
def test_how_far_notes_are_off_is_told_from_how_far_they_lie_from_the_scale(cents: float) -> None:
    seen = float(np.mean([off_cents(sung(tune(80, off_cents=cents, seed=seed))) for seed in range(8)]))
    assert scattered(seen) == pytest.approx(cents * np.sqrt(2 / np.pi), rel=0.25)


def test_a_voice_that_sinks_slowly_stays_on_its_scale() -> None:
    sinking = tune(150) - np.linspace(0, 1, 150)  # a semitone in a minute
    assert off_cents(sung(sinking)) < 12


def test_a_song_that_goes_up_a_semitone_stays_on_its_scale() -> None:
    assert off_cents(sung(np.concatenate([tune(75), tune(75, key=58.3)]))) < 5


def test_who_is_in_tune_with_himself_but_not_with_the_backing_is_off() -> None:
    assert off_cents(sung(tune(40, key=57.4), Tuning(-10.0, 0.9))) > 20
    assert off_cents(sung(tune(40, key=57.0), Tuning(-10.0, 0.9))) < 15


def test_hardly_any_notes_tell_nothing() -> None:
    assert sung(tune(4)) is None
