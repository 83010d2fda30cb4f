"""Made attacks: what each hands in is what its name says, and the same seed makes the same."""

import numpy as np
import pytest

from vocalverse.errors import Unavailable
from vocalverse.measure.frames import Frames
from vocalverse.synthesis.attacks import CALIBRATION, GENERATORS, Kind, Material, attacks, over
from vocalverse.synthesis.repertoire import song
from vocalverse.synthesis.singing import RATE_HZ
from vocalverse.synthesis.speech import Program, Speaker, speak

SECONDS = 2.0
SUNG = song(12, seed=1)
MATERIAL = Material([note.tone for note in SUNG.notes], SUNG.samples, SUNG.samples[::-1], SECONDS)
MADE = {attack.generator: attack for attack in attacks(MATERIAL, seed=5)}


def test_every_kind_has_a_generator_that_sets_thresholds_and_most_have_one_that_does_not() -> None:
    kinds = {name: generator.kind for name, generator in GENERATORS.items()}
    assert {kinds[name] for name in CALIBRATION} == set(Kind)
    assert {kind for name, kind in kinds.items() if name not in CALIBRATION} == set(Kind) - {Kind.BLEED}


@pytest.mark.parametrize("name", list(GENERATORS))
def test_what_is_made_is_stereo_that_can_be_heard(name: str) -> None:
    if name not in MADE:
        pytest.skip("its speech program is not installed: apt-get install espeak-ng flite")
    samples = MADE[name].samples
    assert samples.dtype == np.float32
    assert samples.shape[1] == 2
    assert len(samples) >= 0.9 * SECONDS * RATE_HZ
    assert 1e-5 < float(np.sqrt(np.mean(np.square(samples)))) < 0.5


def test_the_same_seed_makes_the_same_and_others_something_else() -> None:
    only = frozenset({"breathy_whistle", "applause", "loop_in_a_room"})
    again = {attack.generator: attack for attack in attacks(MATERIAL, seed=5, only=only)}
    other = {attack.generator: attack for attack in attacks(MATERIAL, seed=6, only=only)}
    assert set(again) == only
    for name in only:
        np.testing.assert_array_equal(again[name].samples, MADE[name].samples)
        assert other[name].samples.shape != again[name].samples.shape or (
            np.abs(other[name].samples - again[name].samples).max() > 1e-3
        )


def test_only_what_is_played_back_names_its_guide() -> None:
    assert {attack.kind for attack in MADE.values() if attack.guide is not None} == {Kind.PLAYBACK}


def test_a_whistle_is_one_line() -> None:
    power = Frames.of(MADE["sine_whistle"].samples).power
    loud = power[power.sum(axis=1) > 1e-3]
    assert float(np.median(np.sort(loud, axis=1)[:, -5:].sum(axis=1) / loud.sum(axis=1))) > 0.99


def test_over_a_backing_the_attack_is_as_loud_as_said() -> None:
    voice, noise = (np.tile(np.random.default_rng(seed).normal(0, 0.1, (9_000, 1)), 2) for seed in (1, 2))
    both = over(voice.astype(np.float32), noise[:5_000].astype(np.float32), above_db=6.0)
    parts = np.stack([voice[:, 0], np.resize(noise[:5_000, 0], len(voice))], axis=1)
    gains, *_ = np.linalg.lstsq(parts, both[:, 0], rcond=None)
    levels = gains * np.sqrt(np.mean(np.square(parts), axis=0))
    assert 20 * np.log10(levels[0] / levels[1]) == pytest.approx(6.0, abs=0.2)


def test_a_program_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable, match="flite"):
        speak(Speaker(Program.FLITE), ["Hello."])
    assert "flite" not in {attack.generator for attack in attacks(MATERIAL, only=frozenset({"flite"}))}
