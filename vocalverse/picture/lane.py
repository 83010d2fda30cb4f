"""Above each row of the singing: from when to when what moved the scores shows, by its number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from vocalverse.measure.picture import colours
from vocalverse.measure.picture.letters import Letters
from vocalverse.measure.picture.rows import Row
from vocalverse.measure.picture.scale import Scale
from vocalverse.measure.picture.shapes import Box, Shape, Words, line
from vocalverse.picture.portrait import Sign

BADGE = 15.0
_LEVEL, _BELOW = 18.0, 4.0
_BETWEEN_S = 0.15


@dataclass(frozen=True)
class EvidenceLane:
    signs: Sequence[Sign]

    @classmethod
    def of(cls, signs: Sequence[Sign]) -> Self:
        """What counts for two is shown once."""
        return cls(tuple({sign.number: sign for sign in signs if sign.number is not None}.values()))

    def tall(self, row: Row, second: float) -> float:
        placed = self._placed(row, second)
        return _LEVEL * (1 + max(one.level for one in placed)) + _BELOW if placed else 0.0

    def shapes(self, scale: Scale) -> Iterator[Shape]:
        for one in self._placed(scale.row, scale.second):
            colour = _colour(raised=one.sign.raised)
            left, right = scale.x(one.start_s), scale.x(one.end_s)
            y = scale.top - _BELOW - _LEVEL * (one.level + 0.5)
            yield line(left, y, right, y, colour, 3.0)
            for x in (left, right):
                yield line(x, y, x, scale.top + (scale.tall if x == left else 0.0), colour, 0.6)
            yield from badge(one.sign, max(left + BADGE / 2, min(left, scale.right - BADGE)), y)

    def _placed(self, row: Row, second: float) -> "list[_Placed]":
        """Those that overlap lie above one another."""
        free_s: list[float] = []
        placed = []
        for sign in sorted(self.signs, key=lambda sign: sign.evidence.from_s or 0.0):
            start_s, end_s = sign.evidence.from_s, sign.evidence.to_s
            if start_s is None or end_s is None or not row.overlaps(start_s, end_s):
                continue
            start_s, end_s = max(start_s, row.start_s), min(end_s, row.end_s)
            level = next((at for at, until_s in enumerate(free_s) if until_s <= start_s), len(free_s))
            taken_s = max(end_s, start_s + BADGE / second) + _BETWEEN_S
            free_s[level : level + 1] = [taken_s]
            placed.append(_Placed(sign, start_s, end_s, level))
        return placed


@dataclass(frozen=True)
class _Placed:
    sign: Sign
    start_s: float
    end_s: float
    level: int


def badge(sign: Sign, x: float, y: float) -> Iterator[Shape]:
    """With its number, if it has one."""
    yield _ground(x, y, raised=sign.raised)
    if sign.number is not None:
        yield Words(x, y + 4, str(sign.number), 11, colours.BACKGROUND, "middle")


def legend(left: float, y: float, letters: Letters) -> Iterator[Shape]:
    """What the badges mean, in one line around `y`."""
    for raised, said in ((True, "raised a score"), (False, "lowered a score")):
        yield _ground(left + BADGE / 2, y, raised=raised)
        yield Words(left + BADGE + 6, y + 4, said, 11, colours.GREY)
        left += BADGE + 24 + letters.width(said, 11)


def _ground(x: float, y: float, *, raised: bool) -> Box:
    """Round where it raised a score, square where it lowered one: no colour has to be told from another."""
    rounded = BADGE / 2 if raised else 2.5
    return Box(x - BADGE / 2, y - BADGE / 2, BADGE, BADGE, fill=_colour(raised=raised), rounded=rounded)


def _colour(*, raised: bool) -> str:
    return colours.RAISED if raised else colours.LOWERED
