"""What is done to a take is what it says, and no more."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from vocalverse.audio.faults import clipping
from vocalverse.measure.frames import Frames, Heard
from vocalverse.measure.notes import find_notes
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.singing.breath import find_breaths
from vocalverse.measure.singing.vibrato import Vibrato as Swinging
from vocalverse.measure.singing.vibrato import measure_vibrato
from vocalverse.measure.singing.voice_quality import measure_voice_quality
from vocalverse.synthesis.damage import kinds
from vocalverse.synthesis.damage.intact import Intact
from vocalverse.synthesis.damage.kinds import CONTROL, DAMAGES, Damage
from vocalverse.synthesis.singing import RATE_HZ, Sung, Tone, TrueNote, Vibrato, sing

_RESTS_S = (0.5, 0.12, 0.7, 0.12)
_MIDI = (57.0, 60.0, 62.0, 59.0)
_CONTROLS = (kinds.OUT_OF_TUNE, kinds.NOTES_OFF_TIME, kinds.VIBRATO_SHAKEN, kinds.CLIPPED)


@cache
def sung() -> Sung:
    """Two phrases, each after a pause."""
    tones = [
        Tone(midi, 0.8, rest_s=rest_s, vibrato=Vibrato(5.5, 60, onset_s=0))
        for midi, rest_s in zip(_MIDI, _RESTS_S, strict=True)
    ]
    return sing(tones, seed=3)


@cache
def take() -> Intact:
    notes = sung().notes
    phrases = tuple(
        TrueNote(one.start_s, two.end_s, one.tone) for one, two in ((notes[0], notes[1]), (notes[2], notes[3]))
    )
    return Intact(sung().samples, sung().pitch, notes, phrases)


@cache
def heard(damage: Damage, grade: float) -> Heard:
    frames = Frames.of(damage.of(take(), grade))
    return Heard(frames, frames, frames, PitchTracker.open().track(frames))


def starts_s(damage: Damage, grade: float) -> np.ndarray:
    return np.array([note.start_s for note in find_notes(heard(damage, grade))])


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_the_same_seed_damages_alike_and_leaves_the_take_as_it_was(damage: Damage) -> None:
    given = take().samples.copy()
    once, again = (damage.of(take(), damage.grades[0], seed=5) for _ in range(2))
    assert np.array_equal(once, again)
    assert once.shape == given.shape
    assert once.dtype == np.float32
    assert np.array_equal(take().samples, given)


@pytest.mark.parametrize("damage", _CONTROLS, ids=lambda damage: damage.name)
def test_the_control_sings_the_same_notes_at_the_same_time(damage: Damage) -> None:
    found = find_notes(heard(damage, CONTROL))
    assert [note.midi for note in found] == pytest.approx(_MIDI, abs=0.06)
    assert [note.start_s for note in found] == pytest.approx([note.start_s for note in sung().notes], abs=0.04)


@pytest.mark.parametrize("cents", kinds.OUT_OF_TUNE.grades)
def test_notes_are_off_by_so_many_cents(cents: float) -> None:
    off = [note.midi for note in find_notes(heard(kinds.OUT_OF_TUNE, cents))] - np.array(_MIDI)
    assert rms(100 * off) == pytest.approx(cents, rel=0.1)


@pytest.mark.parametrize("ms", [50, 100])
def test_notes_begin_off_their_time_by_so_much(ms: float) -> None:
    off_s = starts_s(kinds.NOTES_OFF_TIME, ms) - starts_s(kinds.NOTES_OFF_TIME, CONTROL)
    assert rms(1_000 * off_s) == pytest.approx(ms, rel=0.25)


def test_phrases_move_as_a_whole() -> None:
    damage = kinds.PHRASES_OFF_TIME
    off_s = starts_s(damage, 100) - starts_s(damage, CONTROL)
    assert rms(off_s) == pytest.approx(0.1, abs=0.02)
    assert off_s[0] == pytest.approx(off_s[1], abs=0.02)
    assert np.ptp(off_s[2:]) < 0.03


def test_a_vibrato_that_is_removed_is_gone_and_one_that_is_shaken_is_uneven() -> None:
    def found(damage: Damage, grade: float) -> Swinging:
        there = heard(damage, grade)
        return measure_vibrato(there.pitch, find_notes(there))

    kept, half, gone = (found(kinds.VIBRATO_REMOVED, share) for share in (CONTROL, 0.5, 1.0))
    assert half.extent_cents == pytest.approx(0.5 * kept.extent_cents, rel=0.15)
    assert not gone.is_there
    even, shaken = (found(kinds.VIBRATO_SHAKEN, share) for share in (CONTROL, 0.4))
    assert shaken.regularity < even.regularity - 0.05


def test_a_whisper_along_makes_the_voice_noisier() -> None:
    held = sing([Tone(57, 1.5, rest_s=0.3)], seed=1)
    whole = Intact(held.samples, held.pitch, held.notes, ())
    noisy = (replace(held, dry=kinds.BREATHIER.of(whole, share)) for share in (CONTROL, 0.05, 0.45))
    hnr_db = [measure_voice_quality(sound.heard()).hnr_db for sound in noisy]
    assert hnr_db[0] > hnr_db[1] + 2 > hnr_db[2] + 10


def test_breaths_stand_in_the_pauses_before_phrases() -> None:
    found = find_breaths(heard(kinds.BREATHS, 0.06))
    pauses = [(0.0, 0.5), (sung().notes[1].end_s, sung().notes[2].start_s)]
    assert len(found) == 2
    assert all(
        start_s < breath.start_s < breath.end_s < end_s for breath, (start_s, end_s) in zip(found, pauses, strict=True)
    )
    assert [-breath.below_voice_db for breath in found] == pytest.approx([-24, -24], abs=3)


def test_overdrive_clips() -> None:
    shares = [clipping(kinds.CLIPPED.of(take(), db), RATE_HZ).share for db in (CONTROL, 6, 18)]
    assert shares[0] < 0.001 < shares[1] < 0.1 < shares[2]


def test_loudness_is_levelled_and_pumped() -> None:
    def spread_db(damage: Damage, grade: float) -> float:
        there = heard(damage, grade)
        return float(np.std(there.dry.level_db[there.pitch.voiced]))

    loud = sing(
        [Tone(midi, 0.9, rest_s=0.3, level_db=level) for midi, level in zip(_MIDI, (0, -6, 3, -9), strict=True)]
    )
    levelled = kinds.LEVELLED.of(Intact(loud.samples, loud.pitch, loud.notes, ()), 1.0)
    before, after = (
        Frames.of(samples).level_db[: len(loud.pitch.voiced)][loud.pitch.voiced] for samples in (loud.samples, levelled)
    )
    assert np.std(after) < 0.5 * np.std(before)
    assert spread_db(kinds.PUMPED, 4) == pytest.approx(4, rel=0.4)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
@pytest.mark.parametrize("there", [(), (TrueNote(0.1, 0.8, Tone(60, 0.7)),)], ids=["no notes", "a note"])
def test_where_nothing_is_sung_nothing_breaks(damage: Damage, there: tuple[TrueNote, ...]) -> None:
    silent = np.zeros((RATE_HZ, 2), np.float32)
    pitch = PitchTracker.open().track(Frames.of(silent))
    assert np.isfinite(damage.of(Intact(silent, pitch, there, there), damage.grades[-1])).all()
