"""What the sung line lies upon: the keys of a piano, and the notes of the song."""

from collections.abc import Iterator

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.picture import colours
from vocalverse.measure.picture.asked import Asked, AskedLine
from vocalverse.measure.picture.scale import SEMITONE, Scale
from vocalverse.measure.picture.shapes import Box, Shape, Words, line

_OCTAVE = 12
_WHITE = (0, 2, 4, 5, 7, 9, 11)
_NAMES = {0: "C", 2: "D", 5: "F", 7: "G", 9: "A"}  # E and B stand too near to their neighbours
_ROOM = 80.0  # points, for what is said of lines that are left out


def keys(scale: Scale) -> Iterator[Shape]:
    for midi in range(scale.row.low_midi, scale.row.high_midi + 1):
        top, key = scale.y(midi) - SEMITONE / 2, midi % _OCTAVE
        if key not in _WHITE:
            yield Box(scale.left, top, scale.right - scale.left, SEMITONE, fill=colours.BLACK_KEYS)
        if key in (0, 5):  # two white keys meet below it
            y = top + SEMITONE
            yield line(scale.left, y, scale.right, y, colours.GRID if key else colours.PALE, 0.7)
        if key in _NAMES:
            name = _NAMES[key] if key else f"C{midi // _OCTAVE - 1}"
            yield Words(scale.left - 7, top + SEMITONE - 1.2, name, 9, colours.GREY if key else colours.INK, "end")


def song(asked: Asked, scale: Scale) -> Iterator[Shape]:
    for one in asked.lines:
        if scale.row.overlaps(one.start_s, one.end_s):
            yield from _missed(one, scale) if one.missed else ()
            yield from _notes(one, scale)
    for left_out in asked.left_out:
        if scale.row.overlaps(left_out.at_s, left_out.at_s + HOP_S):
            x, what = scale.x(left_out.at_s), "line" if left_out.lines == 1 else "lines"
            yield line(x, scale.top, x, scale.bottom, colours.OFF, 1.4)
            beside, anchor = (x + 4, "start") if x + _ROOM < scale.right else (x - 4, "end")
            yield Words(beside, scale.bottom - 4, f"{left_out.lines} {what} left out", 9, colours.OFF, anchor)


def _missed(asked: AskedLine, scale: Scale) -> Iterator[Shape]:
    left = scale.x(asked.start_s)
    yield Box(left, scale.top, scale.x(asked.end_s) - left, scale.tall, fill=colours.MISSED, rounded=3)
    yield Words(left + 5, scale.top + 11, "not sung", 9, colours.OFF)


def _notes(asked: AskedLine, scale: Scale) -> Iterator[Shape]:
    for note in asked.notes:
        if note.midi is None or not scale.shows(note.midi) or not scale.row.overlaps(note.start_s, note.end_s):
            continue
        left, top = scale.x(note.start_s), scale.y(note.midi) - SEMITONE / 2
        width = max(2.0, scale.x(note.end_s) - left - 0.6)
        if asked.missed:
            yield Box(left, top, width, SEMITONE, colours.BACKGROUND, colours.OFF, rounded=2.5, thick=0.8)
        else:
            yield Box(left, top, width, SEMITONE, colours.WRITTEN, rounded=2.5)
