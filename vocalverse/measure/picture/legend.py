"""What the signs mean: those that are on the page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vocalverse.measure.picture import colours
from vocalverse.measure.picture.glyphs import ornament, swing
from vocalverse.measure.picture.scale import SEMITONE
from vocalverse.measure.picture.shapes import Box, Curve, Shape, Words, line
from vocalverse.measure.picture.staff import Take
from vocalverse.measure.picture.voice import LATE_MS
from vocalverse.measure.singing.ornaments import OrnamentKind
from vocalverse.measure.spots import Spot
from vocalverse.measure.take import AgainstSong, Measured

_SIZE = 11
_SIGN, _BETWEEN, _LINE = 26.0, 18.0, 20.0


@dataclass(frozen=True)
class _Entry:
    said: str
    draw: Callable[[float, float], Shape]  # its middle
    wide: float = _SIGN


@dataclass(frozen=True)
class Legend:
    shapes: tuple[Shape, ...]
    bottom: float

    @classmethod
    def of(cls, take: Take, left: float, y: float, right: float) -> "Legend":
        """In as many lines as it needs."""
        x, shapes = left, list[Shape]()
        for entry in _entries(take):
            width = entry.wide + 5 + take.letters.width(entry.said, _SIZE)
            if x + width > right and x > left:
                x, y = left, y + _LINE
            shapes += [
                entry.draw(x + entry.wide / 2, y),
                Words(x + entry.wide + 5, y + 4, entry.said, _SIZE, colours.GREY),
            ]
            x += width + _BETWEEN
        return cls(tuple(shapes), y + _LINE / 2)


def _entries(take: Take) -> Iterator[_Entry]:
    yield from _of_the_song(take)
    yield from _of_the_voice(take.measured)


def _of_the_song(take: Take) -> Iterator[_Entry]:
    against, spots = isinstance(take.measured.against_song, AgainstSong), {one.spot for one in take.judged}
    if any(note.midi is not None for one in take.asked.lines for note in one.notes):
        yield _Entry("the song", lambda x, y: Box(x - 13, y - SEMITONE / 2, 26, SEMITONE, colours.WRITTEN, rounded=2.5))
    told = {
        Spot.FINE: "in tune" if against else "on its own grid of semitones",
        Spot.NEAR: "a little off",
        Spot.OFF: "off, by so many cents",
        Spot.FREE: "beside the song" if against else "sung",
    }
    for spot, said in told.items():
        if spot in spots:
            yield _Entry(said, _curve(colours.SPOTS[spot]))
    if any(abs(one.late_ms or 0.0) >= LATE_MS for one in take.judged):
        yield _Entry("due there, begun late or early", _late, 14)
    if any(one.missed for one in take.asked.lines):
        yield _Entry("missed", lambda x, y: Box(x - 13, y - 4, 26, 8, colours.MISSED, colours.OFF, 2.5, 0.8))


def _of_the_voice(measured: Measured) -> Iterator[_Entry]:
    if measured.vibrato.passages:
        yield _Entry("vibrato", lambda x, y: swing(x - 13, x + 13, y, 3))
    for kind in sorted({one.kind for one in measured.ornaments}):
        yield _Entry(kind.value, _ornament(kind), 10)
    if measured.breathing.breaths:
        yield _Entry("breath", lambda x, y: Box(x - 9, y - 3, 18, 6, colours.AIR, rounded=3), 18)
    if measured.breathing.in_words:
        yield _Entry("within a word", lambda x, y: Box(x - 9, y - 3, 18, 6, colours.OFF, rounded=3), 18)
    if measured.phrases:
        yield _Entry("phrase", _bracket)
    if measured.breathing.out_of_air:
        yield _Entry("out of air", lambda x, y: line(x - 7, y, x + 7, y, colours.OFF, 2.4), 14)


def _ornament(kind: OrnamentKind) -> Callable[[float, float], Shape]:
    return lambda x, y: ornament(kind, x, y + 3)


def _curve(colour: str) -> Callable[[float, float], Shape]:
    along = np.linspace(0, 1, 20)
    return lambda x, y: Curve(np.stack([x - 13 + 26 * along, y - 2 * np.sin(2 * np.pi * along)], axis=1), colour, 1.8)


def _late(x: float, y: float) -> Shape:
    return Curve(np.asarray([(x - 7, y - 4), (x - 7, y + 4), (x - 7, y), (x + 7, y)]), colours.OFF, 1.4)


def _bracket(x: float, y: float) -> Shape:
    return Curve(np.asarray([(x - 13, y - 2), (x - 13, y + 1), (x + 13, y + 1), (x + 13, y - 2)]), colours.GREY)
