"""The dimensions around a middle, each as far out as it is good, with what it may lie between as a band."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vocalverse.measure.picture import colours
from vocalverse.measure.picture.shapes import Area, Box, Curve, Points, Shape, Words, line
from vocalverse.records import Score

_RADIUS = 112.0
_BESIDE, _ABOVE = 96.0, 44.0  # room for what is said
_RINGS = 5  # the scale's points
_DOT = 7.0
LEAST = 3  # dimensions; two make no area

WIDTH, HEIGHT = 2 * (_RADIUS + _BESIDE), 2 * (_RADIUS + _ABOVE)


@dataclass(frozen=True)
class Axis:
    title: str
    score: Score


def radar(axes: Sequence[Axis], left: float, top: float) -> Iterator[Shape]:
    """`LEAST` axes or more, in WIDTH by HEIGHT."""
    star = _Star(left + WIDTH / 2, top + HEIGHT / 2, len(axes))

    def ring(of: Callable[[Score], float]) -> Points:
        return star.ring([of(axis.score) for axis in axes])

    yield Area(ring(lambda score: score.high), colours.BAND_TINT)
    yield Area(ring(lambda score: score.low), colours.BACKGROUND)
    for value in range(1, _RINGS + 1):
        yield Curve(star.ring([value] * len(axes)), colours.PALE if value == _RINGS else colours.GRID)
    for at, axis in enumerate(axes):
        yield star.spoke(at, 0, _RINGS, colours.GRID, 1.0)
        yield star.spoke(at, axis.score.low, axis.score.high, colours.BAND, 3.0)
    yield Curve(ring(lambda score: score.value), colours.FINE, 2.4)
    for at, axis in enumerate(axes):
        x, y = star.place(at, axis.score.value)
        yield Box(x - _DOT / 2, y - _DOT / 2, _DOT, _DOT, colours.FINE, colours.BACKGROUND, _DOT / 2, 1.4)
    for value in range(1, _RINGS + 1):
        x, y = star.place(0, value)
        yield Words(x + 5, y + 3.5, str(value), 9, colours.GREY)
    for at, axis in enumerate(axes):
        yield from _said(axis, star, at)


@dataclass(frozen=True)
class _Star:
    x: float
    y: float
    points: int

    def place(self, at: int, value: float) -> tuple[float, float]:
        """The first axis goes up, the others follow clockwise."""
        angle, far = 2 * math.pi * at / self.points, _RADIUS * value / _RINGS
        return self.x + far * math.sin(angle), self.y - far * math.cos(angle)

    def ring(self, values: Sequence[float]) -> Points:
        """Closed."""
        placed = [self.place(at, value) for at, value in enumerate(values)]
        return np.asarray([*placed, placed[0]])

    def spoke(self, at: int, start: float, end: float, colour: str, thick: float) -> Curve:
        return line(*self.place(at, start), *self.place(at, end), colour, thick)


def _said(axis: Axis, star: _Star, at: int) -> Iterator[Shape]:
    """Beside the ring; on the sides a word to a line."""
    x, y = star.place(at, _RINGS)
    aside = round((x - star.x) / _RADIUS, 3)
    value = f"{axis.score.value:.1f}"
    if not aside:
        yield Words(x, y - 12 if y < star.y else y + 20, f"{axis.title}  {value}", 13, colours.INK, "middle")
        return
    anchor, beside = ("start", x + 10) if aside > 0 else ("end", x - 10)
    lines = [*axis.title.split(), value]
    for number, word in enumerate(lines):
        yield Words(beside, y + 5 + 16 * (number - (len(lines) - 1) / 2), word, 13, colours.INK, anchor)
