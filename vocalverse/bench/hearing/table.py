"""Tables of quality: Markdown for people, numbers for programs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Cell = float | str | None


@dataclass(frozen=True)
class Column:
    name: str  # with its unit
    digits: int = 1


@dataclass(frozen=True)
class Row:
    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Table:
    title: str
    rows_are: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    note: str = ""

    def markdown(self) -> str:
        heads = [self.rows_are, *(column.name for column in self.columns)]
        lines = [[row.name, *map(_shown, row.cells, self.columns)] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
        rules = [":" + "-" * (widths[0] + 1), *("-" * (width + 1) + ":" for width in widths[1:])]
        body = [_line(line, widths) for line in (heads, *lines)]
        said = [f"### {self.title}", *([self.note] if self.note else [])]
        return "\n\n".join([*said, "\n".join([body[0], f"|{'|'.join(rules)}|", *body[1:]])])

    def shown(self) -> list[dict[str, str]]:
        """Its rows as people read them."""
        names = [self.rows_are, *(column.name for column in self.columns)]
        lines = [[row.name, *map(_shown, row.cells, self.columns)] for row in self.rows]
        return [dict(zip(names, line, strict=True)) for line in lines]

    def as_json(self) -> dict[str, Any]:
        names = [self.rows_are, *(column.name for column in self.columns)]
        rows = [dict(zip(names, [row.name, *map(_finite, row.cells)], strict=True)) for row in self.rows]
        return {"title": self.title, "note": self.note, "rows": rows}


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {cells[0]:<{widths[0]}} |" + "".join(
        f" {cell:>{width}} |" for cell, width in zip(cells[1:], widths[1:], strict=True)
    )


def _shown(cell: Cell, column: Column) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    if not math.isfinite(cell):
        return "∞" if cell > 0 else "-∞"
    return f"{round(cell, column.digits) + 0.0:.{column.digits}f}"  # no -0.0


def _finite(cell: Cell) -> Cell:
    """JSON knows no infinity."""
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell
