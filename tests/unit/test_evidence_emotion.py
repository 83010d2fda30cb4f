"""Expression is what moves over several notes and was meant, not what is unsteady, nor what is lost."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from vocalverse.evidence.emotion import KINDS
from vocalverse.evidence.kind import Found
from vocalverse.measure.frames import Frames
from vocalverse.measure.take import Measured, measure_take
from vocalverse.synthesis.melodies import melody
from vocalverse.synthesis.singing import Tone, Vibrato, Vowel, sing
from vocalverse.synthesis.throat import Voice

FIND = {kind.name: kind.find for kind in KINDS}
ARC = (-6.0, -3.0, 0.0, 2.0, 2.0, 0.0, -3.0, -6.0)
JAGGED = (-6.0, 2.0, -3.0, 0.0, -6.0, 2.0, -3.0, 0.0)
EVEN = (0.0,) * 8


def line(levels_db: tuple[float, ...], *, vowel: Vowel = Vowel.A, last_db: float = 0.0) -> list[Tone]:
    tones = [Tone(57 + at % 4, 0.35, level_db=level, vowel=vowel) for at, level in enumerate(levels_db)]
    return [replace(tones[0], rest_s=0.6), *tones[1:-1], replace(tones[-1], level_db=tones[-1].level_db + last_db)]


@cache
def measured(tones: tuple[Tone, ...]) -> Measured:
    return measure_take(sing(tones, seed=2).heard())


def found(name: str, tones: list[Tone]) -> Found:
    there = FIND[name](measured(tuple(tones)))
    assert there is not None
    return there


def test_phrases_that_rise_and_fall_swell_and_even_or_jagged_ones_do_not():
    arcs, jagged, even = (found("swells", 3 * line(levels)).value for levels in (ARC, JAGGED, EVEN))
    assert arcs > 1.7
    assert max(jagged, even) < 1


def test_swells_flattened_by_half_are_half_as_wide():
    half = found("swells", 3 * line(tuple(level / 2 for level in ARC))).value
    assert half == pytest.approx(found("swells", 3 * line(ARC)).value / 2, rel=0.2)


def test_accents_are_of_single_notes():
    assert found("accents", 3 * line(JAGGED)).value > 2
    assert found("accents", 3 * line(EVEN)).value < 0.7


def test_a_loud_verse_and_a_soft_one_differ_by_as_much_as_they_were_sung():
    tones = [*line(EVEN), *line((-8.0,) * 8), *line(EVEN), *line((-8.0,) * 8)]
    assert found("phrases_differ", tones).value == pytest.approx(4, abs=1)
    assert found("phrases_differ", 4 * line(ARC)).value < 0.5


def test_louder_singing_is_brighter_so_colours_differ_with_it():
    bright = [*line(EVEN), *line((-8.0,) * 8), *line(EVEN), *line((-8.0,) * 8)]
    assert found("colours_differ", bright).value > found("colours_differ", 4 * line(EVEN)).value + 1


@pytest.mark.parametrize("name", ["swells", "accents", "phrases_differ", "colours_differ"])
def test_a_last_note_that_is_lost_expresses_nothing(name: str):
    lost = found(name, 3 * line(ARC, last_db=-14.0)).value
    assert lost == pytest.approx(found(name, 3 * line(ARC)).value, abs=0.4)


@pytest.mark.parametrize("name", ["swells", "accents", "phrases_differ", "colours_differ"])
def test_loudness_of_the_recording_is_no_expression(name: str):
    sung = sing(3 * line(ARC), seed=2)
    louder = measure_take(replace(sung.heard(), dry=Frames.of(4 * sung.dry)))
    there = FIND[name](louder)
    assert there is not None
    assert there.value == pytest.approx(found(name, 3 * line(ARC)).value, abs=0.1)


def test_the_moments_of_swells_are_the_phrases_that_have_them():
    tones = [*line(ARC), *line(EVEN), *line(ARC), *line(EVEN)]
    by_value = sorted(found("swells", tones).moments, key=lambda one: one.value)
    phrases = measured(tuple(tones)).phrases
    assert {one.from_s for one in by_value[2:]} == {phrases[0].start_s, phrases[2].start_s}


def vibrato(extents: tuple[float, ...]) -> list[Tone]:
    return [Tone(60, 1.6, rest_s=0.4, vibrato=Vibrato(extent_cents=extent)) for extent in extents]


def test_vibratos_of_many_widths_are_varied():
    same, varied = (found("vibrato_varied", vibrato(each)).value for each in ((60,) * 4, (35, 55, 80, 110)))
    assert same < 0.1
    assert varied > 0.3


def test_slides_are_counted_by_the_minute_of_voice():
    plain = [Tone(60, 0.6, rest_s=0.4) for _ in range(6)]
    scooped = [replace(tone, scoop_cents=150.0) for tone in plain]
    assert found("ornamented", plain).value == 0
    assert found("ornamented", scooped).value == pytest.approx(6 / (6 * 0.6 / 60), rel=0.15)


def take(laid_back_ms: float, strays_ms: float = 0.0) -> Measured:
    """Every other phrase later by that much, and each note off by about as much as `strays_ms`."""
    song, rng = melody(4, seed=3), np.random.default_rng(4)
    tones, at_s = [], 0.0
    for number, sung in enumerate(song.lines):
        for note in sung.notes:
            later_s = (laid_back_ms * (number % 2) + strays_ms * rng.standard_normal()) / 1_000
            starts_s = max(at_s, note.start_s + later_s)
            length_s = max(0.12, note.end_s + later_s - starts_s - 0.05)
            tones.append(Tone(note.midi or 60, length_s, rest_s=starts_s - at_s))
            at_s = starts_s + length_s
    return measure_take(sing(tones, voice=Voice(), seed=4).heard(), song)


def test_phrases_that_are_laid_back_are_free_and_notes_that_stray_are_not():
    on_time, free, stray = (FIND["timing_free"](one) for one in (take(0), take(80), take(0, strays_ms=40)))
    assert on_time is not None
    assert free is not None
    assert stray is not None
    assert free.value > 25
    assert max(on_time.value, stray.value) < 15


def test_without_a_song_nothing_is_said_of_timing():
    assert FIND["timing_free"](measured(tuple(line(EVEN)))) is None
