"""What was sung, row under row, and what the signs mean."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, Self

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.picture.asked import Asked, asked_of
from vocalverse.measure.picture.header import LEFT
from vocalverse.measure.picture.legend import Legend
from vocalverse.measure.picture.letters import Letters
from vocalverse.measure.picture.rows import LONGEST_S, Row, rows_of
from vocalverse.measure.picture.scale import Scale
from vocalverse.measure.picture.shapes import Shape
from vocalverse.measure.picture.staff import Staff, Take
from vocalverse.measure.spots import judged
from vocalverse.measure.take import AgainstSong, Measured

_WIDTH = 1_440.0  # of the longest row
_NARROWEST = 900.0  # the header and the legend want room
_SECOND_AT_MOST = 110.0  # points: a short take is drawn larger
_BETWEEN = 16.0


class Lane(Protocol):
    """What lies above each row, and belongs to it."""

    def tall(self, row: Row, second: float) -> float: ...

    def shapes(self, scale: Scale) -> Iterator[Shape]: ...


class Nothing:
    """Above any row."""

    def tall(self, row: Row, second: float) -> float:
        return 0.0

    def shapes(self, scale: Scale) -> Iterator[Shape]:
        return iter(())


@dataclass(frozen=True)
class Ribbon:
    take: Take
    rows: tuple[Row, ...]
    letters: Letters

    @classmethod
    def of(cls, measured: Measured, letters: Letters) -> Self:
        song = measured.against_song
        duration_s = len(measured.pitch.voiced) * HOP_S
        asked = asked_of(song, duration_s=duration_s) if isinstance(song, AgainstSong) else Asked()
        return cls(Take(measured, asked, judged(measured), letters), rows_of(measured, asked), letters)

    @property
    def width(self) -> float:
        return max(_NARROWEST, self._second * max(row.duration_s for row in self.rows))

    def laid(self, top: float, lane: Lane | None = None) -> "Laid":
        """From there down."""
        above, shapes = lane or Nothing(), list[Shape]()
        for row in self.rows:
            top += above.tall(row, self._second)
            staff = Staff(self.take, Scale(row, LEFT, top, self._second))
            shapes += (*staff.shapes(), *above.shapes(staff.scale))
            top = staff.bottom + _BETWEEN
        signs = Legend.of(self.take, LEFT, top + 12, LEFT + self.width)
        return Laid((*shapes, *signs.shapes), signs.bottom)

    @property
    def _second(self) -> float:
        """In points."""
        return min(_SECOND_AT_MOST, _WIDTH / min(LONGEST_S, max(row.duration_s for row in self.rows)))


@dataclass(frozen=True)
class Laid:
    shapes: tuple[Shape, ...]
    bottom: float
