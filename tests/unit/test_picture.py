"""A take's picture: what stands where, what colour it has, and that no letter or length breaks it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from vocalverse.measure.frames import RATE_HZ, Frames, Heard
from vocalverse.measure.marks import Score
from vocalverse.measure.picture import colours
from vocalverse.measure.picture.asked import Asked, asked_of
from vocalverse.measure.picture.header import Caption
from vocalverse.measure.picture.letters import Letters, of_this_system
from vocalverse.measure.picture.page import page
from vocalverse.measure.picture.png import as_image
from vocalverse.measure.picture.rows import LONGEST_S, rows_of
from vocalverse.measure.picture.shapes import Box, Curve, Drawing, Words
from vocalverse.measure.picture.svg import as_svg
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.melody import Melody
from vocalverse.measure.take import AgainstSong, Measured, measure_take
from vocalverse.synthesis.melodies import Faults, melody, perform

ALONE = Letters((None,))  # a machine without any font
CAPTION = Caption("A song", facts=["sung"], pitch=Score(84, 81, 87), verdict="low", reasons=["off pitch"])
SONG = melody(6, seed=4)


def measured(song: Melody | None, pitch: Pitch) -> Measured:
    """Of a pitch alone: nothing is heard beside it."""
    frames = len(pitch.voiced)
    rng = np.random.default_rng(0)
    signal = (1e-3 * rng.standard_normal((frames - 1) * RATE_HZ // 100)).astype(np.float32)
    heard = Frames.of_signal(signal)
    return measure_take(Heard(heard, heard, heard, pitch), song)


@cache
def take(lines: tuple[int, ...] | None = None, sharp_line: int | None = None) -> Measured:
    faults = Faults(semitones_of_line={} if sharp_line is None else {sharp_line: 0.6})
    return measured(SONG, perform(SONG, faults, lines=lines).pitch)


def drawn(one: Measured, letters: Letters = ALONE) -> Drawing:
    return page(one, CAPTION, letters)


def said(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.shapes if isinstance(shape, Words)]


def coloured(drawing: Drawing, colour: str) -> Sequence[Curve]:
    """Pieces of the sung line."""
    return [shape for shape in drawing.shapes if isinstance(shape, Curve) and shape.colour == colour]


def test_a_take_in_tune_is_all_of_one_colour_and_what_is_sharp_is_not():
    fine, sharp = drawn(take()), drawn(take(sharp_line=2))
    assert "+60" not in said(fine)
    assert len([one for one in said(sharp) if one.startswith("+")]) >= 3
    assert len(coloured(sharp, colours.OFF)) > len(coloured(fine, colours.OFF)) + 4


def test_a_line_that_is_missed_is_shown_where_it_belongs():
    drawing = drawn(take(lines=(0, 1, 2, 4, 5)))
    assert "not sung" not in said(drawn(take()))
    assert said(drawing).count("not sung") == 1
    (missed,) = [
        shape
        for shape in drawing.shapes
        if isinstance(shape, Box) and shape.fill == colours.MISSED and shape.height > 50
    ]
    words = [
        shape
        for shape in drawing.shapes
        if isinstance(shape, Words) and shape.text == "la" and shape.colour == colours.OFF
    ]
    assert words
    assert missed.left <= words[0].x


def test_lines_that_have_no_place_in_the_take_are_counted_where_they_are_left_out():
    song = take().against_song
    assert isinstance(song, AgainstSong)
    lines = tuple(
        replace(line, start_s=None, end_s=None, section=None, found=False) if at in (2, 3) else line
        for at, line in enumerate(song.aligned.lines)
    )
    (left_out,) = asked_of(replace(song, aligned=replace(song.aligned, lines=lines)), duration_s=60.0).left_out
    assert left_out.lines == 2
    assert left_out.at_s == pytest.approx(SONG.lines[1].end_s, abs=0.2)


def test_lines_behind_the_end_of_the_take_are_counted_there():
    song = take().against_song
    assert isinstance(song, AgainstSong)
    asked = asked_of(song, duration_s=SONG.lines[3].start_s - 0.5)
    assert (len(asked.lines), [one.lines for one in asked.left_out]) == (3, [3])


def test_every_note_is_in_a_row_and_rows_can_be_read():
    long = melody(14, seed=7)
    one = measured(long, perform(long).pitch)
    assert isinstance(one.against_song, AgainstSong)
    rows = rows_of(one, asked_of(one.against_song, duration_s=600.0))
    assert all(row.duration_s <= LONGEST_S + 1.3 for row in rows)
    assert all(any(row.start_s <= note.start_s < row.end_s for row in rows) for note in one.notes)
    cut = [note for note in one.notes for row in rows[:-1] if note.start_s < row.end_s < note.end_s]
    assert cut == []


def test_long_pauses_are_left_out():
    song = melody(2, seed=3, rest_s=60.0)
    first, second = rows_of(measured(None, perform(song).pitch), Asked())
    assert second.start_s - first.end_s > 50


@pytest.mark.parametrize("voiced", [0, 1])
def test_nothing_sung_is_a_page_too(voiced: int):
    on = np.arange(800) < voiced
    one = measured(SONG, Pitch(np.where(on, 220, 0).astype(np.float32), on, on.astype(np.float32)))
    assert as_image(drawn(one), ALONE).height > 100


def test_the_same_take_gives_the_same_bytes():
    one, letters = take(), of_this_system()
    first, second = (as_image(page(one, CAPTION, letters), letters).tobytes() for _ in range(2))
    assert first == second
    assert as_svg(drawn(one), ALONE) == as_svg(drawn(one), ALONE)


def test_the_sung_line_is_where_it_was_sung():
    """On the picture: a note's pixels are as violet as its line, and lie at its height."""
    drawing = drawn(take())
    piece = max(coloured(drawing, colours.FINE), key=lambda curve: len(curve.points))
    image = as_image(drawing, ALONE)
    scale = image.width / drawing.width
    x, y = piece.points[len(piece.points) // 2]
    near = np.asarray(image)[round(y * scale) - 3 : round(y * scale) + 4, round(x * scale)]
    assert np.abs(near.astype(int) - (0x42, 0x13, 0x6C)).sum(axis=1).min() < 60


def test_an_hour_on_one_page_is_less_sharp_and_no_larger():
    hour = Drawing(1_500, 24_000, colours.BACKGROUND, (Box(0, 23_990, 1_500, 10, colours.OFF),))
    image = as_image(hour, ALONE)
    assert image.width * image.height < 25_000_000
    assert image.getpixel((image.width // 2, image.height - 4)) == (0xCF, 0x2F, 0x3C)


def in_words(text: str) -> Measured:
    """The take of a song that has this on every note."""
    song = take().against_song
    assert isinstance(song, AgainstSong)
    lines = tuple(
        replace(line, notes=tuple(replace(note, text=text) for note in line.notes)) for line in song.melody.lines
    )
    return replace(take(), against_song=replace(song, melody=replace(song.melody, lines=lines)))


def test_letters_that_no_font_has_are_left_out_and_those_of_europe_lose_their_accents():
    assert as_image(drawn(in_words("爱")), ALONE).height > 100
    assert ALONE.runs("爱", 12) == []
    assert (ALONE.lack("爱"), ALONE.lack("Ää")) == (True, False)
    assert "".join(run.text for run in ALONE.runs("Ää 爱!\x07\u202e", 12)) in ("Aa !", "Ää !")
    assert ALONE.width("爱爱", 12) == 24  # as wide as they would be: SVG has them


def test_svg_keeps_every_letter_and_steers_nothing():
    root = ET.fromstring(as_svg(drawn(in_words('</text><script>"爱&\x00')), ALONE))
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert '</text><script>"爱&' in texts
    assert root.find(".//{http://www.w3.org/2000/svg}script") is None


def test_a_long_title_ends_before_the_scores():
    title = "x" * 400
    drawing = page(take(), replace(CAPTION, title=title), ALONE)
    (shown,) = [shape for shape in drawing.shapes if isinstance(shape, Words) and shape.text.startswith("xxx")]
    gauge = min(shape.x for shape in drawing.shapes if isinstance(shape, Words) and shape.text == "pitch")
    assert shown.x + ALONE.width(shown.text, 25) < gauge


def test_a_font_that_is_broken_is_no_reason_to_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "NotoSansCJK-Regular.ttc").write_bytes(b"no font")
    monkeypatch.setattr("vocalverse.measure.picture.letters._FOLDERS", (tmp_path, tmp_path / "not there"))
    of_this_system.cache_clear()
    assert of_this_system().files == (None,)
    of_this_system.cache_clear()
