"""What is kept of all that was measured: plain numbers, as many as columns ask for, and the whole without loss."""

import json
import zlib
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from tests.unit.test_take import SONG, TRACKER, measured, sung
from vocalverse.measure.marks import Score
from vocalverse.measure.row import as_sung
from vocalverse.measure.take import AgainstSong, Measured, hear, measure_take
from vocalverse.measure.told import as_json


@pytest.fixture(scope="module")
def clean() -> Measured:
    return measured(sung())


def unpacked(document: bytes) -> Any:
    return json.loads(zlib.decompress(document))


def test_the_row_says_what_was_measured(clean: Measured):
    figures = as_sung(clean, pitch=Score(97, 95, 99)).figures
    assert (figures.pitch_score, figures.pitch_low, figures.pitch_high) == (97, 95, 99)
    assert figures.rhythm_score is None
    assert (figures.lines_sung, figures.lines_asked, figures.transposed_semitones) == (6, 6, 0)
    assert figures.vibrato_rate_hz == clean.vibrato.rate_hz
    assert figures.hnr_db == clean.voice.hnr_db
    assert figures.note_count == len(clean.notes)
    assert figures.tendency == "steady"
    assert figures.song_untold is None


def test_the_row_is_made_of_plain_words_and_numbers(clean: Measured):
    """A database takes no numpy, and its JSON nothing that is no number."""
    assert {type(value) for value in asdict(as_sung(clean).figures).values()} <= {int, float, str, type(None)}
    broken = replace(clean, ring=replace(clean.ring, spr_db=float("nan"), formant_hz=float("inf")))
    found = as_sung(broken)
    assert (found.figures.ring_spr_db, found.figures.ring_formant_hz) == (None, None)
    assert unpacked(found.document)["ring"]["spr_db"] is None


def test_notes_and_phrases_are_columns_of_one_length(clean: Measured):
    found = as_sung(clean)
    assert {len(column) for column in asdict(found.notes).values()} == {len(clean.notes)}
    assert {len(column) for column in asdict(found.phrases).values()} == {6}
    assert found.phrases.line == list(range(6))
    assert found.phrases.first_note[0] == 0
    assert min(mark for mark in found.phrases.pitch_mark if mark is not None) > 0.9


def test_marks_stand_with_the_phrase_that_sings_their_line(clean: Measured):
    song = clean.against_song
    assert isinstance(song, AgainstSong)
    assert song.intonation
    last = song.intonation.phrases[-1]
    worse = replace(song.intonation, phrases=(replace(last, mark=0.25, bias_cents=-70.0),))
    found = as_sung(replace(clean, against_song=replace(song, intonation=worse))).phrases
    assert found.pitch_mark == [None] * last.line + [0.25]
    assert found.pitch_bias_cents[-1] == -70.0


def test_the_document_is_all_of_it_but_the_notes(clean: Measured):
    told = {name: value for name, value in as_json(clean).items() if name != "notes"}
    document = as_sung(clean).document
    assert unpacked(document) == told
    assert len(document) < 20_000


def test_of_silence_and_of_a_take_without_a_song_nothing_is_made_up():
    silence = np.zeros((44_100 * 3, 2), np.float32)
    of_silence = as_sung(measure_take(hear(silence, silence, silence, TRACKER), SONG))
    assert of_silence.figures.song_untold == "nothing_sung"
    known = {name for name, value in asdict(of_silence.figures).items() if value}
    assert known == {"song_untold"}
    assert of_silence.phrases.start_s == []
    alone = as_sung(measured(sung(), None)).figures
    assert (alone.song_confidence, alone.pitch_spread_cents, alone.song_untold) == (None, None, None)
    assert alone.voiced_s
    assert alone.voiced_s > 5
