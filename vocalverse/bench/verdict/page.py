"""The tables as one page, with pictures of what is easier seen."""

from collections.abc import Sequence

from vocalverse import pages
from vocalverse.bench.hearing.table import Table


def page_of(tables: Sequence[Table]) -> str:
    body = [part for table in tables for part in _section(table)]
    return pages.page("Verdict on releases", *body)


def _section(table: Table) -> list[pages.Html]:
    parts = [pages.heading(table.title)]
    if table.note:
        parts.append(pages.paragraph(table.note))
    columns = [table.rows_are, *(column.name for column in table.columns)]
    return [*parts, pages.table(table.shown(), columns)]
