"""Notes and pitch as tables, and how far off each note is that they tell."""

import csv
import io
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from vocalverse.measure.frames import RATE_HZ, Frames, Heard
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.melody import Melody
from vocalverse.measure.sheets import f0_csv, notes_csv, pitch_name
from vocalverse.measure.spots import Spot, judged
from vocalverse.measure.take import AgainstSong, Measured, measure_take
from vocalverse.synthesis.melodies import Faults, melody, perform

SONG = melody(4, seed=4)


def measured(song: Melody | None, pitch: Pitch) -> Measured:
    signal = Frames.of_signal(np.full((len(pitch.voiced) - 1) * RATE_HZ // 100, 1e-3, np.float32))
    return measure_take(Heard(signal, signal, signal, pitch), song)


@cache
def sung(sharp: float = 0.0, *, by_itself: bool = False) -> Measured:
    faults = Faults(semitones_of_line={2: sharp})
    return measured(None if by_itself else SONG, perform(SONG, faults).pitch)


def rows(told: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(told, newline="")))


def test_every_note_is_a_row_with_what_it_was_meant_for():
    one = sung(0.7)
    table = rows(notes_csv(one))
    assert len(table) == len(one.notes)
    sharp = [float(row["off_cents"]) for row in table if row["song_line"] == "3"]
    assert np.median(sharp) == pytest.approx(70, abs=15)
    assert {row["syllable"] for row in table if row["song_line"]} == {"la"}
    assert all(float(row["start_s"]) < float(row["end_s"]) for row in table)


def test_tables_are_as_spreadsheets_want_them():
    told = notes_csv(sung())
    assert told.count("\r\n") == len(sung().notes) + 1
    assert told.startswith("start_s,end_s,pitch_midi,pitch_name,")


def test_a_table_without_rows_has_its_head():
    silent = Pitch(np.zeros(300, np.float32), np.zeros(300, np.bool_), np.zeros(300, np.float32))
    assert notes_csv(measured(None, silent)).count("\r\n") == 1
    pitch = rows(f0_csv(measured(None, silent)))
    assert (len(pitch), pitch[100]["time_s"], pitch[100]["f0_hz"]) == (300, "1.0", "")


def test_the_pitch_is_there_every_10_ms_where_it_is_sung():
    one = sung()
    table = rows(f0_csv(one))
    assert [bool(row["f0_hz"]) for row in table] == one.pitch.voiced.tolist()
    at = int(np.flatnonzero(one.pitch.voiced)[5])
    assert float(table[at]["f0_hz"]) == pytest.approx(float(one.pitch.hz[at]), abs=0.01)


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\tx"])
def test_a_syllable_is_no_formula(text: str):
    against = sung().against_song
    assert isinstance(against, AgainstSong)
    lines = tuple(replace(line, notes=tuple(replace(note, text=text) for note in line.notes)) for line in SONG.lines)
    evil = replace(sung(), against_song=replace(against, melody=replace(SONG, lines=lines)))
    assert {row["syllable"] for row in rows(notes_csv(evil)) if row["song_line"]} == {f"'{text}"}


def test_numbers_below_zero_stay_numbers():
    assert any(row["off_cents"].startswith("-") for row in rows(notes_csv(sung())))


def test_without_a_song_notes_are_held_against_their_own_grid():
    spots = [one.spot for one in judged(sung(by_itself=True))]
    assert spots.count(Spot.FINE) > 0.9 * len(spots)
    assert Spot.FREE not in spots


def test_what_is_sung_between_the_lines_is_held_against_nothing():
    take = perform(SONG)
    pitch = take.pitch
    gap = slice(round((SONG.lines[0].end_s + 0.2) * 100), round((SONG.lines[1].start_s - 0.2) * 100))
    hz, voiced = pitch.hz.copy(), pitch.voiced.copy()
    hz[gap], voiced[gap] = 220, True
    one = measured(SONG, Pitch(hz, voiced, voiced.astype(np.float32)))
    between = [
        spot.spot
        for note, spot in zip(one.notes, judged(one), strict=True)
        if note.start_s * 100 >= gap.start - 5 and note.end_s * 100 <= gap.stop + 5
    ]
    assert between
    assert set(between) == {Spot.FREE}


@pytest.mark.parametrize(("midi", "name"), [(60, "C4"), (59.4, "B3"), (69.6, "A#4"), (0, "C-1")])
def test_pitches_have_names(midi: float, name: str):
    assert pitch_name(midi) == name
