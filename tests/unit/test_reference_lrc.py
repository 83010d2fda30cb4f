"""LRC: lines and words with times, without notes."""

import pytest

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.reference.melody import Melody, NoteKind, Source
from vocalverse.measure.reference.read import read_reference


def lyrics(text: str) -> Melody:
    return read_reference(text.encode(), name="song.lrc")


def test_a_line_lasts_until_the_next_and_has_no_notes() -> None:
    melody = lyrics("[ti:Song]\n[ar:Singer]\n[00:01.50]One line\n[00:04.5]Another\n[00:06]\n[00:30.250]The last\n")
    assert [(line.start_s, line.end_s, line.text) for line in melody.lines] == [
        (1.5, 4.5, "One line"),
        (4.5, 6.0, "Another"),
        (30.25, 35.25, "The last"),
    ]
    assert (melody.source, melody.title, melody.artist) == (Source.LRC, "Song", "Singer")
    assert melody.notes == ()
    assert not melody.has_pitch


def test_a_line_with_several_stamps_is_sung_several_times() -> None:
    melody = lyrics("[00:20.00][00:01.00]Refrain\n[00:10.00]Verse\n")
    assert [(line.start_s, line.text) for line in melody.lines] == [(1, "Refrain"), (10, "Verse"), (20, "Refrain")]


@pytest.mark.parametrize(("offset", "starts_s"), [("+500", 9.5), ("-500", 10.5), ("", 10.0)])
def test_a_positive_offset_brings_lyrics_earlier(offset: str, starts_s: float) -> None:
    assert lyrics(f"[offset:{offset}]\n[00:10.00]Line\n").lines[0].start_s == starts_s


def test_words_with_stamps_have_times_and_no_pitch() -> None:
    line = lyrics("[00:10.00]<00:10.00>Hel<00:10.50>lo <00:11.00>you<00:12.00>\n[00:12.5]x").lines[0]
    assert line.text == "Hello you"
    assert [(note.start_s, note.end_s, note.text) for note in line.notes] == [
        (10.0, 10.5, "Hel"),
        (10.5, 11.0, "lo"),
        (11.0, 12.0, "you"),
    ]
    assert {(note.midi, note.kind) for note in line.notes} == {(None, NoteKind.FREESTYLE)}


def test_of_two_lines_at_one_time_the_second_is_a_translation() -> None:
    melody = lyrics("[00:10.00]君の歌\n[00:10.00]Your song\n[00:15.00]終わり\n")
    assert [line.text for line in melody.lines] == ["君の歌", "終わり"]
    assert "1 lines with the time of another" in melody.warnings[0]


def test_a_line_before_a_long_break_ends_before_it() -> None:
    assert lyrics("[00:10.00]Line\n[01:40.00]After the solo\n").lines[0].end_s == 20


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[00:01.00]\n[00:02.00]  \n", "no line of a song"),
        ("[00:01.00]a\n[9999:00.00]b\n", "no song is that long"),
        ("[00:01.00]" * 150 + "a" * 600, "line 1: 2,100 letters"),
        ("[00:01.00]a\n" * 5_001, "more than 5,000 lines"),
        ("[offset:999999]\n[00:01.00]a\n", "no line of a song"),
    ],
)
def test_what_no_lyrics_can_be_is_refused(text: str, says: str) -> None:
    with pytest.raises(ReferenceBroken, match=r"^song\.lrc: ") as refused:
        lyrics(text)
    assert says in str(refused.value)
