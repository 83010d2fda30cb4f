"""The tables as one page, with pictures of what is easier seen."""

import itertools
from collections.abc import Iterator, Sequence

from vocalverse import pages, plots
from vocalverse.bench.hearing.table import Row, Table
from vocalverse.bench.verdict.plain import TENTHS


def page_of(tables: Sequence[Table]) -> str:
    body = [part for table in tables for part in _section(table)]
    return pages.page("Verdict on releases", *body)


def _section(table: Table) -> Iterator[pages.Html]:
    yield pages.heading(table.title)
    if table.note:
        yield pages.paragraph(table.note)
    names = [column.name for column in table.columns]
    if set(TENTHS) <= set(names):
        places = [names.index(name) for name in TENTHS]
        for score, rows in itertools.groupby(table.rows, lambda row: row.name.rpartition(": ")[0]):
            yield _bars(score, list(rows), places)
    yield pages.table(table.shown(), [table.rows_are, *names])


def _bars(score: str, rows: Sequence[Row], places: Sequence[int]) -> pages.Html:
    """Medians, and what lies between the lowest tenth and the highest."""
    drawn = []
    for row in rows:
        tenths = [cell for at in places if isinstance(cell := row.cells[at], float)]
        if len(tenths) == len(places):
            low, median, high = tenths
            drawn.append(plots.Bar(row.name.rpartition(": ")[2], median, low, high))
    caption = f"{score}: medians; a tenth of takes lies below the line's beginning, and a tenth above its end."
    return pages.figure(plots.bars(drawn, plots.Axes("points of 5")), caption)
