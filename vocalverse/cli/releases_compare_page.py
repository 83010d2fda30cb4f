"""The page of `releases compare`: tables, and a picture of each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vocalverse.pages import Html, figure, heading, page, paragraph, table
from vocalverse.plots import Axes, Bar, bars, histogram, scatter

if TYPE_CHECKING:
    from vocalverse.store.compare import Pair

_SHIFT = ("takes", "mean", "median", "lowest_tenth", "highest_tenth", "beyond", "order")
_AT_MOST = 30  # bars in a picture: the widest shifts

Row = Mapping[str, object]


def write_page(
    file: Path, before: str, after: str, found: "Sequence[Pair]", tables: Mapping[str, Sequence[Row]]
) -> None:
    dimensions = [str(row["dimension"]) for row in tables["dimensions"]]
    body = [
        paragraph(
            f"Marks from 0 to 100 of {after} against those of {before}, of the recordings that both have judged. Above 0"
            f" {after} is the milder one. A tenth of the takes lies below the lowest tenth, and a tenth above the highest;"
            f" beyond is the share of takes that {after} marks outside of {before}'s interval; order is Spearman's ρ, 1"
            " where both put the takes in the same order."
        ),
        table(tables["dimensions"], ("dimension", *_SHIFT)),
        _bars(tables["dimensions"], "dimension"),
        *(part for name in dimensions for part in _dimension(name, before, after, found, tables)),
    ]
    file.write_text(page(f"{before} and {after}", *body), encoding="utf-8")


def _dimension(
    name: str, before: str, after: str, found: "Sequence[Pair]", tables: Mapping[str, Sequence[Row]]
) -> list[Html]:
    own = [pair for pair in found if pair.dimension == name]
    shared = [pair for pair in own if pair.shared]
    moved = histogram([pair.after - pair.before for pair in own], Axes(x="shift", y="takes"))
    parts = [heading(name), figure(moved, f"All {len(own)} takes.")]
    if shared:
        dots = scatter([pair.before for pair in shared], [pair.after for pair in shared], Axes(x=before, y=after))
        parts.append(figure(dots, f"The {len(shared)} takes whose singers agreed to share them."))
    for title, kind in (("venues", "venue"), ("songs", "song")):
        rows = [row for row in tables[title] if row["dimension"] == name]
        if len(rows) > 1:
            parts += [_bars(rows, kind), table(rows, (kind, *_SHIFT))]
    return parts


def _bars(rows: Sequence[Row], kind: str) -> Html:
    widest = sorted(rows, key=lambda row: -abs(_number(row, "mean")))[:_AT_MOST]
    drawn = [
        Bar(str(row[kind]), _number(row, "mean"), _number(row, "lowest_tenth"), _number(row, "highest_tenth"))
        for row in widest
    ]
    said = f"The mean shift by {kind}, with the span of four fifths of the takes"
    more = f"; the {_AT_MOST} widest of {len(rows)}." if len(rows) > _AT_MOST else "."
    return figure(bars(drawn, Axes(x="shift")), said + more)


def _number(row: Row, name: str) -> float:
    value = row[name]
    assert isinstance(value, int | float)
    return float(value)
