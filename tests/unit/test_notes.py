"""Notes of sung lines whose truth is known."""

import itertools
from dataclasses import replace

import mir_eval
import numpy as np
import pytest

from vocalverse.measure.frames import Frames, Heard
from vocalverse.measure.notes import find_notes, syllable_onsets
from vocalverse.measure.pitch.track import Pitch, hz_of
from vocalverse.synthesis.repertoire import song, talk
from vocalverse.synthesis.singing import Consonant, Sung, Tone, Vibrato, Vowel, sing


def f1(sung: Sung) -> float:
    """As mir_eval counts: onset within 50 ms, pitch within 50 cents."""
    notes = find_notes(sung.heard())
    true = np.array([(note.start_s, note.end_s) for note in sung.notes])
    found = np.array([(note.start_s, note.end_s) for note in notes])
    _, _, score, _ = mir_eval.transcription.precision_recall_f1_overlap(
        true,
        hz_of([note.tone.midi for note in sung.notes]),
        found,
        hz_of([note.midi for note in notes]),
        offset_ratio=None,
    )
    return float(score)


def midis(sung: Sung) -> list[int]:
    return [round(note.midi) for note in find_notes(sung.heard())]


@pytest.mark.parametrize("seed", range(3))
def test_a_sung_line_gives_its_notes(seed: int) -> None:
    """Not all: some are sung again without a consonant, and brief ones are a scoop and little else."""
    assert f1(song(25, seed=seed)) > 0.7


def test_where_notes_begin_and_end_is_known_to_30_ms() -> None:
    sung = sing([Tone(60 + step, 0.4, rest_s=0.2) for step in (0, 2, 4, 5, 7)])
    notes = find_notes(sung.heard())
    assert [note.start_s for note in notes] == pytest.approx([note.start_s for note in sung.notes], abs=0.03)
    assert [note.end_s for note in notes] == pytest.approx([note.end_s for note in sung.notes], abs=0.03)
    assert [note.midi for note in notes] == pytest.approx([60, 62, 64, 65, 67], abs=0.02)


def test_tied_notes_are_told_apart_by_their_pitch() -> None:
    assert midis(sing([Tone(60, 0.5), Tone(61, 0.5), Tone(64, 0.5), Tone(62, 0.3), Tone(60, 0.5)])) == [
        60,
        61,
        64,
        62,
        60,
    ]


@pytest.mark.parametrize("consonant", list(Consonant))
def test_a_repeated_note_is_told_by_its_syllable(consonant: Consonant) -> None:
    assert midis(sing([Tone(57, 0.35, consonant=consonant) for _ in range(5)])) == [57] * 5


@pytest.mark.parametrize("extent_cents", [40, 80, 120])
@pytest.mark.parametrize("rate_hz", [4.5, 6.0, 7.5])
def test_vibrato_does_not_split_a_note(extent_cents: float, rate_hz: float) -> None:
    sung = sing([Tone(60, 2.0, vibrato=Vibrato(rate_hz, extent_cents)), Tone(63, 1.0, rest_s=0.3)])
    assert midis(sung) == [60, 63]


def test_ornaments_do_not_split_a_note() -> None:
    sung = sing(
        [
            Tone(60, 0.8, scoop_cents=200, rest_s=0.3),
            Tone(62, 0.8, fall_cents=300, rest_s=0.3),
            Tone(64, 1.0, turn_cents=150, turn_at_s=0.5, rest_s=0.3),
            Tone(60, 1.0, drift_cents=-60, rest_s=0.3),
        ]
    )
    assert midis(sung) == [60, 62, 64, 60]


def test_a_slow_slide_between_two_notes_is_no_third() -> None:
    assert midis(sing([Tone(60, 0.8), Tone(65, 0.8, portamento_s=0.25)])) == [60, 65]


def test_a_change_of_vowel_on_a_held_note_may_be_a_syllable_and_is_at_most_one() -> None:
    assert len(midis(sing([Tone(60, 0.6, vowel=Vowel.A), Tone(60, 0.6, vowel=Vowel.I)]))) <= 2


def test_a_gap_of_the_tracker_does_not_split_a_note() -> None:
    sung = sing([Tone(60, 1.0)])
    f0 = sung.f0_hz.copy()
    f0[48:51] = 0
    pitch = Pitch(f0, f0 > 0, np.ones(len(f0), np.float32))
    assert len(find_notes(sung.heard(pitch=pitch))) == 1


def test_an_octave_error_does_not_move_a_note() -> None:
    sung = sing([Tone(60, 1.0)])
    f0 = sung.f0_hz.copy()
    f0[40:52] *= 2
    (note,) = find_notes(sung.heard(pitch=replace(sung.pitch, hz=f0)))
    assert note.midi == pytest.approx(60, abs=0.05)


def test_nothing_sung_has_no_notes() -> None:
    frames = Frames.of_signal(np.zeros(16_000, np.float32))
    off = np.zeros(len(frames), np.float32)
    assert find_notes(Heard(frames, frames, frames, Pitch(off, off > 0, off))) == ()


def test_one_voiced_frame_is_no_note() -> None:
    frames = Frames.of_signal(np.zeros(16_000, np.float32))
    f0 = np.zeros(len(frames), np.float32)
    f0[50] = 220
    assert find_notes(Heard(frames, frames, frames, Pitch(f0, f0 > 0, f0 * 0))) == ()


def test_notes_lie_one_after_the_other_even_in_talk() -> None:
    notes = find_notes(talk(10, seed=1).heard())
    assert all(note.start_s < note.end_s for note in notes)
    assert all(note.end_s <= after.start_s for note, after in itertools.pairwise(notes))


def test_level_does_not_matter() -> None:
    heard = song(20, seed=5).heard()
    soft = Frames.of_signal(heard.dry.samples * np.float32(0.01))
    spans = [(note.start_s, note.end_s) for note in find_notes(heard)]
    assert [(note.start_s, note.end_s) for note in find_notes(replace(heard, dry=soft))] == spans


def test_an_onset_stands_out_where_a_syllable_begins() -> None:
    sung = sing([Tone(57, 0.4, consonant=Consonant.T, rest_s=0.2), Tone(57, 0.4, consonant=Consonant.M)])
    begun = syllable_onsets(sung.heard().dry)
    starts = [round(note.start_s * 100) for note in sung.notes]
    assert all(begun[start - 5 : start + 5].max() > 0.8 for start in starts)
    assert begun[starts[0] + 10 : starts[0] + 25].max() < 0.3
