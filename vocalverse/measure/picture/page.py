"""The whole page: what was sung, how well, row under row, and what the signs mean."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.marks import Score
from vocalverse.measure.picture import colours
from vocalverse.measure.picture.asked import Asked, asked_of
from vocalverse.measure.picture.legend import Legend
from vocalverse.measure.picture.letters import Letters
from vocalverse.measure.picture.rows import LONGEST_S, rows_of
from vocalverse.measure.picture.scale import Scale
from vocalverse.measure.picture.shapes import Box, Drawing, Shape, Words, line
from vocalverse.measure.picture.staff import Staff, Take
from vocalverse.measure.spots import judged
from vocalverse.measure.take import AgainstSong, Measured

_LEFT, _RIGHT, _TOP = 44.0, 30.0, 26.0
_WIDTH = 1_440.0  # of the longest row
_NARROWEST = 900.0  # the header and the legend want room
_SECOND_AT_MOST = 110.0  # points: a short take is drawn larger
_HEADER, _FACT, _BETWEEN, _BELOW = 66.0, 16.0, 16.0, 16.0
_GAUGE, _GAUGES = 170.0, 66.0  # wide; high, with what is said of it
_VERDICTS = {"pass": colours.AIR, "low": colours.NEAR, "refuse": colours.OFF}


@dataclass(frozen=True)
class Caption:
    """What is said above the rows."""

    title: str
    facts: Sequence[str] = ()  # of a line each
    pitch: Score | None = None
    rhythm: Score | None = None
    verdict: str | None = None
    reasons: Sequence[str] = ()
    note: str = ""  # below all


def page(measured: Measured, caption: Caption, letters: Letters) -> Drawing:
    song = measured.against_song
    duration_s = len(measured.pitch.voiced) * HOP_S
    asked = asked_of(song, duration_s=duration_s) if isinstance(song, AgainstSong) else Asked()
    take = Take(measured, asked, judged(measured), letters)
    rows = rows_of(measured, asked)
    second = min(_SECOND_AT_MOST, _WIDTH / min(LONGEST_S, max(row.duration_s for row in rows)))
    width = max(_NARROWEST, second * max(row.duration_s for row in rows))
    shapes = list(_header(caption, letters, _LEFT + width))
    top = _TOP + _HEADER + _FACT * len(caption.facts)
    for row in rows:
        staff = Staff(take, Scale(row, _LEFT, top, second))
        shapes += staff.shapes()
        top = staff.bottom + _BETWEEN
    signs = Legend.of(take, _LEFT, top + 12, _LEFT + width)
    shapes += signs.shapes
    bottom = signs.bottom + _BELOW
    if caption.note:
        shapes.append(Words(_LEFT, bottom, caption.note, 11, colours.GREY))
        bottom += _BELOW
    return Drawing(_LEFT + width + _RIGHT, bottom, colours.BACKGROUND, tuple(shapes))


def _header(caption: Caption, letters: Letters, edge: float) -> Iterator[Shape]:
    right = edge
    for name, score in (("rhythm", caption.rhythm), ("pitch", caption.pitch)):
        if score is not None:
            yield from _gauge(name, score, right - _GAUGE)
            right -= _GAUGE + 34
    yield Words(_LEFT, _TOP + 20, _fitting(caption.title, 25, right - _LEFT, letters), 25, colours.INK)
    y = _TOP + 44
    if caption.verdict:
        width = letters.width(caption.verdict, 12) + 18
        yield Box(_LEFT, y - 12, width, 17, fill=_VERDICTS.get(caption.verdict, colours.GREY), rounded=8.5)
        yield Words(_LEFT + width / 2, y, caption.verdict, 12, colours.BACKGROUND, "middle")
        if caption.reasons:
            said = _fitting(", ".join(caption.reasons), 12, right - _LEFT - width - 10, letters)
            yield Words(_LEFT + width + 10, y, said, 12, colours.INK)
        y += 19
    for fact in caption.facts:
        room = (right if y < _TOP + _GAUGES else edge) - _LEFT
        yield Words(_LEFT, y, _fitting(fact, 12, room, letters), 12, colours.GREY)
        y += _FACT


def _gauge(name: str, score: Score, left: float) -> Iterator[Shape]:
    """0 to 100, with the interval that it may lie in."""
    y = _TOP + 34
    point = _GAUGE / 100
    yield Words(left, _TOP + 20, name, 13, colours.GREY)
    yield Words(left + _GAUGE, _TOP + 20, f"{score.value:.0f}", 27, colours.INK, "end")
    yield Box(left, y, _GAUGE, 7, fill=colours.GRID, rounded=3.5)
    width = max(4.0, (score.high - score.low) * point)
    yield Box(min(left + score.low * point, left + _GAUGE - width), y, width, 7, fill=colours.PALE, rounded=3.5)
    x = left + score.value * point
    yield line(x, y - 2, x, y + 9, colours.FINE, 2.4)
    told = f"95 % between {score.low:.0f} and {score.high:.0f}"
    yield Words(left, y + 21, told, 10, colours.GREY)


def _fitting(text: str, size: int, width: float, letters: Letters) -> str:
    if letters.width(text, size) <= width:
        return text
    while text and letters.width(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text}…"
