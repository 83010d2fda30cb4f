"""What a melody promises, how it is stored, and how loose notes become one."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vocalverse.errors import BadInput, ReferenceBroken
from vocalverse.measure.reference.clock import Clock, Tempo
from vocalverse.measure.reference.guide import from_notes
from vocalverse.measure.reference.melody import Line, Melody, MelodyNote, NoteKind, Offsets, Source
from vocalverse.measure.reference.stored import from_json, to_json
from vocalverse.measure.reference.tidy import tidy

NOTE = MelodyNote(1.0, 2.0, 60.0, "la", ends_word=True)
MELODY = Melody((Line(1.0, 2.0, (NOTE,)),), Source.MIDI)


def test_a_stored_melody_comes_back_as_it_was() -> None:
    melody = Melody(
        lines=(
            Line(
                0.5,
                2.0,
                (replace(NOTE, start_s=0.5, end_s=1.5, midi=61.25), replace(NOTE, start_s=1.5, continues=True)),
            ),
            Line(2.0, 3.0, (MelodyNote(2.0, 3.0, None, "爱", NoteKind.RAP),), frozenset({1, 2})),
            Line(3.0, 4.0, (), frozenset({2}), words="without notes"),
        ),
        source=Source.ULTRASTAR,
        title="Ü",
        language="zh",
        octave_is_known=False,
        offsets=Offsets(gap_s=0.5, ends_s=200.0),
        warnings=("one",),
    )
    assert from_json(json.loads(json.dumps(to_json(melody)))) == melody


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": None},
        {"source": "tape"},
        {"lines": []},
        {"lines": None},
        {"lines": [[1, 2, 3, ""]]},
        {"lines": [[1, 2, 3, "", []]]},
        {"lines": [[2, 1, 1, "", []]]},
        {"lines": [[1, 2, 1, "", [[1, 2, 60, "a", "?", 0]]]]},
        {"lines": [[1, 2, 1, "", [[1, float("nan"), 60, "a", ":", 0]]]]},
        {"lines": [[1, 2, 1, "", [[1, 2, "high", "a", ":", 0]]]]},
    ],
)
def test_what_was_not_stored_so_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ReferenceBroken):
        from_json(to_json(MELODY) | change)


def test_what_is_no_object_is_refused() -> None:
    for stored in (None, ["x"], "x", 1):
        with pytest.raises(ReferenceBroken):
            from_json(stored)


@pytest.mark.parametrize(
    "note",
    [
        replace(NOTE, end_s=1.0),
        replace(NOTE, start_s=-1.0),
        replace(NOTE, start_s=float("nan")),
        replace(NOTE, end_s=float("inf")),
        replace(NOTE, midi=float("nan")),
        replace(NOTE, midi=128.0),
        replace(NOTE, kind=NoteKind.RAP),
        replace(NOTE, end_s=12 * 3600.0),
    ],
)
def test_a_note_that_nobody_can_sing_is_in_no_melody(note: MelodyNote) -> None:
    with pytest.raises(ReferenceBroken):
        Melody((Line(note.start_s, note.end_s, (note,)),), Source.MIDI)


def test_lines_of_one_singer_do_not_overlap_and_those_of_two_may() -> None:
    first, second = Line(1.0, 3.0, words="a"), Line(2.0, 4.0, words="b")
    with pytest.raises(ReferenceBroken, match="overlap"):
        Melody((first, second), Source.LRC)
    duet = Melody((first, replace(second, singers=frozenset({2}))), Source.LRC)
    assert duet.singers == {1, 2}
    assert duet.duration_s == 4.0


def test_nobody_sings_the_second_part_of_a_solo() -> None:
    assert MELODY.for_singer(1) == MELODY
    with pytest.raises(BadInput, match="Nobody sings part 2"):
        MELODY.for_singer(2)


def test_the_highest_of_a_chord_is_the_melody() -> None:
    chord = [MelodyNote(1.0, 2.0, pitch) for pitch in (64.0, 60.0, 67.0)]
    tidied = tidy([[*chord, MelodyNote(1.5, 1.8, 55.0), MelodyNote(1.9, 3.0, 60.0)]])
    assert [(note.start_s, note.end_s, note.midi) for note in tidied.lines[0].notes] == [
        (1.0, 1.9, 67.0),
        (1.9, 3.0, 60.0),
    ]


_loose = st.builds(
    MelodyNote,
    start_s=st.floats(-0.9, 100),
    end_s=st.floats(-0.9, 110),
    midi=st.none() | st.integers(0, 127).map(float),
    text=st.text(max_size=3),
    ends_word=st.booleans(),
    continues=st.booleans(),
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.lists(_loose, max_size=8), max_size=5))
def test_whatever_notes_come_they_leave_in_order_and_one_at_a_time(lines: list[list[MelodyNote]]) -> None:
    tidied = tidy(lines)
    if tidied.lines:
        melody = Melody(tidied.lines, Source.MIDI)  # which checks
        assert tidy([line.notes for line in melody.lines]).lines == melody.lines
        assert from_json(json.loads(json.dumps(to_json(melody)))) == melody


def test_the_notes_of_a_guide_become_phrases_at_its_rests() -> None:
    notes = [MelodyNote(start_s, start_s + 0.5, 60.0) for start_s in (0.0, 0.5, 1.1, 2.5, 3.0, 9.0)]
    melody = from_notes(notes, title="Guide")
    assert [len(line.notes) for line in melody.lines] == [3, 2, 1]
    assert melody.octave_is_known


def test_a_clock_goes_through_all_its_tempos() -> None:
    clock = Clock.of([Tempo(20, 0.5), Tempo(0, 1.0), Tempo(10, 0.1)], zero_s=5.0)
    assert [clock.seconds(place) for place in (-2, 0, 10, 15, 20, 24)] == pytest.approx([3, 5, 15, 15.5, 16, 18])
