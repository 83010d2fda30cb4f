"""`vocalverse data check`."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vocalverse.cli.data_options import apart_option, wanted_apart
from vocalverse.cli.output import in_words, json_option, show_facts, show_json, show_rows

if TYPE_CHECKING:
    from vocalverse.training.faults import FaultyManifest
    from vocalverse.training.summary import Summary

_COLUMNS = ("dimension", "clips", "ratings", "raters", "rated_twice", "mean", "spread", "pairs")
_SHOWN = 5  # of groups of clips that are one recording


@click.command()
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option("--licences", default="any", show_default=True, metavar="free|any|LIST", help="Look only at these.")
@apart_option
@json_option
def check(manifest: Path, *, licences: str, apart: str, as_json: bool) -> None:
    """Say what is in MANIFEST, and every fault with its line.

    Splits that it gives must keep singers and songs apart, or what --apart says of them. The exit status is 2 where anything is wrong.
    """
    from vocalverse.training.faults import FaultyManifest
    from vocalverse.training.licences import under
    from vocalverse.training.manifest_files import read
    from vocalverse.training.splits import given_splits, require_apart
    from vocalverse.training.summary import require_one_split, summary

    try:
        read_one = under(read(manifest), licences)
    except FaultyManifest as faulty:
        _show_faults(faulty, as_json=as_json)
        sys.exit(faulty.exit_status)
    found = summary(read_one)
    if as_json:
        show_json(asdict(found))
    else:
        _show(found)
    require_apart(given_splits(read_one), wanted_apart(apart))
    require_one_split(read_one, found.same_sound)


def _show_faults(faulty: "FaultyManifest", *, as_json: bool) -> None:
    if as_json:
        show_json({"error": faulty.code, "faults": [asdict(fault) for fault in faulty.faults]})
        return
    for fault in faulty.faults:
        click.echo(f"{faulty.path}, {in_words(str(fault))}", err=True)


def _show(found: "Summary") -> None:
    facts = {name: value for name, value in asdict(found).items() if name not in ("dimensions", "same_sound") and value}
    show_facts(facts, as_json=False)
    click.echo()
    rows = [asdict(one) for one in found.dimensions]
    show_rows(rows, columns=_COLUMNS, as_json=False, empty="Nobody rated or compared anything in it.")
    for ids in found.same_sound[:_SHOWN]:
        click.echo(f"The same recording: {in_words(ids)}", err=True)
    if len(found.same_sound) > _SHOWN:
        click.echo(f"… and {len(found.same_sound) - _SHOWN} more that stand there more than once.", err=True)
