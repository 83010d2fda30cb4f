"""`vocalverse evaluate --damage`: what takes that were damaged on purpose lose with a judge."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vocalverse.cli.output import Row, show_json, show_rows

if TYPE_CHECKING:
    from vocalverse.evaluation.damage import OfKind

_COLUMNS = ("kind", "hurts", "takes", "pairs_in_order", "all_in_order", "shift", "spill")
_ABOUT = (
    "Of each kind of damage: the share of neighbouring grades of which the graver one gets less (half by chance), the share"
    " of takes of which all grades are in order, what damage costs in the dimension that it should hurt, and how far the"
    " other dimensions move for each point of that. With 95 % intervals, drawn by singer; made by ways that training and"
    " thresholds never heard."
)


def show_damage(judge: str, found: "Sequence[OfKind]", *, html: Path | None, as_json: bool) -> None:
    if html:
        _write_page(html, judge, found)
    if as_json:
        show_json({"judge": judge, "damage": [asdict(one) for one in found]})
    else:
        show_rows(_rows(found), columns=_COLUMNS, as_json=False, empty="")
        click.echo(f"\n{_ABOUT}", err=True)


def _rows(found: "Sequence[OfKind]") -> list[Row]:
    from vocalverse.evaluation.rows import in_words

    return [
        {
            "kind": one.kind,
            "hurts": one.dimension,
            "takes": one.takes,
            "pairs_in_order": in_words(one.figures["pairs"]),
            "all_in_order": in_words(one.figures["exact"]),
            "shift": in_words(one.figures["shift"]),
            "spill": in_words(one.figures["spill"]),
        }
        for one in found
    ]


def _write_page(html: Path, judge: str, found: "Sequence[OfKind]") -> None:
    from vocalverse import pages, plots

    drawn = [
        plots.Bar(one.kind, figure.value, figure.low, figure.high)
        for one in found
        if (figure := one.figures["pairs"]).value is not None
    ]
    body = (
        pages.paragraph(_ABOUT),
        pages.table(_rows(found), _COLUMNS),
        pages.figure(plots.bars(drawn, plots.Axes("share of neighbouring grades in order")), "By chance a half is."),
    )
    html.write_text(pages.page(f"{judge}: damage on purpose", *body), encoding="utf-8")
