"""Where seconds and semitones of a row lie on the page."""

from dataclasses import dataclass

from vocalverse.measure.picture.rows import Row

SEMITONE = 8.5  # points


@dataclass(frozen=True)
class Scale:
    row: Row
    left: float
    top: float
    second: float  # points

    @property
    def tall(self) -> float:
        return (self.row.high_midi - self.row.low_midi + 1) * SEMITONE

    @property
    def bottom(self) -> float:
        return self.top + self.tall

    @property
    def right(self) -> float:
        return self.x(self.row.end_s)

    def x(self, at_s: float) -> float:
        """Within the row."""
        return self.left + (min(max(at_s, self.row.start_s), self.row.end_s) - self.row.start_s) * self.second

    def y(self, midi: float) -> float:
        """Of the middle of its semitone; within the row."""
        inside = min(max(midi, self.row.low_midi - 0.4), self.row.high_midi + 0.4)
        return self.top + (self.row.high_midi + 0.5 - inside) * SEMITONE

    def shows(self, midi: float) -> bool:
        return self.row.low_midi - 0.5 <= midi <= self.row.high_midi + 0.5
