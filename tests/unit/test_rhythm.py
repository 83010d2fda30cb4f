"""Time is judged beside the recording's delay, apart from pitch, and in the order in which it is off."""

from dataclasses import replace

import numpy as np
import pytest

from vocalverse.measure.against.align import Aligned, align
from vocalverse.measure.against.matching import Matched, match
from vocalverse.measure.against.rhythm import Rhythm, Tendency, rhythm
from vocalverse.measure.reference.melody import Melody, NoteKind
from vocalverse.synthesis.melodies import Faults, HeardNote, Take, melody, perform

SONG = melody(24, seed=3)


def matched(take: Take, song: Melody = SONG) -> tuple[Matched, ...]:
    aligned = align(take.pitch, song)
    assert isinstance(aligned, Aligned)
    return match(aligned, song, take.notes, take.pitch)


def of(faults: Faults) -> Rhythm:
    found = rhythm(matched(perform(SONG, faults)))
    assert found is not None
    return found


def test_clean_singing_has_full_marks() -> None:
    found = of(Faults())
    assert found.score.value > 99
    assert found.tendency is Tendency.STEADY


@pytest.mark.parametrize("latency_s", [0.1, 0.35, 0.8, -0.1])
def test_a_delay_of_the_recording_changes_nothing(latency_s: float) -> None:
    assert of(Faults(latency_s=latency_s)).score.value > 99


def test_a_tempo_of_its_own_changes_nothing() -> None:
    assert of(Faults(tempo=1.01)).score.value > 97


def test_wrong_times_cost_in_their_order() -> None:
    scores = [of(Faults(note_s=late_s)).score.value for late_s in (0, 0.05, 0.1, 0.2)]
    assert scores == sorted(scores, reverse=True)
    assert min(-np.diff(scores)) > 3
    assert scores[-1] < 65


@pytest.mark.parametrize("cents", [20, 50, 100])
def test_wrong_pitches_cost_no_time(cents: float) -> None:
    assert of(Faults(note_cents=cents)).score.value > 97


def test_phrases_that_are_off_as_a_whole_cost_in_their_order_and_are_named() -> None:
    scores = [of(Faults(line_s=late_s)) for late_s in (0.05, 0.1, 0.2)]
    values = [found.score.value for found in scores]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[-1] > 30
    assert scores[-1].tendency is Tendency.UNSTEADY
    late = [phrase for phrase in scores[1].phrases if phrase.tendency is Tendency.DRAGGING]
    early = [phrase for phrase in scores[1].phrases if phrase.tendency is Tendency.RUSHING]
    assert abs(len(late) - len(early)) <= 1


@pytest.mark.parametrize(("late_s", "tendency"), [(-0.12, Tendency.RUSHING), (0.12, Tendency.DRAGGING)])
def test_a_song_of_which_many_phrases_come_early_is_rushed(late_s: float, tendency: Tendency) -> None:
    notes = [replace(one, late_s=late_s if one.line % 3 == 0 else 0.0) for one in matched(perform(SONG))]
    found = rhythm(notes)
    assert found is not None
    assert found.tendency is tendency
    assert found.phrases[0].bias_ms == pytest.approx(1_000 * late_s)
    assert found.delay_ms == 0


def test_a_note_that_is_left_out_or_put_in_moves_no_other() -> None:
    take = perform(SONG)
    fewer = replace(take, notes=take.notes[:10] + take.notes[11:])
    between = HeardNote(take.notes[30].start_s + 0.1, take.notes[30].end_s, take.notes[30].midi + 5)
    more = replace(take, notes=(*take.notes[:31], between, *take.notes[31:]))
    for changed in (fewer, more):
        late_s = [abs(one.late_s) for one in matched(changed) if one.late_s is not None]
        assert max(late_s) < 0.06
        assert len(late_s) >= len(take.notes) - 1


def test_from_few_notes_nothing_is_told() -> None:
    assert rhythm(()) is None
    assert rhythm(matched(perform(SONG))[:5]) is None


def test_without_any_onset_there_is_pitch_and_no_rhythm() -> None:
    silent = replace(perform(SONG), notes=())
    found = matched(silent)
    assert rhythm(found) is None
    assert sum(one.cents is not None for one in found) > 100


def test_of_rap_the_time_counts_and_no_pitch_and_of_freestyle_nothing() -> None:
    def spoken(kind: NoteKind) -> Melody:
        lines = [
            replace(line, notes=tuple(replace(note, midi=None, kind=kind) for note in line.notes))
            for line in SONG.lines[6:]
        ]
        return replace(SONG, lines=(*SONG.lines[:6], *lines))

    take = perform(SONG, Faults(note_s=0.05))
    rap, free = ([one.line for one in matched(take, spoken(kind))] for kind in (NoteKind.RAP, NoteKind.FREESTYLE))
    assert max(rap) == len(SONG.lines) - 1
    assert max(free) == 5
    assert all((one.cents is None) == (one.line > 5) for one in matched(take, spoken(NoteKind.RAP)))
