"""One row: the sung line over the notes of the song, with words, breaths and phrases below it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.picture import colours
from vocalverse.measure.picture.asked import Asked, AskedLine
from vocalverse.measure.picture.glyphs import ornament, swing
from vocalverse.measure.picture.letters import Letters
from vocalverse.measure.picture.rows import Row
from vocalverse.measure.picture.shapes import Box, Curve, Shape, Words, line
from vocalverse.measure.runs import runs
from vocalverse.measure.spots import Judged, Spot
from vocalverse.measure.take import Measured

SEMITONE = 8.5  # points
_LETTERS, _LEVEL, _LEVELS = 11, 13.0, 2
_WORDS, _BREATHS, _SECONDS = 7 + _LEVELS * _LEVEL, 13.0, 17.0  # heights of what lies below
_WHITE = (0, 2, 4, 5, 7, 9, 11)
_NAMES = {0: "C", 2: "D", 5: "F", 7: "G", 9: "A"}  # E and B stand too near to their neighbours
_OCTAVE = 12
_LEAP_SEMITONES = 4.0  # from frame to frame: no line leads there
_TOLD_S = 0.25  # a shorter note has no room for its cents
_TICK_S = 5
LATE_MS = 100.0  # half of the way to no marks


@dataclass(frozen=True)
class Take:
    """What all rows show parts of."""

    measured: Measured
    asked: Asked
    judged: tuple[Judged, ...]
    letters: Letters

    @property
    def has_words(self) -> bool:
        return any(line.text for line in self.asked.lines)


@dataclass(frozen=True)
class Staff:
    take: Take
    row: Row
    left: float
    top: float
    second: float  # points

    @property
    def height(self) -> float:
        words = _WORDS if self.take.has_words else 0.0
        return self._tall + words + _BREATHS + _SECONDS

    @property
    def _tall(self) -> float:
        return (self.row.high_midi - self.row.low_midi + 1) * SEMITONE

    @property
    def _bottom(self) -> float:
        return self.top + self._tall

    @property
    def _right(self) -> float:
        return self._x(self.row.end_s)

    def shapes(self) -> Iterator[Shape]:
        yield from self._keys()
        yield from self._phrases()
        yield from self._time()
        for asked in self.take.asked.lines:
            if self.row.overlaps(asked.start_s, asked.end_s):
                yield from self._asked(asked)
        yield from self._left_out()
        yield from self._notes()
        yield from self._line()
        yield from self._swings()
        yield from self._ornaments()
        yield from self._told()
        yield from self._words()
        yield from self._breaths()

    def _x(self, at_s: float) -> float:
        """Within the row."""
        return self.left + (min(max(at_s, self.row.start_s), self.row.end_s) - self.row.start_s) * self.second

    def _y(self, midi: float) -> float:
        """Of the middle of its semitone; within the row."""
        inside = min(max(midi, self.row.low_midi - 0.4), self.row.high_midi + 0.4)
        return self.top + (self.row.high_midi + 0.5 - inside) * SEMITONE

    def _shows(self, midi: float) -> bool:
        return self.row.low_midi - 0.5 <= midi <= self.row.high_midi + 0.5

    def _keys(self) -> Iterator[Shape]:
        width = self._right - self.left
        for midi in range(self.row.low_midi, self.row.high_midi + 1):
            top, key = self._y(midi) - SEMITONE / 2, midi % _OCTAVE
            if key not in _WHITE:
                yield Box(self.left, top, width, SEMITONE, fill=colours.BLACK_KEYS)
            if key in (0, 5):  # two white keys meet below it
                y, colour = top + SEMITONE, colours.GRID if key else colours.PALE
                yield line(self.left, y, self._right, y, colour, 0.7)
            if key in _NAMES:
                name = _NAMES[key] if key else f"C{midi // _OCTAVE - 1}"
                yield Words(self.left - 7, top + SEMITONE - 1.2, name, 9, colours.GREY if key else colours.INK, "end")

    def _phrases(self) -> Iterator[Shape]:
        """Each as a bracket under what is sung in it; red where the air was used up before its end."""
        y = self._bottom + self.take.has_words * _WORDS + 4
        ends = {end.phrase: end for end in self.take.measured.breathing.ends}
        for index, phrase in enumerate(self.take.measured.phrases):
            if not self.row.overlaps(phrase.start_s, phrase.end_s):
                continue
            start, end = self._x(phrase.start_s), self._x(phrase.end_s)
            yield Curve(np.asarray([(start, y - 3), (start, y), (end, y), (end, y - 3)]), colours.GREY, 1.0)
            if index in ends and ends[index].out_of_air:
                yield line(max(start, end - 14), y, end, y, colours.OFF, 2.4)

    def _time(self) -> Iterator[Shape]:
        bottom = self.top + self.height - _SECONDS
        yield line(self.left, bottom, self._right, bottom, colours.PALE)
        for second in range(int(np.ceil(self.row.start_s)), int(self.row.end_s) + 1):
            x, told = self._x(second), second % _TICK_S == 0
            if told:
                yield line(x, self.top, x, self._bottom, colours.GRID)
                yield Words(x, bottom + 13, f"{second // 60}:{second % 60:02d}", 9, colours.GREY, "middle")
            yield line(x, bottom, x, bottom + (4 if told else 2), colours.PALE)

    def _asked(self, asked: AskedLine) -> Iterator[Shape]:
        if asked.missed:
            left = self._x(asked.start_s)
            yield Box(left, self.top, self._x(asked.end_s) - left, self._tall, fill=colours.MISSED, rounded=3)
            yield Words(left + 5, self.top + 11, "not sung", 9, colours.OFF)
        for note in asked.notes:
            if note.midi is None or not self.row.overlaps(note.start_s, note.end_s):
                continue
            left, top = self._x(note.start_s), self._y(note.midi) - SEMITONE / 2
            width = max(2.0, self._x(note.end_s) - left - 0.6)
            if asked.missed:
                yield Box(left, top, width, SEMITONE, fill=colours.BACKGROUND, line=colours.OFF, rounded=2.5, thick=0.8)
            else:
                yield Box(left, top, width, SEMITONE, fill=colours.WRITTEN, rounded=2.5)

    def _left_out(self) -> Iterator[Shape]:
        for left_out in self.take.asked.left_out:
            if self.row.overlaps(left_out.at_s, left_out.at_s + HOP_S):
                x, what = self._x(left_out.at_s), "line" if left_out.lines == 1 else "lines"
                yield line(x, self.top, x, self._bottom, colours.OFF, 1.4)
                yield Words(x + 4, self._bottom - 4, f"{left_out.lines} {what} left out", 9, colours.OFF)

    def _notes(self) -> Iterator[Shape]:
        for note, judged in zip(self.take.measured.notes, self.take.judged, strict=True):
            if self.row.overlaps(note.start_s, note.end_s) and self._shows(note.midi):
                left, middle = self._x(note.start_s), self._y(note.midi)
                yield Box(
                    left,
                    middle - 2.6,
                    max(2.0, self._x(note.end_s) - left - 0.6),
                    5.2,
                    fill=colours.TINTS[judged.spot],
                    rounded=2.6,
                )

    def _line(self) -> Iterator[Shape]:
        """The pitch, in the colour of the note that it belongs to."""
        pitch, count = self.take.measured.pitch, len(self.take.measured.pitch.voiced)
        frames = slice(round(self.row.start_s / HOP_S), min(count, round(self.row.end_s / HOP_S) + 1))
        midi = pitch.midi[frames].astype(np.float64)
        owner = np.full(count, -1)
        for index, note in enumerate(self.take.measured.notes):
            owner[round(note.start_s / HOP_S) : round(note.end_s / HOP_S)] = index
        here = owner[frames]
        for run in runs(np.abs(midi - (self.row.low_midi + self.row.high_midi) / 2) <= self._tall / SEMITONE / 2):
            yield from self._run(midi, here, range(run.start, run.stop), frames.start)

    def _run(self, midi: np.ndarray, owner: np.ndarray, run: range, first: int) -> Iterator[Shape]:
        leaps = np.abs(np.diff(midi[run.start : run.stop])) > _LEAP_SEMITONES
        changes = np.diff(owner[run.start : run.stop]) != 0
        cuts = [run.start, *(run.start + 1 + np.flatnonzero(leaps | changes)).tolist(), run.stop]
        for start, stop in pairwise(cuts):
            leads_on = stop < run.stop and not leaps[stop - 1 - run.start]
            frames = np.arange(start, stop + leads_on)
            if len(frames) < 2:
                continue
            x = self.left + ((first + frames) * HOP_S - self.row.start_s) * self.second
            y = self.top + (self.row.high_midi + 0.5 - midi[frames]) * SEMITONE
            spot = self.take.judged[owner[start]].spot if owner[start] >= 0 else Spot.FREE
            yield Curve(np.stack([x, y], axis=1), colours.SPOTS[spot], 1.8)

    def _swings(self) -> Iterator[Shape]:
        for passage in self.take.measured.vibrato.passages:
            if self.row.overlaps(passage.start_s, passage.end_s):
                y = self._y(self.take.measured.notes[passage.note].midi + passage.extent_cents / 100) - 9
                turns = max(1.0, passage.duration_s * passage.rate_hz)
                yield swing(self._x(passage.start_s), self._x(passage.end_s), y, turns)

    def _ornaments(self) -> Iterator[Shape]:
        for one in self.take.measured.ornaments:
            if self.row.overlaps(one.start_s, one.end_s):
                yield ornament(one.kind, self._x((one.start_s + one.end_s) / 2), self._bottom - 3)

    def _told(self) -> Iterator[Shape]:
        """Of bad spots: how far off, and how late."""
        for note, judged in zip(self.take.measured.notes, self.take.judged, strict=True):
            if not self.row.overlaps(note.start_s, note.end_s):
                continue
            if judged.spot is Spot.OFF and judged.cents is not None and note.duration_s >= _TOLD_S:
                middle = self._x((note.start_s + note.end_s) / 2)
                sung = self.take.measured.pitch.midi[round(note.start_s / HOP_S) : round(note.end_s / HOP_S)]
                y = self._y(float(np.nanmin(sung))) + 11 if judged.cents < 0 else self._y(float(np.nanmax(sung))) - 5
                yield Words(middle, y, f"{judged.cents:+.0f}", 8.5, colours.OFF, "middle")
            if judged.late_ms is not None and abs(judged.late_ms) >= LATE_MS:
                yield from self._late(note.start_s, judged.late_ms, self._y(note.midi))

    def _late(self, start_s: float, late_ms: float, y: float) -> Iterator[Shape]:
        """From where it was due to where it began."""
        due, begun = self._x(start_s - late_ms / 1_000), self._x(start_s)
        yield line(due, y, begun, y, colours.OFF, 1.4)
        yield line(due, y - 4, due, y + 4, colours.OFF, 1.4)

    def _words(self) -> Iterator[Shape]:
        """Two lines high, so that quick ones do not push each other away."""
        free = [self.left] * _LEVELS
        for asked in self.take.asked.lines:
            if not asked.text or not self.row.start_s <= asked.start_s < self.row.end_s:
                continue
            first = self._x(asked.start_s)
            level = next((at for at in range(_LEVELS) if free[at] <= first), int(np.argmin(free)))
            y = self._bottom + 13 + level * _LEVEL
            for start_s, text in _words_of(asked):
                x = max(free[level], self._x(start_s))
                yield Words(x, y, text, _LETTERS, colours.OFF if asked.missed else colours.INK)
                free[level] = x + self.take.letters.width(text, _LETTERS) + 3

    def _breaths(self) -> Iterator[Shape]:
        y = self._bottom + self.take.has_words * _WORDS + 1
        in_words = {one.breath for one in self.take.measured.breathing.in_words or ()}
        for index, breath in enumerate(self.take.measured.breathing.breaths):
            if self.row.overlaps(breath.start_s, breath.end_s):
                left, wrong = self._x(breath.start_s), index in in_words
                width = max(3.0, self._x(breath.end_s) - left)
                yield Box(left, y, width, 6, fill=colours.OFF if wrong else colours.AIR, rounded=3)


def _words_of(asked: AskedLine) -> Iterable[tuple[float, str]]:
    """Each word where it begins; the whole line where that is all that is known."""
    if not asked.notes:
        return [(asked.start_s, asked.text)]
    words, begun = [], ""
    start_s = asked.notes[0].start_s
    for note in asked.notes:
        start_s = start_s if begun else note.start_s
        begun += note.text
        if note.ends_word and begun:
            words.append((start_s, begun))
            begun = ""
    return [*words, (start_s, begun)] if begun else words
