"""What the song asks for, in the take's time and in the key that it is sung in."""

from collections.abc import Iterator
from dataclasses import dataclass

from vocalverse.measure.reference.melody import Line
from vocalverse.measure.take import AgainstSong

_OCTAVE = 12


@dataclass(frozen=True)
class AskedNote:
    start_s: float
    end_s: float
    midi: float | None  # None where the pitch does not count
    text: str
    ends_word: bool


@dataclass(frozen=True)
class AskedLine:
    start_s: float
    end_s: float
    notes: tuple[AskedNote, ...]
    text: str
    missed: bool


@dataclass(frozen=True)
class LeftOut:
    """Lines that have no place in the take, and the moment where they would have one."""

    at_s: float
    lines: int


@dataclass(frozen=True)
class Asked:
    lines: tuple[AskedLine, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def asked_of(song: AgainstSong, *, duration_s: float) -> Asked:
    """Of a take that is so long. A line before its beginning or behind its end has no place in it."""
    sung = {one.line: one.sung for one in song.coverage.lines} if song.coverage else {}
    lines, after_s = [], 0.0
    left_out: dict[float, int] = {}  # by their moment
    for index, line in enumerate(song.melody.lines):
        placed = _placed(song, index, line, missed=not sung.get(index, True))
        if placed and placed.start_s < duration_s and placed.end_s > 0:
            lines.append(placed)
            after_s = min(placed.end_s, duration_s)
        elif index in sung:
            left_out[after_s] = left_out.get(after_s, 0) + 1
    first_s = max(0.0, lines[0].start_s) if lines else 0.0
    return Asked(tuple(lines), tuple(LeftOut(max(at_s, first_s), count) for at_s, count in left_out.items()))


def _placed(song: AgainstSong, index: int, line: Line, *, missed: bool) -> AskedLine | None:
    later_s = song.rhythm.delay_ms / 1_000 if song.rhythm else 0.0
    start_s, end_s = song.aligned.take_s(line.start_s, index), song.aligned.take_s(line.end_s, index)
    if start_s is None or end_s is None:
        return None
    sung = song.aligned.lines[index]
    octave = sung.octave if sung.found and sung.octave is not None else song.aligned.octave
    higher = song.aligned.semitones_in(index) + _OCTAVE * (octave - song.aligned.octave)
    notes = tuple(_notes(song, index, line, higher, later_s))
    return AskedLine(start_s + later_s, end_s + later_s, notes, line.text, missed)


def _notes(song: AgainstSong, index: int, line: Line, higher: int, later_s: float) -> Iterator[AskedNote]:
    for note in line.notes:
        start_s, end_s = song.aligned.take_s(note.start_s, index), song.aligned.take_s(note.end_s, index)
        if start_s is not None and end_s is not None:
            midi = None if note.midi is None else note.midi + higher
            yield AskedNote(start_s + later_s, end_s + later_s, midi, note.text, note.ends_word)
