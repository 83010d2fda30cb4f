"""The colour of a voice: each number goes with what was done to the voice, and with nothing else."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.signal import butter, iirnotch, lfilter, sosfilt

from vocalverse.measure.frames import RATE_HZ, Frames, Heard, Signal
from vocalverse.measure.notes import find_notes
from vocalverse.measure.phrases import find_phrases
from vocalverse.measure.singing.colour import Colour, measure_colour
from vocalverse.synthesis.singing import Place, Tone, Vibrato, Vowel, sing
from vocalverse.synthesis.throat import Voice

VOWELS = (Vowel.A, Vowel.E, Vowel.O)
TONES, TONE_S, REST_S = 12, 0.5, 0.1


@cache
def heard(voice: Voice = Voice(), *, midi: float = 55.0, vowels: tuple[Vowel, ...] = VOWELS) -> Heard:
    return sing(
        [Tone(midi + at % 5, TONE_S, rest_s=REST_S, vowel=vowels[at % len(vowels)]) for at in range(TONES)], voice=voice
    ).heard()


def colour(of: Heard) -> Colour:
    notes = find_notes(of)
    return measure_colour(of, notes, find_phrases(notes))


def passed(of: Heard, sound: Signal) -> Heard:
    return replace(of, dry=Frames.of_signal(sound.astype(np.float32)))


def low_pass(signal: Signal, hz: float) -> Signal:
    return np.asarray(sosfilt(butter(2, hz, fs=RATE_HZ, output="sos"), signal), np.float32)


@pytest.mark.parametrize("noise_db", [-25.0, -18.0, -12.0])
def test_clarity_is_tone_against_noise(noise_db: float) -> None:
    of = colour(heard(Voice(breathiness_db=noise_db), midi=57.0))
    assert of.clear_db == pytest.approx(-noise_db, abs=2)


def test_a_hoarse_voice_is_rough_and_a_clear_one_is_not() -> None:
    assert colour(heard()).rough_share == 0
    assert colour(heard(Voice(breathiness_db=-3))).rough_share > 0.8


def test_what_is_rough_lies_in_its_phrase() -> None:
    clear, hoarse = heard().dry.samples, heard(Voice(breathiness_db=-3)).dry.samples
    half = len(clear) // 2
    of = colour(passed(heard(), np.concatenate([clear[:half], hoarse[half:]])))
    assert of.rough_share == pytest.approx(0.5, abs=0.15)
    shares = [phrase.rough_share for phrase in of.phrases if phrase.rough_share is not None]
    assert shares == sorted(shares)


@pytest.mark.parametrize("hz", [4_000.0, 2_460.0, 1_410.0])
def test_a_hand_before_the_mouth_takes_what_carries_and_leaves_the_rest(hz: float) -> None:
    before, after = colour(heard()), colour(passed(heard(), low_pass(heard().dry.samples, hz)))
    assert after.balance.carries_db < before.balance.carries_db - 0.2
    assert after.balance.open_db == pytest.approx(before.balance.open_db, abs=1)
    assert after.clear_db == pytest.approx(before.clear_db, abs=0.5)


def test_what_the_nose_takes_away_is_open() -> None:
    nasal = lfilter(*iirnotch(900.0, 0.9, fs=RATE_HZ), heard().dry.samples)
    before, after = colour(heard()), colour(passed(heard(), nasal))
    assert after.balance.open_db < before.balance.open_db - 3
    assert after.clear_db == pytest.approx(before.clear_db, abs=2)


def test_closed_vowels_are_less_open_than_open_ones() -> None:
    closed, opened = (colour(heard(vowels=(vowel,))) for vowel in (Vowel.U, Vowel.A))
    assert closed.balance.open_db < opened.balance.open_db - 5


@pytest.mark.parametrize("midi", [47.0, 66.0])
def test_pitch_is_no_colour(midi: float) -> None:
    """A song of many vowels, a man's or a woman's."""
    voice = Voice(breathiness_db=-18)
    low = colour(heard(voice, midi=53.0))
    other = colour(heard(replace(voice, tract=1.17 if midi > 60 else 1.0), midi=midi))
    assert other.clear_db == pytest.approx(low.clear_db, abs=5)
    assert other.balance.open_db == pytest.approx(low.balance.open_db, abs=4)
    assert other.balance.carries_db == pytest.approx(low.balance.carries_db, abs=6)


def test_how_loud_the_recording_is_changes_nothing() -> None:
    before, after = colour(heard()), colour(passed(heard(), heard().dry.samples * np.float32(0.1)))
    assert after.balance.open_db == pytest.approx(before.balance.open_db, abs=0.05)
    assert after.balance.carries_db == pytest.approx(before.balance.carries_db, abs=0.05)
    assert (after.clear_db, after.wavers_db) == pytest.approx((before.clear_db, before.wavers_db), abs=0.1)


def test_a_colour_that_flickers_wavers_and_vibrato_does_not() -> None:
    bright = heard().dry.samples
    share = 0.5 + 0.5 * np.sin(2 * np.pi * 9 * np.arange(len(bright)) / RATE_HZ)
    flickering = share * bright + (1 - share) * low_pass(bright, 700)
    vibrato = sing([Tone(57, TONE_S, rest_s=REST_S, vibrato=Vibrato()) for _ in range(TONES)]).heard()
    assert colour(passed(heard(), flickering)).wavers_db > colour(heard()).wavers_db + 1
    assert colour(vibrato).wavers_db < 1


def test_too_little_says_nothing() -> None:
    little = colour(sing([Tone(60, 0.4)]).heard())
    assert (little.clear_db, little.rough_share, little.balance) == (None, None, None)
    nothing = heard()
    silent = replace(nothing, pitch=replace(nothing.pitch, voiced=np.zeros_like(nothing.pitch.voiced)))
    assert colour(silent).phrases == ()


def test_a_room_sounds_on_behind_the_voice() -> None:
    sung = sing([Tone(55, TONE_S, rest_s=0.4) for _ in range(4)], place=Place(t60_s=0.8)).heard()
    assert colour(replace(sung, dry=sung.wet)).tail_db > colour(sung).tail_db + 10
