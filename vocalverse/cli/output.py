"""What commands print: tables for people, JSON for programs."""

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

import click

from vocalverse.errors import VocalVerseError

_WIDEST = 40  # a longer cell is folded

Row = Mapping[str, object]
_Command = TypeVar("_Command", bound=Callable[..., Any])

json_option: Callable[[_Command], _Command] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for programs instead of text for people."
)

_COLOURS = {
    "done": "green",
    "running": "cyan",
    "leased": "cyan",
    "dead": "red",
    "rejected": "red",
    "expired": "yellow",
    "cancelled": "yellow",
}


def show_rows(rows: Sequence[Row], *, columns: Sequence[str], as_json: bool, empty: str) -> None:
    """All of every row as JSON, or these columns as a table; `empty` is said where there is none."""
    if as_json:
        show_json(rows)
    elif not rows:
        click.echo(empty, err=True)
    elif sys.stdout.isatty():
        _show_table(rows, columns)
    else:
        _show_aligned(rows, columns)


def show_facts(facts: Row, *, as_json: bool) -> None:
    """One thing: a line for each fact."""
    if as_json:
        show_json(facts)
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        click.echo(f"{click.style(name.replace('_', ' ').ljust(width), dim=True)}  {in_words(value)}")


def show_done(sentence: str, facts: Row, *, as_json: bool) -> None:
    """What was done: a sentence for people, its facts for programs."""
    if as_json:
        show_json(facts)
    else:
        click.echo(sentence)


def show_json(value: object) -> None:
    click.echo(json.dumps(value, default=_as_json, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False))


def failed_line(file: object, error: VocalVerseError) -> str:
    """One of many files, of which the others went on."""
    return f"✗ {in_words(str(file))}: {in_words(' '.join(str(error).split()))} [{error.code}]"


def in_words(value: object) -> str:
    """For people: local time, no nulls, and nothing in it that a terminal would obey."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        case float():
            return f"{value:.4g}" if math.isfinite(value) else "–"
        case Enum():
            return str(value.value)
        case list() | tuple() | set() | frozenset():
            return ", ".join(in_words(one) for one in value) or "–"
        case dict():
            return ", ".join(f"{name} {in_words(one)}" for name, one in value.items()) or "–"
    return "".join(letter if letter.isprintable() else "�" for letter in str(value))


def in_bytes(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def _as_json(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case UUID():
            return str(value)
        case set() | frozenset():
            return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def _show_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """As many columns as the terminal is wide for, the first ones first, so that no cell breaks into crumbs."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    cells = {name: [in_words(row.get(name)) for row in rows] for name in columns}
    fitting = _fitting({name: max(map(len, (name, *said))) for name, said in cells.items()}, console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in fitting:
        table.add_column(name.replace("_", " "), overflow="fold")
    for at in range(len(rows)):
        table.add_row(*(Text(cells[name][at], style=_COLOURS.get(cells[name][at], "")) for name in fitting))
    console.print(table)
    if left_out := [name.replace("_", " ") for name in columns if name not in fitting]:
        click.echo(f"No room for {', '.join(left_out)}: widen the terminal, or ask with --json.", err=True)


def _fitting(widths: Mapping[str, int], room: int) -> list[str]:
    fitting: list[str] = []
    for name, width in widths.items():
        room -= min(width, _WIDEST) + (3 if fitting else 2)
        if room < 0 and len(fitting) > 1:
            break
        fitting.append(name)
    return fitting


def _show_aligned(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Where nobody looks: a line for every row, never folded, so that grep and awk can read it."""
    lines = [list(columns), *([in_words(row.get(name)) for name in columns] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
