"""`vocalverse evaluate`: how well a judge judges, by takes that people rated or compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vocalverse.cli.data_options import apart_option, wanted_apart
from vocalverse.cli.output import json_option, show_json, show_rows
from vocalverse.errors import BadInput, NotFound

if TYPE_CHECKING:
    from vocalverse.evaluation.evaluate import Evaluation, Said
    from vocalverse.training.manifest import Manifest

_PATH = click.Path(path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _data_options(command: _Command) -> _Command:
    for option in reversed(
        (
            click.option("--data", required=True, type=_PATH, metavar="MANIFEST", help="Takes that people rated."),
            click.option("--split", metavar="NAME", help="Only clips of this split; `test` is test1, test2, … too."),
            apart_option,
            click.option(
                "--dimension",
                "dimensions",
                multiple=True,
                metavar="KEY",
                help="Only this one; may be given several times.",
            ),
            click.option("--licences", default="any", show_default=True, metavar="free|any|LIST", help="Of the clips."),
        )
    ):
        command = option(command)
    return command


def _judge_options(command: _Command) -> _Command:
    for option in reversed(
        (
            click.option("--predictions", type=_PATH, metavar="FILE", help="What a judge said, in place of a release."),
            click.option("--voice", "alone", is_flag=True, help="The clips are voices alone: nothing is separated."),
            click.option(
                "--cache", type=_PATH, metavar="FOLDER", help="Of encoders.  [default: cache in the data folder]"
            ),
            click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1."),
            click.option("--save", type=_PATH, metavar="FILE", help="Write what the judge said: .csv or .jsonl."),
        )
    ):
        command = option(command)
    return command


def _figure_options(command: _Command) -> _Command:
    for option in reversed(
        (
            click.option("--draws", type=click.IntRange(20), default=1000, show_default=True, help="For intervals."),
            click.option(
                "--triples", type=click.IntRange(1), default=300, show_default=True, help="To order, at most."
            ),
            click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of draws and triples."),
            click.option("--html", type=_PATH, metavar="FILE", help="Write a page with plots."),
            click.option(
                "--damage", is_flag=True, help="MANIFEST is of `data damage`: tell what damage costs, and where."
            ),
        )
    ):
        command = option(command)
    return command


@click.command()
@click.argument("release", required=False, metavar="[RELEASE]")
@_data_options
@_judge_options
@_figure_options
@json_option
def evaluate(
    release: str | None, *, data: Path, html: Path | None, save: Path | None, as_json: bool, **asked: Any
) -> None:
    """Hold a RELEASE (its name, or its folder) against what people said of takes.

    Told are errors and orders by clip, by system and within each domain; how far raters agree, and what one of them comes
    to against the rest; whether intervals hold what they promise; whom the judge flatters; and orders of three.
    Intervals are drawn by singer. Without a release and without --predictions only the raters are looked at.

    With --damage, of takes that were damaged on purpose: how often the graver grade gets less, and how far dimensions
    move that it should not hurt.

    \b
    Examples:
      vocalverse evaluate gold-2 --data rated.jsonl --split test --html gold-2.html
      vocalverse evaluate --data rated.jsonl --predictions said.csv --dimension breath
      vocalverse evaluate --data rated.jsonl
      vocalverse evaluate gold-2 --data report/damaged.jsonl --damage --voice
    """
    from vocalverse.cli.places import require_writable
    from vocalverse.evaluation.report import as_page
    from vocalverse.evaluation.told import as_text

    if release and asked["predictions"]:
        raise BadInput("Give a release or --predictions, not both.")
    for out, option in ((html, "--html"), (save, "--save")):
        if out:
            require_writable(out.parent, option)
    manifest = _read(data, asked["licences"], asked["split"], asked["apart"])
    heard = _heard(release, manifest, asked)
    if save:
        _write(save, as_text(heard.said, save))
    if asked["damage"]:
        _show_damage(heard, manifest, asked, html=html, as_json=as_json)
        return
    found = _evaluated(heard, manifest, data, asked)
    if html:
        _write(html, as_page(found))
    _show(found, as_json=as_json)


@dataclass(frozen=True)
class _Heard:
    judge: str
    said: "Said"
    not_judged: dict[str, str]


def _read(data: Path, licences: str, split: str | None, apart: str) -> "Manifest":
    from vocalverse.training.licences import under
    from vocalverse.training.manifest_files import read
    from vocalverse.training.splits import of_split

    manifest = under(read(data), licences)
    return of_split(manifest, split, apart=wanted_apart(apart)) if split else manifest


def _heard(release: str | None, manifest: "Manifest", asked: dict[str, Any]) -> _Heard:
    if release:
        from vocalverse.cli.evaluate_judge import Sitting, judged

        sitting = Sitting(release, alone=asked["alone"], cache=asked["cache"], device=asked["device"])
        said, not_judged = judged(manifest.clips, sitting)
        return _Heard(Path(release).name, said, not_judged)
    if asked["predictions"]:
        from vocalverse.evaluation.predictions import read
        from vocalverse.evaluation.told import as_told

        return _Heard(asked["predictions"].name, as_told(read(asked["predictions"])), {})
    return _Heard("raters alone", {}, {})


def _evaluated(heard: _Heard, manifest: "Manifest", data: Path, asked: dict[str, Any]) -> "Evaluation":
    from vocalverse.evaluation.evaluate import Asked, Evaluation, evaluate, raters_alone
    from vocalverse.evaluation.figure import Resampling

    how = Asked(Resampling(asked["draws"], seed=asked["seed"]), asked["triples"])
    if not heard.said:
        found = raters_alone(manifest, _dimensions(asked["dimensions"], manifest.dimensions), how)
    else:
        both = [one for one in manifest.dimensions if one in heard.said]
        found = evaluate(manifest, heard.said, _dimensions(asked["dimensions"], both), how)
    return Evaluation(heard.judge, data.name, how, tuple(found), heard.not_judged)


def _show_damage(
    heard: _Heard, manifest: "Manifest", asked: dict[str, Any], *, html: Path | None, as_json: bool
) -> None:
    from vocalverse.cli.evaluate_damage import show_damage
    from vocalverse.evaluation.damage import of_damage
    from vocalverse.evaluation.figure import Resampling

    found = of_damage(manifest, heard.said, Resampling(asked["draws"], seed=asked["seed"]))
    show_damage(heard.judge, found, html=html, as_json=as_json)


def _dimensions(asked: Sequence[str], there: Sequence[str]) -> Sequence[str]:
    if missing := [one for one in asked if one not in there]:
        raise NotFound(f"Nobody rated or judged {', '.join(missing)}; there is {', '.join(there) or 'nothing'}.")
    return asked or there


def _show(found: "Evaluation", *, as_json: bool) -> None:
    from vocalverse.evaluation.rows import as_json as in_json
    from vocalverse.evaluation.rows import tables

    if as_json:
        show_json(in_json(found))
        return
    for table in tables(found):
        click.secho(f"\n{table.title}", bold=True)
        show_rows(table.rows, columns=table.columns, as_json=False, empty="")
    if found.not_judged:
        click.echo(f"{len(found.not_judged)} clips could not be judged.", err=True)


def _write(out: Path, text: str) -> None:
    from vocalverse.separate.stems import Together

    with Together() as together, together.file(out) as file:
        file.write(text.encode())
