"""Phrases: pauses, breaths and lines."""

from dataclasses import dataclass

from vocalverse.measure.notes import Note
from vocalverse.measure.phrases import find_phrases


@dataclass(frozen=True)
class Stretch:
    start_s: float
    end_s: float


def note(start_s: float, end_s: float) -> Note:
    return Note(start_s, end_s, 60.0, 5.0, -20.0)


def line_of_notes(start_s: float, count: int, *, each_s: float = 0.5, gap_s: float = 0.05) -> list[Note]:
    return [note(start_s + i * (each_s + gap_s), start_s + i * (each_s + gap_s) + each_s) for i in range(count)]


def test_a_pause_of_300_ms_starts_a_phrase_and_a_consonant_does_not() -> None:
    notes = [note(0, 1), note(1.25, 2.5), note(2.8, 4.0)]
    assert [phrase.notes for phrase in find_phrases(notes)] == [range(2), range(2, 3)]


def test_a_breath_starts_a_phrase_however_short() -> None:
    notes = [note(0, 1.2), note(1.4, 2.6)]
    assert len(find_phrases(notes)) == 1
    assert len(find_phrases(notes, breaths=[Stretch(1.22, 1.38)])) == 2


def test_what_is_shorter_than_a_second_goes_to_its_nearer_neighbour() -> None:
    notes = [*line_of_notes(0, 4), note(2.6, 2.9), *line_of_notes(3.7, 4)]
    assert [phrase.notes for phrase in find_phrases(notes)] == [range(5), range(5, 9)]


def test_a_lonely_cry_stays_alone() -> None:
    notes = [*line_of_notes(0, 4), note(8, 8.3), *line_of_notes(20, 4)]
    assert [phrase.notes for phrase in find_phrases(notes)] == [range(4), range(4, 5), range(5, 9)]


def test_lines_of_the_lyrics_go_before_pauses_and_breaths() -> None:
    notes = [note(0.1, 0.5), note(1.0, 1.9), note(2.05, 2.4), note(2.5, 3.9)]
    phrases = find_phrases(notes, breaths=[Stretch(0.6, 0.8)], lines=[Stretch(0, 2), Stretch(2, 4)])
    assert [(phrase.notes, phrase.line) for phrase in phrases] == [(range(2), 0), (range(2, 4), 1)]


def test_what_is_sung_far_from_all_lines_is_a_phrase_by_itself() -> None:
    notes = [*line_of_notes(0, 3), *line_of_notes(10, 3)]
    phrases = find_phrases(notes, lines=[Stretch(0, 2)])
    assert [(phrase.notes, phrase.line) for phrase in phrases] == [(range(3), 0), (range(3, 6), None)]


def test_a_line_that_nobody_sang_is_no_phrase() -> None:
    phrases = find_phrases(line_of_notes(4, 3), lines=[Stretch(0, 2), Stretch(4, 6)])
    assert [phrase.line for phrase in phrases] == [1]


def test_every_note_belongs_to_one_phrase() -> None:
    notes = [*line_of_notes(0, 3), *line_of_notes(2.2, 1), *line_of_notes(3.4, 5), *line_of_notes(9, 1)]
    phrases = find_phrases(notes)
    assert [index for phrase in phrases for index in phrase.notes] == list(range(len(notes)))
    assert all(phrase.start_s == notes[phrase.notes[0]].start_s for phrase in phrases)
    assert all(phrase.end_s == notes[phrase.notes[-1]].end_s for phrase in phrases)


def test_no_notes_no_phrases() -> None:
    assert find_phrases([]) == ()
