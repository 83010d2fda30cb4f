"""What tells of breath control moves with what a singer does with the breath, and with nothing else."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from vocalverse.evidence.breath import KINDS
from vocalverse.evidence.kind import Found
from vocalverse.measure.frames import Frames, Signal
from vocalverse.measure.singing.breathing import BreathInWord
from vocalverse.measure.singing.intake import QUIET_DB
from vocalverse.measure.take import Measured, measure_take
from vocalverse.synthesis.melodies import melody
from vocalverse.synthesis.singing import Sung, Tone, sing
from vocalverse.synthesis.throat import Voice

SONG = melody(4, seed=3)
FIND = {kind.name: kind.find for kind in KINDS}


def phrases(*, breath_db: float | None = None, last_db: float = 0.0, last_s: float = 1.2) -> list[Tone]:
    breath = {} if breath_db is None else {"breath_s": 0.35, "breath_db": breath_db}
    line = [Tone(57, 0.5), Tone(60, 0.4), Tone(59, last_s, swell_db=last_db)]
    return 3 * [replace(line[0], rest_s=0.7, **breath), *line[1:]]


@cache
def measured(tones: tuple[Tone, ...], voice: Voice = Voice()) -> Measured:
    return measure_take(sing(tones, voice=voice, seed=2).heard())


def found(name: str, take: Measured) -> Found:
    there = FIND[name](take)
    assert there is not None
    return there


def with_gain(sung: Sung, gain_db: Signal) -> Measured:
    heard = sung.heard()
    dry = Frames.of_signal((heard.dry.samples * 10 ** (gain_db / 20)).astype(np.float32))
    return measure_take(replace(heard, dry=dry))


def value(name: str, tones: list[Tone], voice: Voice = Voice()) -> float:
    return found(name, measured(tuple(tones), voice)).value


def test_ends_that_fade_are_told_in_order_and_with_their_moments():
    values = [value("phrase_ends_held", phrases(last_db=db)) for db in (0.0, -8.0, -16.0)]
    assert all(before - after > 2 for before, after in pairwise(values))
    assert values[0] == pytest.approx(0, abs=1.5)
    take = measured(tuple(phrases()))
    moments = found("phrase_ends_held", take).moments
    assert [(one.from_s, one.to_s) for one in moments] == [(one.start_s, one.end_s) for one in take.phrases]


def test_a_voice_that_is_lost_before_the_end_is_not_held():
    sung = sing(phrases(), seed=2)
    gain_db = np.zeros(len(sung.heard().dry.samples), np.float32)
    for note in sung.notes[2::3]:
        gain_db[round((note.end_s - 0.2) * 16_000) : round((note.end_s + 0.05) * 16_000)] = -60
    assert found("phrase_ends_held", with_gain(sung, gain_db)).value < value("phrase_ends_held", phrases()) - 8


def test_last_notes_are_as_long_as_they_were_sung():
    for last_s in (0.4, 1.2):
        assert value("last_notes_held", phrases(last_s=last_s)) == pytest.approx(last_s, abs=0.06)


def test_gasps_are_as_loud_as_they_were():
    for breath_db in (-8.0, -16.0, -24.0):
        assert value("breaths_heard", phrases(breath_db=breath_db)) == pytest.approx(breath_db, abs=3)


def test_where_no_breath_is_heard_that_is_told():
    quiet = found("breaths_heard", measured(tuple(phrases())))
    assert (quiet.value, quiet.amount) == (pytest.approx(QUIET_DB, abs=5), 3)


def test_air_in_the_voice_is_told_in_order_and_breaths_between_tones_are_none_of_it():
    values = [value("air_in_tone", phrases(), Voice(breathiness_db=db)) for db in (-40.0, -20.0, -8.0)]
    assert all(after - before > 3 for before, after in pairwise(values))
    gasping = value("air_in_tone", phrases(breath_db=-8), Voice(breathiness_db=-40))
    assert gasping == pytest.approx(values[0], abs=0.5)


def with_noise(sung: Sung, below_db: float) -> Measured:
    heard = sung.heard()
    noise = np.random.default_rng(3).standard_normal(len(heard.dry.samples)) * 10 ** ((-20 - below_db) / 20)
    noisy = Frames.of_signal((heard.dry.samples + noise).astype(np.float32))
    return measure_take(replace(heard, dry=noisy, wet=noisy, mix=noisy))


def test_noise_of_the_recording_is_no_air_in_the_voice():
    sung = sing(phrases(), voice=Voice(breathiness_db=-15), seed=2)
    quiet, noisy = (found("air_in_tone", one) for one in (measure_take(sung.heard()), with_noise(sung, 30)))
    assert noisy.value == pytest.approx(quiet.value, abs=1.5)


def test_where_noise_would_hide_a_breath_nothing_is_said_of_breaths():
    assert FIND["breaths_heard"](with_noise(sing(phrases(), seed=2), 25)) is None


def test_held_tones_whose_level_comes_and_goes_are_uneven_and_crescendi_are_not():
    sung = sing([Tone(57, 2.0, rest_s=0.4), Tone(60, 2.0, rest_s=0.4)], seed=1)
    at_s = np.arange(len(sung.heard().dry.samples)) / 16_000
    even, waved, swelled = (
        found("held_tones_even", with_gain(sung, gain_db.astype(np.float32)))
        for gain_db in (0 * at_s, 3 * np.sin(2 * np.pi * 1.5 * at_s), 3 * at_s)
    )
    assert waved.value == pytest.approx(3 / np.sqrt(2), abs=0.7)
    assert max(even.value, swelled.value) < 0.6
    assert even.amount == pytest.approx(4, abs=0.2)


def test_loudness_of_the_recording_changes_nothing():
    sung = sing(phrases(breath_db=-16), seed=2)
    heard = sung.heard()
    louder = measure_take(replace(heard, **{one: Frames.of(4 * sung.samples) for one in ("dry", "wet", "mix")}))
    for name in ("phrase_ends_held", "breaths_heard", "air_in_tone", "held_tones_even"):
        assert found(name, louder).value == pytest.approx(found(name, measure_take(heard)).value, abs=0.2)


def test_what_is_sung_on_one_breath_ends_where_air_can_be_taken():
    take = measured(tuple(phrases()))
    assert value("sung_on_one_breath", phrases()) == pytest.approx(2.1, abs=0.1)
    assert found("sung_on_one_breath", take).amount == 3


@cache
def sung_song(held: float) -> Measured:
    """Of its last notes so much."""
    tones, at_s = [], 0.0
    for line in SONG.lines:
        for note in line.notes:
            length_s = (note.end_s - note.start_s) * (held if note is line.notes[-1] else 1)
            tones.append(Tone(note.midi or 60, length_s, rest_s=max(0.0, note.start_s - at_s)))
            at_s = note.start_s + length_s
    return measure_take(sing(tones, seed=4).heard(), SONG)


def test_lines_that_are_sung_out_are_told_from_those_that_are_not():
    whole, half = (found("last_notes_sung_out", sung_song(held)) for held in (1.0, 0.5))
    assert whole.value > 0.9
    assert half.value == pytest.approx(0.5, abs=0.12)


def test_breaths_that_cut_a_word_are_a_share_of_all():
    assert FIND["words_cut"](measured(tuple(phrases(breath_db=-16)))) is None  # no words are known
    take = measured(tuple(phrases(breath_db=-16)))
    assert len(take.breathing.breaths) == 3
    cutting = replace(take, breathing=replace(take.breathing, in_words=(BreathInWord(breath=1, word=0),)))
    cut = found("words_cut", cutting)
    assert cut.value == pytest.approx(1 / 3)
    assert [one.value for one in cut.moments] == [0, 1, 0]


def test_last_notes_that_go_flat_sag():
    sagging = [replace(tone, drift_cents=-80.0) if tone.length_s == 1.2 else tone for tone in phrases()]
    assert value("phrase_ends_sag", sagging) < value("phrase_ends_sag", phrases()) - 20


def test_a_voice_that_wanders_wavers():
    values = [value("held_tones_waver", phrases(), Voice(wobble_cents=cents)) for cents in (0.0, 25.0)]
    assert values[0] < 4
    assert values[1] > 8


def test_breaks_are_counted_by_the_minute_of_long_tones():
    take = measured(tuple(phrases()))
    tones = take.long_tones.tones
    broken = replace(take, long_tones=replace(take.long_tones, tones=(replace(tones[0], breaks=1), *tones[1:])))
    assert value("voice_breaks", phrases()) == 0
    assert found("voice_breaks", broken).value == pytest.approx(60 / (3 * 1.2), rel=0.1)


def test_of_nothing_sung_nothing_is_told():
    silent = Frames.of_signal(np.zeros(32_000, np.float32))
    sung = sing(phrases()).heard()
    pitch = replace(sung.pitch, hz=sung.pitch.hz[:201] * 0, voiced=np.zeros(201, np.bool_))
    nothing = measure_take(replace(sung, dry=silent, wet=silent, mix=silent, pitch=pitch))
    assert [kind.name for kind in KINDS if kind.find(nothing)] == []
