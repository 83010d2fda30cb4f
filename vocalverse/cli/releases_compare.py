"""`vocalverse releases compare`: what another release would say, before it is said to anybody."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalverse.cli.database import operating
from vocalverse.cli.output import json_option, show_json, show_rows
from vocalverse.cli.places import require_writable
from vocalverse.errors import NotFound
from vocalverse.records import OVERALL
from vocalverse.settings import Settings

if TYPE_CHECKING:
    from vocalverse.store.compare import Chosen, Pair

_FEWEST = 3  # takes in a group that is told of by itself: fewer would tell of singers
_FEW = f"(fewer than {_FEWEST} takes each)"
_SONGS = 20  # lines on a terminal
_SHIFT = ("takes", "mean", "median", "lowest_tenth", "highest_tenth", "beyond", "order")

Row = Mapping[str, object]


@click.command()
@click.argument("before")
@click.argument("after")
@click.option("--venue", help="Only this venue's.")
@click.option("--song", metavar="REF", help="Only those of this song.")
@click.option("--since", type=click.DateTime(), metavar="DATE", help="Only those that came in since then.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="A page with plots.")
@json_option
def compare(before: str, after: str, html: Path | None, as_json: bool, **said: Any) -> None:
    """How far the marks of AFTER lie from those of BEFORE, of the recordings that both have judged.

    In marks from 0 to 100, by dimension, venue and song: the mean and the median shift, a tenth of them below and above,
    the share that lies beyond BEFORE's interval, and how alike both put the takes in order (Spearman's ρ). Single
    recordings are not told of, but for dots in the plots of those whose singers agreed to share them.

    \b
    vocalverse recordings rescore --release gold-2
    vocalverse releases compare gold-1 gold-2 --html shifts.html
    """
    from vocalverse.store.compare import pairs

    if html:
        require_writable(html.parent, "--html")
    settings = Settings.read()
    with operating(settings) as connection:
        found = pairs(connection, _chosen(connection, before, after, said))
    if not found:
        raise NotFound(
            f"No recording was scored by both {before} and {after}. `vocalverse recordings rescore --release {after}`"
            " has old ones judged by it; `vocalverse releases list` shows what there is."
        )
    tables = _tables(found)
    if html:
        from vocalverse.cli.releases_compare_page import write_page

        write_page(html, before, after, found, tables)
    _show(tables, before, after, as_json=as_json)
    if html and not as_json:
        click.echo(f"\nPlots: {html}", err=True)


def _chosen(connection: Any, before: str, after: str, said: Mapping[str, Any]) -> "Chosen":
    from vocalverse.store.compare import Chosen
    from vocalverse.store.releases import find_release
    from vocalverse.store.venues import find_venue

    for name in (before, after):
        find_release(connection, name)
    return Chosen(
        before=before,
        after=after,
        venue_id=find_venue(connection, said["venue"]) if said["venue"] else None,
        song=said["song"],
        since=said["since"].astimezone() if said["since"] else None,
    )


def _tables(found: "Sequence[Pair]") -> dict[str, list[Row]]:
    """Shifts by dimension, and by venue and song within each."""
    return {
        "dimensions": _shifts(found, lambda pair: (pair.dimension,), ("dimension",)),
        "venues": _shifts(found, lambda pair: (pair.dimension, pair.venue), ("dimension", "venue")),
        "songs": _shifts(found, lambda pair: (pair.dimension, pair.song or "(no song)"), ("dimension", "song")),
    }


def _shifts(found: "Sequence[Pair]", of: "Callable[[Pair], tuple[str, ...]]", names: tuple[str, ...]) -> list[Row]:
    """A row for each group; those of very few takes are one, where together they are enough."""
    groups: defaultdict[tuple[str, ...], list[Pair]] = defaultdict(list)
    for pair in found:
        groups[of(pair)].append(pair)
    for group in [group for group, own in groups.items() if len(group) > 1 and len(own) < _FEWEST]:
        groups[(*group[:-1], _FEW)] += groups.pop(group)
    told = [group for group in sorted(groups, key=_overall_last) if group[-1] != _FEW or len(groups[group]) >= _FEWEST]
    return [{**dict(zip(names, group, strict=True)), **_shift(groups[group])} for group in told]


def _shift(own: "Sequence[Pair]") -> Row:
    import numpy as np

    from vocalverse.evaluation.shifts import Marked, shift

    columns = ([getattr(pair, name) for pair in own] for name in ("before", "low", "high", "after"))
    return asdict(shift(Marked(*(np.array(column, np.float64) for column in columns))))


def _overall_last(group: tuple[str, ...]) -> tuple[bool, tuple[str, ...]]:
    return group[0] == OVERALL, group


def _show(tables: Mapping[str, Sequence[Row]], before: str, after: str, *, as_json: bool) -> None:
    """For people only the songs with the widest shifts."""
    if as_json:
        show_json({"before": before, "after": after, **tables})
        return
    widest = sorted(tables["songs"], key=lambda row: -abs(float(str(row["mean"]))))[:_SONGS]
    show_rows(tables["dimensions"], columns=("dimension", *_SHIFT), as_json=False, empty="")
    for kind, rows in (("venue", tables["venues"]), ("song", widest)):
        if rows:
            click.echo()
            show_rows(rows, columns=("dimension", kind, *_SHIFT), as_json=False, empty="")
    if len(widest) < len(tables["songs"]):
        click.echo(
            f"The {_SONGS} widest of {len(tables['songs'])} shifts by song; --json and --html have all.", err=True
        )
