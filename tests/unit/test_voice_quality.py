"""What is said of a voice itself goes with how the voice was made, and with nothing else."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from vocalverse.measure.frames import Frames, Heard
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.singing.voice_quality import VoiceQuality, measure_voice_quality
from vocalverse.synthesis.singing import Place, Sung, Tone, Vibrato, sing
from vocalverse.synthesis.throat import Voice


@cache
def tone(voice: Voice = Voice(), *, midi: float = 57.0, vibrato: bool = False) -> Sung:
    return sing([Tone(midi, 1.5, rest_s=0.1, vibrato=Vibrato() if vibrato else None)], voice=voice)


@cache
def quality(voice: Voice = Voice(), *, midi: float = 57.0, vibrato: bool = False) -> VoiceQuality:
    return measure_voice_quality(tone(voice, midi=midi, vibrato=vibrato).heard())


@pytest.mark.parametrize("noise_db", [-35.0, -20.0, -10.0])
def test_tone_against_noise_is_what_was_put_in(noise_db: float) -> None:
    assert quality(Voice(breathiness_db=noise_db)).hnr_db == pytest.approx(-noise_db, abs=1)


@pytest.mark.parametrize("midi", [43.0, 76.0])
def test_tone_against_noise_does_not_depend_on_the_pitch(midi: float) -> None:
    assert quality(Voice(breathiness_db=-20), midi=midi).hnr_db == pytest.approx(20, abs=2.5)


def test_a_breathier_voice_has_more_breath_and_a_flatter_cepstrum() -> None:
    found = [quality(Voice(breathiness_db=noise_db)) for noise_db in (-35.0, -20.0, -10.0)]
    assert all(after.breathiness_db - before.breathiness_db > 5 for before, after in pairwise(found))
    assert all(before.cpps_db - after.cpps_db > 2 for before, after in pairwise(found))


def test_uneven_periods_are_jitter_and_leave_shimmer() -> None:
    found = [quality(Voice(jitter=jitter)) for jitter in (0.0, 0.005, 0.01, 0.02)]
    assert all(after.jitter > 1.3 * before.jitter for before, after in pairwise(found))
    # The synthesiser's periods change within a pulse too, which takes some of it back: peers find this as well.
    assert found[1].jitter == pytest.approx(0.005 / np.sqrt(3), rel=0.3)  # of three in a row, not of two
    assert found[2].jitter == pytest.approx(0.01 / np.sqrt(3), rel=0.4)
    assert found[2].shimmer < found[0].shimmer + 0.004


def test_uneven_pulses_are_shimmer_and_leave_jitter() -> None:
    found = [quality(Voice(shimmer=shimmer)) for shimmer in (0.0, 0.03, 0.08)]
    assert all(after.shimmer > 1.5 * before.shimmer for before, after in pairwise(found))
    assert found[2].shimmer == pytest.approx(0.08 / np.sqrt(3), rel=0.2)  # of three in a row, not of two
    assert found[2].jitter == pytest.approx(found[0].jitter, abs=0.0005)


def test_vibrato_is_no_jitter() -> None:
    heard = sing([Tone(57, 1.5, rest_s=0.1, vibrato=Vibrato(extent_cents=80)) for _ in range(3)]).heard()
    found = measure_voice_quality(heard)
    assert found.jitter is not None
    assert found.jitter < 0.0012
    assert found.hnr_db is None or found.hnr_db > 20


def test_how_loud_the_recording_is_does_not_matter() -> None:
    sung = tone(Voice(breathiness_db=-20))
    soft = measure_voice_quality(replace(sung, dry=sung.dry * np.float32(0.05)).heard())
    loud = quality(Voice(breathiness_db=-20))
    assert soft.hnr_db == pytest.approx(loud.hnr_db, abs=0.05)
    assert soft.cpps_db == pytest.approx(loud.cpps_db, abs=0.1)
    assert soft.shimmer == pytest.approx(loud.shimmer, rel=0.01)


def test_the_room_around_a_voice_does_not_matter_where_it_was_taken_out() -> None:
    here = sing([Tone(57, 1.5, rest_s=0.1)], voice=Voice(breathiness_db=-20), place=Place(t60_s=0.4))
    assert measure_voice_quality(here.heard()).hnr_db == pytest.approx(20, abs=1)


@pytest.mark.parametrize("length", [0, 1_000, 32_000])
@pytest.mark.parametrize("voiced", [False, True])
def test_of_silence_and_of_next_to_nothing_nothing_is_said(length: int, voiced: bool) -> None:
    frames = Frames.of_signal(np.zeros(length, np.float32))
    on = np.full(len(frames), voiced)
    pitch = Pitch(np.where(on, 220, 0).astype(np.float32), on, on.astype(np.float32))
    found = measure_voice_quality(Heard(frames, frames, frames, pitch))
    assert found.hnr_db is None
    assert found.cpps_db is None
    assert found.jitter is None
    assert found.shimmer is None


def test_the_same_take_has_the_same_figures() -> None:
    assert measure_voice_quality(tone().heard()) == measure_voice_quality(tone().heard())
