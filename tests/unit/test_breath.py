"""Breaths are found where a singer took them, and phrases that run out of air are told from those that end softly."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from tests import backings
from vocalverse.measure.frames import Frames, Heard
from vocalverse.measure.notes import Note
from vocalverse.measure.phrases import Phrase
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.singing.breath import Breath, find_breaths
from vocalverse.measure.singing.breathing import BreathInWord, Word, measure_breathing
from vocalverse.synthesis.singing import Consonant, Place, Sung, Tone, TrueNote, Vowel, sing
from vocalverse.synthesis.throat import Voice

DRY = Place()
NOISY = Place(noise_dbfs=-50)
ROOM = Place(t60_s=0.4, drr_db=3)
HALL = Place(t60_s=0.8, drr_db=0, noise_dbfs=-65)


@cache
def take(place: Place = DRY, *, breath_db: float | None = -25.0) -> Sung:
    """Four phrases of three tones with every kind of consonant, each after a pause in which a breath may be taken."""
    pauses = ((0.5, 0.3, None), (0.6, 0.4, Consonant.S), (0.45, 0.2, Consonant.T), (0.9, 0.5, None))
    tones: list[Tone] = []
    for rest_s, breath_s, first in pauses:
        breath = {} if breath_db is None else {"breath_s": breath_s, "breath_db": breath_db}
        tones += [
            Tone(57, 0.4, rest_s=rest_s, consonant=first, **breath),
            Tone(60, 0.3, consonant=Consonant.S, vowel=Vowel.I),
            Tone(62, 0.4, rest_s=0.12, consonant=Consonant.T, vowel=Vowel.O),
        ]
    return sing(tones, place=place, voice=Voice(breathiness_db=-25), seed=3)


@cache
def heard(place: Place = DRY, *, breath_db: float | None = -25.0) -> Heard:
    return take(place, breath_db=breath_db).heard()


def overlaps(sung: Sung, breaths: tuple[Breath, ...]) -> list[float]:
    """Of each true breath, the share of both together that a found one has with it."""
    shares = [0.0] * len(sung.breaths)
    for index, true in enumerate(sung.breaths):
        for breath in breaths:
            both = min(breath.end_s, true.end_s) - max(breath.start_s, true.start_s)
            shares[index] = max(shares[index], both / (true.end_s - true.start_s + breath.duration_s - both))
    return shares


@pytest.mark.parametrize(
    ("place", "breath_db"),
    [(DRY, -15.0), (DRY, -25.0), (DRY, -40.0), (NOISY, -15.0), (NOISY, -30.0), (ROOM, -25.0), (HALL, -18.0)],
)
def test_every_breath_is_found_and_nothing_else(place: Place, breath_db: float) -> None:
    sung = take(place, breath_db=breath_db)
    breaths = find_breaths(heard(place, breath_db=breath_db))
    assert len(breaths) == 4
    assert min(overlaps(sung, breaths)) > 0.5


@pytest.mark.parametrize(("place", "within_db"), [(DRY, 1.0), (NOISY, 1.0), (ROOM, 2.0)])
def test_a_breath_is_as_loud_as_it_was(place: Place, within_db: float) -> None:
    levels = [breath.level_dbfs for breath in find_breaths(heard(place))]
    assert levels == pytest.approx([place.level_dbfs - 25] * 4, abs=within_db)


@pytest.mark.parametrize("place", [DRY, NOISY, ROOM, HALL])
def test_consonants_rooms_and_noise_are_no_breaths(place: Place) -> None:
    assert find_breaths(heard(place, breath_db=None)) == ()


@pytest.mark.parametrize("below_db", [25.0, 40.0])
def test_what_is_left_of_a_backing_is_no_breath(below_db: float) -> None:
    sung = take(breath_db=None)
    left = backings.tune(len(sung.samples) / 44_100, seed=5)[: len(sung.samples)]
    wet = Frames.of(sung.samples + left * np.float32(10 ** (-below_db / 20)))
    assert find_breaths(replace(heard(breath_db=None), wet=wet)) == ()


def test_breaths_keep_their_places_where_the_voice_has_a_backing_left_in_it() -> None:
    sung = take(breath_db=-22.0)
    left = backings.tune(len(sung.samples) / 44_100, seed=5)[: len(sung.samples)] * np.float32(0.003)
    breaths = find_breaths(replace(heard(breath_db=-22.0), wet=Frames.of(sung.samples + left)))
    assert sum(share > 0.5 for share in overlaps(sung, breaths)) >= 3
    assert len(breaths) <= 4


def test_louder_recordings_have_the_same_breaths() -> None:
    sung = take()
    found = find_breaths(heard())
    loud = find_breaths(replace(heard(), wet=Frames.of(sung.samples * np.float32(4))))
    assert [(breath.start_s, breath.end_s) for breath in loud] == [(breath.start_s, breath.end_s) for breath in found]
    assert [breath.below_voice_db for breath in loud] == pytest.approx(
        [breath.below_voice_db for breath in found], abs=0.1
    )


@pytest.mark.parametrize("level", [0.0, 0.1])
def test_where_nobody_sings_nobody_breathes(level: float) -> None:
    noise = np.random.default_rng(1).standard_normal(32_000).astype(np.float32) * np.float32(level)
    assert find_breaths(heard_of(noise, voiced=np.zeros(201, np.bool_))) == ()


@pytest.mark.parametrize("length", [0, 100, 2_000])
def test_the_shortest_sound_is_looked_at_too(length: int) -> None:
    frames = length // 160 + 1
    assert find_breaths(heard_of(np.zeros(length, np.float32), voiced=np.ones(frames, np.bool_))) == ()


def heard_of(signal: np.ndarray, *, voiced: np.ndarray) -> Heard:
    frames = Frames.of_signal(signal)
    hz = np.where(voiced, 220, 0).astype(np.float32)
    return Heard(frames, frames, frames, Pitch(hz, voiced, voiced.astype(np.float32)))


def notes_of(sung: Sung) -> list[Note]:
    return [Note(note.start_s, note.end_s, note.tone.midi, 0.0, -20.0) for note in sung.notes]


def phrases_of(sung: Sung) -> list[Phrase]:
    """One after each rest of more than 0.3 s."""
    firsts = [0] + [at for at, note in enumerate(sung.notes) if at and note.tone.rest_s > 0.3] + [len(sung.notes)]
    return [
        Phrase(sung.notes[first].start_s, sung.notes[after - 1].end_s, range(first, after))
        for first, after in pairwise(firsts)
    ]


def last_tone(**last: float) -> Sung:
    return sing([Tone(57, 0.9, rest_s=0.2), Tone(60, 0.9), Tone(59, 1.4, **last)], seed=1)


@pytest.mark.parametrize(
    ("last", "out"),
    [
        ({}, False),
        ({"swell_db": -14.0}, False),  # a diminuendo
        ({"drift_cents": -120.0}, False),  # flat, with all the air there is
        ({"fall_cents": 200.0, "swell_db": -14.0}, False),  # an ornament
        ({"swell_db": -14.0, "drift_cents": -120.0}, True),
    ],
)
def test_running_out_of_air_is_level_and_pitch_together(last: dict[str, float], out: bool) -> None:
    sung = last_tone(**last)
    found = measure_breathing(sung.heard(), breaths=(), notes=notes_of(sung), phrases=phrases_of(sung))
    assert [end.out_of_air for end in found.ends] == [out]
    assert found.out_of_air == int(out)


def test_the_level_held_to_the_end_is_in_order_of_what_was_sung() -> None:
    takes = [last_tone(swell_db=swell_db) for swell_db in (0.0, -6.0, -12.0)]
    found = [
        measure_breathing(sung.heard(), breaths=(), notes=notes_of(sung), phrases=phrases_of(sung)) for sung in takes
    ]
    held_db = [one.held_db for one in found]
    assert all(before - after > 2 for before, after in pairwise(held_db))
    assert held_db[0] == pytest.approx(0, abs=1.5)
    assert found[2].ends[0].slope_db_per_s == pytest.approx(-12 / 1.4, abs=3)


def test_lengths_and_rates_are_those_of_the_phrases() -> None:
    sung = take()
    breaths = find_breaths(heard())
    phrases = phrases_of(sung)
    found = measure_breathing(heard(), breaths=breaths, notes=notes_of(sung), phrases=phrases)
    assert len(found.ends) == 4
    assert found.longest_phrase_s == pytest.approx(max(phrase.end_s - phrase.start_s for phrase in phrases))
    assert found.breaths_per_minute == pytest.approx(4 * 60 / (phrases[-1].end_s - phrases[0].start_s))
    assert found.breath_db == pytest.approx(-25, abs=2.5)
    assert found.in_words is None


def test_a_breath_within_a_word_is_named_and_one_between_words_is_not() -> None:
    sung = take()
    notes: tuple[TrueNote, ...] = sung.notes
    one_word = Word(notes[2].start_s, notes[3].end_s, "wonder")
    others = [Word(notes[5].start_s, notes[5].end_s, "of"), Word(notes[6].start_s, notes[6].end_s, "us")]
    found = measure_breathing(
        heard(),
        breaths=find_breaths(heard()),
        notes=notes_of(sung),
        phrases=phrases_of(sung),
        words=[one_word, *others],
    )
    assert found.in_words == (BreathInWord(breath=1, word=0),)


def test_of_nothing_sung_nothing_is_said() -> None:
    silent = heard_of(np.zeros(32_000, np.float32), voiced=np.zeros(201, np.bool_))
    found = measure_breathing(silent, breaths=(), notes=(), phrases=())
    assert found.breaths_per_minute is None
    assert found.held_db is None
    assert found.out_of_air is None
    assert found.phrase_s is None
