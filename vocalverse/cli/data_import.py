"""`vocalverse data import`: manifests of public collections, and of lists of one's own."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vocalverse.cli.output import in_words, json_option, show_done
from vocalverse.errors import BadInput

if TYPE_CHECKING:
    from vocalverse.training.manifest import Manifest
    from vocalverse.training.manifest_rows import Row, Scale

_PATH = click.Path(path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., Any])

_out: Callable[[_Command], _Command] = click.option(
    "--out", required=True, type=_PATH, metavar="FILE", help="The manifest that is written: .jsonl or .parquet."
)
_licence: Callable[[_Command], _Command] = click.option(
    "--licence", metavar="NAME", help="Of all recordings, where the table has no column licence."
)
_names: Callable[[_Command], _Command] = click.option(
    "--names", metavar="PATTERN", help="How singers and songs stand in files' names: '{singer}/{song}_*'."
)


@click.group(name="import")
def import_() -> None:
    """Make a manifest. It names recordings where they lie, and copies none."""


@import_.command(short_help="SingMOS-Pro: machines' and people's singing, five raters.")
@click.argument("folder", type=_PATH)
@_out
@json_option
def singmos(folder: Path, *, out: Path, as_json: bool) -> None:
    """SingMOS-Pro: the FOLDER with info/ and wav/. Systems that are not at 16 kHz are left out.

    The overall score becomes the dimension `quality`. The collection's own splits are kept: they part clips, and may
    judge a system that was learnt from, of which `vocalverse data check` then tells.
    """
    from vocalverse.training.importers.singmos import rows

    _write(rows(folder), folder / "info", out, folder=folder, as_json=as_json)


@import_.command(short_help="Sing-MD: four dimensions, two experts.")
@click.argument("table", type=_PATH)
@_out
@json_option
def singmd(table: Path, *, out: Path, as_json: bool) -> None:
    """Sing-MD: a TABLE (CSV, TSV, JSON, JSON Lines) with a line for each song and expert.

    Its layout was never published. The columns are audio, singer, song, expert, breath, technique, timbre, emotion; what
    an expert did not rate is empty. Audio is named from the table's folder.
    """
    from vocalverse.training.importers.singmd import rows

    _write(rows(table), table, out, as_json=as_json)


@import_.command(short_help="RAVDESS' songs: pairs of normal and strong emotion.")
@click.argument("folder", type=_PATH)
@_out
@json_option
def ravdess(folder: Path, *, out: Path, as_json: bool) -> None:
    """RAVDESS' songs in FOLDER, by their names (03-02-…).

    Nobody rated them: strong and normal intensity of one emotion, by one actor in one statement, become pairs of the
    dimension emotion.
    """
    from vocalverse.training.importers.ravdess import rows

    _write(rows(folder), folder, out, folder=folder, as_json=as_json)


@import_.command(short_help="What somebody compared: better, worse, dimension.")
@click.argument("table", type=_PATH)
@click.option("--clips", type=_PATH, metavar="MANIFEST", help="Better and worse are ids of this manifest's clips.")
@_licence
@_names
@_out
@json_option
def pairs(table: Path, *, clips: Path | None, licence: str | None, names: str | None, out: Path, as_json: bool) -> None:
    """Comparisons: a TABLE with the columns better, worse, dimension and, where it is known, rater.

    Better and worse are files, named from the table's folder; who sings and what stands in --names, or in columns such as
    better_singer and worse_song. With --clips they are ids of another manifest, whose clips are taken along.
    """
    from vocalverse.training.importers.pairs import of_files, of_ids
    from vocalverse.training.manifest_files import as_rows, read
    from vocalverse.training.manifest_rows import Row

    if clips is None:
        alike = {"licence": licence} if licence else {}
        _write(of_files(table, alike=alike, names=_pattern(names)), table, out, as_json=as_json)
        return
    if licence or names:
        raise BadInput("--licence and --names are for files; the manifest that --clips names says both.")
    known = read(clips)
    listed = [Row(str(clips), said) for said in ({"scale": [known.low, known.high]}, *as_rows(known, clips.parent))]
    _write([*listed, *of_ids(table)], table, out, folder=clips.parent, as_json=as_json)


@import_.command(name="csv", short_help="A list of your own.")
@click.argument("table", type=_PATH)
@click.option(
    "--column", "columns", multiple=True, metavar="FACT=COLUMN", help="Such as audio=file or singer=performer."
)
@click.option(
    "--rating",
    "ratings",
    multiple=True,
    metavar="DIMENSION=COLUMN",
    help="Such as breath=atem.  [default: breath, technique, timbre, emotion and rating_…]",
)
@click.option("--rater", default="rater", show_default=True, metavar="COLUMN", help="Who rated.")
@click.option("--scale", nargs=2, type=float, default=(1, 5), show_default=True, help="Of the ratings: its two ends.")
@_licence
@_names
@_out
@json_option
def of_table(
    table: Path, *, columns: Sequence[str], ratings: Sequence[str], rater: str, out: Path, as_json: bool, **asked: Any
) -> None:
    """A list of your own: a TABLE (CSV, TSV, JSON, JSON Lines) with a line for each take, or for each who rated it.

    \b
    Example:
      vocalverse data import csv rated.csv --out rated.jsonl --licence CC-BY-4.0 \\
        --column audio=file --names '{singer}/{song}' --rating breath=atem --rater expert
    """
    from vocalverse.training.importers.table import FACTS, Columns, rows
    from vocalverse.training.manifest_rows import Scale

    facts = _named(columns, "--column")
    if unknown := facts.keys() - set(FACTS):
        raise BadInput(f"--column {min(unknown)}=…: there is {', '.join(FACTS)}.")
    told = Columns(
        facts=facts,
        dimensions=_named(ratings, "--rating"),
        rater=rater,
        alike={"licence": asked["licence"]} if asked["licence"] else {},
        names=_pattern(asked["names"]),
    )
    low, high = asked["scale"]
    _write(rows(table, told), table, out, scale=Scale(low, high), as_json=as_json)


def _named(said: Sequence[str], option: str) -> dict[str, str]:
    if odd := [one for one in said if not all(one.partition("="))]:
        raise BadInput(f"{option} {odd[0]}: say NAME=COLUMN.")
    return {name: column for name, _, column in (one.partition("=") for one in said)}


def _pattern(names: str | None) -> Any:
    from vocalverse.cli.prescreen_picked import names_pattern

    return names_pattern(names) if names else None


def _write(
    rows: "Sequence[Row]",
    source: Path,
    out: Path,
    *,
    folder: Path | None = None,
    scale: "Scale | None" = None,
    as_json: bool,
) -> None:
    """What is wrong is told of the source, before anything is written."""
    from vocalverse.cli.places import require_writable
    from vocalverse.training.manifest_files import require_manifest_name, write
    from vocalverse.training.manifest_rows import manifest_of

    require_manifest_name(out)
    require_writable(out.parent, "--out")
    manifest = manifest_of(rows, source, scale=scale, folder=folder)
    write(manifest, out)
    facts = _facts(manifest)
    show_done(_sentence(out, facts), facts | {"out": str(out)}, as_json=as_json)


def _facts(manifest: "Manifest") -> dict[str, Any]:
    return {
        "clips": len(manifest.clips),
        "pairs": len(manifest.pairs),
        "singers": len({clip.singer for clip in manifest.clips}),
        "songs": len({clip.song for clip in manifest.clips}),
        "dimensions": list(manifest.dimensions),
    }


def _sentence(out: Path, facts: dict[str, Any]) -> str:
    pairs = f" and {facts['pairs']} pairs" if facts["pairs"] else ""
    return (
        f"{facts['clips']} clips{pairs} of {facts['singers']} singers, rated for {in_words(facts['dimensions'])}, are in"
        f" {in_words(str(out))}. Look at it with: vocalverse data check {in_words(str(out))}"
    )
