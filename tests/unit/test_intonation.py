"""Pitch is judged beside key and octave, apart from time, and in the order in which it is off."""

from dataclasses import replace

import numpy as np
import pytest

from vocalverse.measure.against.align import Aligned, align
from vocalverse.measure.against.intonation import Intonation, intonation
from vocalverse.measure.against.matching import match
from vocalverse.measure.marks import marks, middle_spread, score, weighted_median
from vocalverse.measure.reference.melody import Melody, MelodyNote, NoteKind
from vocalverse.synthesis.melodies import Faults, melody, perform

SONG = melody(24, seed=3)


def of(faults: Faults, song: Melody = SONG, *, tuning_cents: float = 0.0) -> Intonation:
    take = perform(song, faults)
    aligned = align(take.pitch, song)
    assert isinstance(aligned, Aligned)
    found = intonation(match(aligned, song, take.notes, take.pitch), tuning_cents=tuning_cents)
    assert found is not None
    return found


def test_clean_singing_has_full_marks() -> None:
    found = of(Faults())
    assert found.score.value > 98
    assert abs(found.bias_cents) < 3
    assert found.in_tune_share > 0.99


@pytest.mark.parametrize("semitones", [3, -4, -12, 12])
def test_three_semitones_higher_or_an_octave_lower_keeps_the_full_mark(semitones: int) -> None:
    assert of(Faults(semitones=semitones)).score.value > 98


@pytest.mark.parametrize("latency_s", [0.1, 0.35])
def test_a_delay_changes_nothing(latency_s: float) -> None:
    assert of(Faults(latency_s=latency_s)).score.value == pytest.approx(of(Faults()).score.value, abs=0.5)


def test_wrong_pitches_cost_in_their_order() -> None:
    scores = [of(Faults(note_cents=cents)).score.value for cents in (0, 20, 50, 100)]
    assert scores == sorted(scores, reverse=True)
    assert min(-np.diff(scores)) > 1
    assert scores[-1] < 60


@pytest.mark.parametrize("note_s", [0.05, 0.1, 0.2])
def test_wrong_times_cost_no_pitch(note_s: float) -> None:
    assert of(Faults(note_s=note_s)).score.value > 93


def test_phrases_that_are_early_or_late_cost_no_pitch() -> None:
    assert of(Faults(line_s=0.15)).score.value > 96


def test_bias_and_spread_are_told_apart() -> None:
    sharp, scattered = of(Faults(semitones=0.3)), of(Faults(note_cents=30))
    assert sharp.bias_cents == pytest.approx(30, abs=4)
    assert sharp.spread_cents is not None
    assert sharp.spread_cents < 12
    assert scattered.spread_cents == pytest.approx(30, abs=6)
    assert abs(scattered.bias_cents) < 6


def test_a_backing_that_is_tuned_higher_is_the_measure() -> None:
    assert of(Faults(semitones=0.4)).score.value < 85
    assert of(Faults(semitones=0.4), tuning_cents=40).score.value > 97


def test_the_interval_holds_the_value_and_is_wide_for_a_short_take() -> None:
    long, short = of(Faults(note_cents=40)).score, of(Faults(note_cents=40), melody(4, seed=3)).score
    for one in (long, short):
        assert 0 <= one.low <= one.value <= one.high <= 100
    assert short.high - short.low > long.high - long.low


def test_each_note_and_phrase_says_where_it_is() -> None:
    found = of(Faults(latency_s=0.35))
    assert len(found.phrases) == 24
    first = SONG.lines[0].notes[0]
    assert found.notes[0].start_s == pytest.approx(first.start_s + 0.35, abs=0.03)
    assert found.phrases[0].mark > 0.95


def test_a_golden_note_counts_twice_for_the_score_and_is_off_by_what_it_is_off() -> None:
    plain = of(Faults(note_cents=60))
    worst = sorted(plain.notes, key=lambda note: abs(note.cents))[len(plain.notes) // 2 :]
    gold = {(note.line, note.note) for note in worst}
    lines = tuple(
        replace(
            line, notes=tuple(_golden(note) if (at, number) in gold else note for number, note in enumerate(line.notes))
        )
        for at, line in enumerate(SONG.lines)
    )
    golden = of(Faults(note_cents=60), replace(SONG, lines=lines))
    assert golden.score.value < plain.score.value - 5
    assert (golden.bias_cents, golden.spread_cents) == (plain.bias_cents, plain.spread_cents)


def _golden(note: MelodyNote) -> MelodyNote:
    return replace(note, kind=NoteKind.GOLDEN)


def test_nothing_is_made_of_nothing() -> None:
    assert intonation(()) is None


def test_marks_are_full_to_a_tolerance_and_none_from_a_limit() -> None:
    given = marks([-10, 25, 62.5, -100, 300], full_to=25, none_from=100)
    assert given.tolist() == [1, 1, 0.5, 0, 0]


def test_a_score_is_a_weighted_mean_and_the_same_each_time() -> None:
    found = score([1, 0, 1, 0.5], [2, 1, 1, 0], [0, 1, 2, 3])
    assert found is not None
    assert found.value == pytest.approx(75)
    assert found == score([1, 0, 1, 0.5], [2, 1, 1, 0], [0, 1, 2, 3])
    assert score([1.0], [0.0], [0]) is None


def test_median_and_spread_follow_the_weights() -> None:
    assert weighted_median([1, 2, 3], [1, 1, 5]) == 3
    values = np.random.default_rng(0).normal(5, 2, 4_000)
    assert middle_spread(values, np.ones(4_000)) == pytest.approx(2, abs=0.1)
