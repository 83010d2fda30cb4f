"""What came out of a listening session."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vocalverse.cli.database import operating
from vocalverse.cli.output import Row, in_words, json_option, show_done, show_json, show_rows
from vocalverse.cli.places import require_writable
from vocalverse.errors import BadInput

if TYPE_CHECKING:
    from vocalverse.evaluation.figure import Figure
    from vocalverse.listening.report import OfDimension, Report

_FILE = click.Path(dir_okay=False, path_type=Path)
_ORDER = ("exact", "pairs", "tau", "high_medium", "medium_low", "high_low")
_AGREEMENT = ("same_place", "within_1", "alpha")
_ALL = "all"


@click.command()
@click.argument("name")
@click.option("--html", type=_FILE, metavar="FILE", help="A page with plots.")
@json_option
def report(name: str, *, html: Path | None, as_json: bool) -> None:
    """How far the listeners of the session NAME agree with the judge, and with each other.

    Of the triples: the share in exact order (a sixth by chance); of the pairs, the share in order (half by chance):
    High over Medium, Medium over Low, High over Low, and all three; Kendall's tau. Of any two listeners: the share of
    takes that both put in the same place, or at most one apart, and Krippendorff's alpha. Each with the interval that
    holds 95 % of draws of the triples. Who failed an attention check is left out, and said to be.
    """
    from vocalverse.listening.report import report as told
    from vocalverse.store.listening import answers, find_session

    if html:
        require_writable(html.parent, "--html")
    with operating() as connection:
        session = find_session(connection, name)
        found = told(answers(connection, session))
    if not found.listeners:
        raise BadInput(f"Nobody has put a triple of {name} in order yet: vocalverse htpr serve {name}")
    if html:
        html.write_text(_page(name, session.judge, found), encoding="utf-8")
    if as_json:
        show_json({"session": name, "judge": session.judge, "left_out": found.left_out, **asdict(found)})
        return
    click.echo(f"{name}: people against {session.judge}\n")
    show_rows(_orders(found), columns=("dimension", "listener", "answers", *_ORDER), as_json=False, empty="")
    click.echo()
    show_rows(_agreement(found), columns=("dimension", "triples", *_AGREEMENT), as_json=False, empty="")
    click.echo()
    show_rows(_listeners(found), columns=("listener", "answers", "checks_passed", "seconds"), as_json=False, empty="")
    click.echo(_left_out(found), err=True)


@click.command()
@click.argument("name")
@click.option("--out", required=True, type=_FILE, metavar="FILE", help="The manifest: .jsonl or .parquet.")
@json_option
def export(name: str, *, out: Path, as_json: bool) -> None:
    """Write the answers of the session NAME as a manifest to train on: pairs, the better and the worse take.

    Who failed an attention check is left out. The sound of venues' recordings is copied into a folder beside the
    manifest, named as it is: it may be kept no longer than its singers let it.
    """
    from vocalverse.listening.export import exported
    from vocalverse.settings import Settings
    from vocalverse.store.blobs import open_blobs
    from vocalverse.store.listeners import heard_takes
    from vocalverse.store.listening import answers, find_session
    from vocalverse.training.manifest_files import require_manifest_name, write

    require_manifest_name(out)
    require_writable(out.parent, "--out")
    if out.exists():
        raise BadInput(f"--out {out} is there already: give another name.")
    settings = Settings.read()
    with operating(settings) as connection:
        session = find_session(connection, name)
        said, takes = answers(connection, session), heard_takes(connection, session)
    manifest = exported(said, takes, open_blobs(settings), out.with_suffix(""))
    write(manifest, out)
    facts = {"out": str(out), "clips": len(manifest.clips), "pairs": len(manifest.pairs)}
    show_done(f"{out}: {facts['pairs']} pairs of {facts['clips']} takes.", facts, as_json=as_json)


def _orders(found: "Report") -> list[Row]:
    return [row for one in found.dimensions for row in _of(one, found.left_out)]


def _of(dimension: "OfDimension", left_out: Sequence[str]) -> list[Row]:
    return [
        {"dimension": dimension.dimension, "listener": who, "answers": _count(figures), **_in_words(figures)}
        for who, figures in _who(dimension, left_out).items()
    ]


def _who(dimension: "OfDimension", left_out: Sequence[str]) -> "dict[str, Mapping[str, Figure]]":
    """All who paid attention, then each."""
    each = {
        f"{one.listener} (left out)" if one.listener in left_out else one.listener: one.figures
        for one in dimension.listeners
    }
    return {_ALL: dimension.figures, **each}


def _agreement(found: "Report") -> list[Row]:
    return [
        {"dimension": one.dimension, "triples": _count(one.agreement), **_in_words(one.agreement)}
        for one in found.dimensions
    ]


def _listeners(found: "Report") -> list[Row]:
    return [
        {
            "listener": one.listener,
            "answers": one.answers,
            "checks_passed": f"{one.passed} of {one.checks}{', left out' if one.failed else ''}",
            "seconds": round(one.seconds, 1),
        }
        for one in found.listeners
    ]


def _left_out(found: "Report") -> str:
    if not found.left_out:
        return "Nobody failed an attention check."
    return f"Left out, because they failed an attention check: {in_words(found.left_out)}."


def _count(figures: "Mapping[str, Figure]") -> int:
    return next(iter(figures.values())).n


def _in_words(figures: "Mapping[str, Figure]") -> dict[str, str]:
    from vocalverse.evaluation.rows import in_words as said

    return {name: said(figure) for name, figure in figures.items()}


def _page(name: str, judge: str, found: "Report") -> str:
    from vocalverse.pages import Html, figure, heading, page, paragraph, table
    from vocalverse.plots import Axes, Bar, bars

    def drawn(one: "OfDimension") -> Html:
        taus: Sequence[Bar] = [
            Bar(who, tau.value, tau.low, tau.high)
            for who, figures in _who(one, found.left_out).items()
            if (tau := figures["tau"]).value is not None
        ]
        return figure(
            bars(taus, Axes(x="Kendall's τ")), "1: always as the judge; 0: as chance has it. With 95 % intervals."
        )

    parts: list[Html] = [
        paragraph(
            f"People put takes in order, three at a time, one of each third of what {judge} says of them. By chance a"
            " sixth of the triples is in exact order and half of the pairs are."
        ),
        paragraph(_left_out(found)),
    ]
    for one in found.dimensions:
        parts += [heading(one.dimension), table(_of(one, found.left_out), ("listener", "answers", *_ORDER)), drawn(one)]
    parts += [
        heading("Listeners with each other"),
        paragraph("Of the places that any two gave a take: the same, at most one apart, and Krippendorff's α."),
        table(_agreement(found), ("dimension", "triples", *_AGREEMENT)),
        heading("Attention"),
        table(_listeners(found), ("listener", "answers", "checks_passed", "seconds")),
    ]
    return page(f"Listening session {name}", *parts)
