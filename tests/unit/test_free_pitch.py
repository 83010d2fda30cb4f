"""Without a song: how well notes lie on a grid of semitones, which notes there are, and what comes again."""

from dataclasses import dataclass

import numpy as np
import pytest

from vocalverse.measure.free.consistency import consistency
from vocalverse.measure.free.grid import centre_drift, semitone_grid
from vocalverse.measure.free.histogram import pitch_histogram
from vocalverse.measure.pitch.track import hz_of
from vocalverse.synthesis.melodies import Faults, Take, melody, perform, pitch_of

SONG = melody(30, seed=7)


@dataclass(frozen=True)
class Span:
    start_s: float
    end_s: float


def slowly_higher(take: Take, cents_per_min: float) -> Take:
    minutes = np.arange(len(take.pitch.hz)) / 6_000
    hz = take.pitch.hz * 2 ** (cents_per_min * minutes / 1_200)
    return Take(type(take.pitch)(hz.astype(np.float32), take.pitch.voiced, take.pitch.confidence), take.notes)


def test_clean_singing_lies_on_a_grid_and_the_grid_is_told() -> None:
    found = semitone_grid(perform(SONG, Faults(semitones=0.3)).pitch)
    assert found is not None
    assert found.tuning_cents == pytest.approx(30, abs=3)
    assert found.strength > 0.8
    assert found.score.value > 95


@pytest.mark.parametrize("semitones", [3, -12, 0.5])
def test_another_key_an_octave_or_another_tuning_costs_nothing(semitones: float) -> None:
    here, there = semitone_grid(perform(SONG).pitch), semitone_grid(perform(SONG, Faults(semitones=semitones)).pitch)
    assert here is not None
    assert there is not None
    assert there.score.value == pytest.approx(here.score.value, abs=2)


def test_wrong_pitches_cost_in_their_order_until_nothing_can_be_told() -> None:
    found = [semitone_grid(perform(SONG, Faults(note_cents=cents)).pitch) for cents in (0, 20, 28, 50)]
    scores = [one.score.value for one in found if one is not None]
    assert scores == sorted(scores, reverse=True)
    assert min(-np.diff(scores)) > 5
    assert scores[-1] < 25


def test_wrong_times_move_nothing() -> None:
    right, late = semitone_grid(perform(SONG).pitch), semitone_grid(perform(SONG, Faults(note_s=0.1)).pitch)
    assert right is not None
    assert late is not None
    assert late.score.value == pytest.approx(right.score.value, abs=4)


def test_gliding_speech_holds_nothing_that_a_grid_could_be_told_from() -> None:
    at_s = np.arange(3_000) / 100
    assert semitone_grid(pitch_of(50 + 6 * np.sin(2 * np.pi * at_s / 1.2))) is None


@pytest.mark.parametrize("drift", [-30, 0, 20])
def test_a_sinking_centre_is_told_in_cents_a_minute(drift: float) -> None:
    found = centre_drift(slowly_higher(perform(SONG), drift).pitch)
    assert found is not None
    assert found.cents_per_min == pytest.approx(drift, abs=3)


def test_a_short_take_has_no_drift() -> None:
    assert centre_drift(perform(melody(3)).pitch) is None


def test_the_histogram_has_the_scale_s_steps() -> None:
    found = pitch_histogram(perform(SONG).pitch)
    assert found is not None
    assert found.shares.sum() == pytest.approx(1)
    sung = {(100 * (note.midi % 12)) % 1_200 for note in SONG.notes if note.midi is not None}
    assert set(found.peaks_cents) <= {cell + beside for cell in sung for beside in (-10, 0, 10, 1_190)}
    assert len(found.peaks_cents) >= 6
    assert found.longest_share < 0.7


def test_one_hummed_note_is_one_peak() -> None:
    found = pitch_histogram(pitch_of(np.full(1_000, 57.1)))
    assert found is not None
    assert found.peaks_cents == (910.0,)
    assert found.longest_share == 1
    assert found.peaked == pytest.approx(1)


def test_a_chorus_that_comes_again_as_it_was_is_consistent() -> None:
    order = [0, 1, 2, 3, 0, 1, 4, 5]
    starts_s = np.cumsum([1.0, *(SONG.lines[number].end_s - SONG.lines[number].start_s + 1 for number in order)])
    spans = [
        Span(float(start_s), float(start_s) + SONG.lines[number].end_s - SONG.lines[number].start_s)
        for start_s, number in zip(starts_s, order, strict=False)
    ]
    at_s = [span.start_s for span in spans]
    clean = consistency(spans, perform(SONG, lines=order, at_s=at_s).pitch)
    loose = consistency(spans, perform(SONG, Faults(note_cents=25), lines=order, at_s=at_s).pitch)
    assert clean is not None
    assert loose is not None
    assert [(pair.first_s[0], pair.second_s[0]) for pair in clean.pairs] == [(at_s[0], at_s[4]), (at_s[1], at_s[5])]
    assert clean.differ_cents < 10
    assert loose.differ_cents > 1.5 * clean.differ_cents


def test_phrases_that_differ_are_no_repeats() -> None:
    spans = [Span(line.start_s, line.end_s) for line in SONG.lines[:6]]
    assert consistency(spans, perform(SONG).pitch) is None


def test_nothing_is_made_of_silence() -> None:
    silent = pitch_of(np.full(2_000, np.nan))
    assert semitone_grid(silent) is None
    assert centre_drift(silent) is None
    assert pitch_histogram(silent) is None
    assert consistency([Span(0, 3), Span(4, 7)], silent) is None
    assert np.isfinite(hz_of(60))
