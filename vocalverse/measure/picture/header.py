"""What is said above the rows: the title, what is known of it all, and how well pitch and rhythm were kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vocalverse.measure.marks import Score
from vocalverse.measure.picture import colours
from vocalverse.measure.picture.letters import Letters
from vocalverse.measure.picture.shapes import Box, Shape, Words, line
from vocalverse.measure.picture.wording import fitting

LEFT, TOP = 44.0, 26.0
_HEADER, _FACT = 66.0, 16.0
_GAUGE, _GAUGES = 170.0, 66.0  # wide; high, with what is said of it
_VERDICTS = {"pass": colours.AIR, "low": colours.NEAR, "refuse": colours.OFF}


@dataclass(frozen=True)
class Caption:
    title: str
    facts: Sequence[str] = ()  # of a line each
    pitch: Score | None = None
    rhythm: Score | None = None
    verdict: str | None = None
    reasons: Sequence[str] = ()
    note: str = ""  # below all

    @property
    def bottom(self) -> float:
        return TOP + _HEADER + _FACT * len(self.facts)


def header(caption: Caption, letters: Letters, edge: float) -> Iterator[Shape]:
    """As far to the right as `edge`."""
    right = edge
    for name, score in (("rhythm", caption.rhythm), ("pitch", caption.pitch)):
        if score is not None:
            yield from _gauge(name, score, right - _GAUGE)
            right -= _GAUGE + 34
    yield Words(LEFT, TOP + 20, fitting(caption.title, 25, right - LEFT, letters), 25, colours.INK)
    y = TOP + 44
    if caption.verdict:
        width = letters.width(caption.verdict, 12) + 18
        yield Box(LEFT, y - 12, width, 17, fill=_VERDICTS.get(caption.verdict, colours.GREY), rounded=8.5)
        yield Words(LEFT + width / 2, y, caption.verdict, 12, colours.BACKGROUND, "middle")
        if caption.reasons:
            said = fitting(", ".join(caption.reasons), 12, right - LEFT - width - 10, letters)
            yield Words(LEFT + width + 10, y, said, 12, colours.INK)
        y += 19
    for fact in caption.facts:
        room = (right if y < TOP + _GAUGES else edge) - LEFT
        yield Words(LEFT, y, fitting(fact, 12, room, letters), 12, colours.GREY)
        y += _FACT


def _gauge(name: str, score: Score, left: float) -> Iterator[Shape]:
    """0 to 100, with the interval that it may lie in."""
    yield Words(left, TOP + 20, name, 13, colours.GREY)
    yield Words(left + _GAUGE, TOP + 20, f"{score.value:.0f}", 27, colours.INK, "end")
    yield from gauge(score, left, TOP + 34, _GAUGE)
    told = f"95 % between {score.low:.0f} and {score.high:.0f}"
    yield Words(left, TOP + 55, told, 10, colours.GREY)


def gauge(score: Score, left: float, y: float, wide: float) -> Iterator[Shape]:
    """A bar for 0 to 100, 7 points high, that begins at `y`."""
    point = wide / 100
    yield Box(left, y, wide, 7, fill=colours.GRID, rounded=3.5)
    width = max(4.0, (score.high - score.low) * point)
    yield Box(min(left + score.low * point, left + wide - width), y, width, 7, fill=colours.PALE, rounded=3.5)
    x = left + score.value * point
    yield line(x, y - 2, x, y + 9, colours.FINE, 2.4)
