"""`vocalverse prescreen`: the rules that look before anything judges artistry; learn them, and use them on many takes."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from vocalverse.cli.listener import Wanted
from vocalverse.cli.output import json_option, show_done, show_json
from vocalverse.cli.places import require_writable
from vocalverse.cli.prescreen_takes import Measuring
from vocalverse.errors import BadInput

EXIT_SOME_FAILED = 1
_PATH = click.Path(path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., Any])
_rules_option = click.option(
    "--rules", type=_PATH, metavar="FILE", help="Rules of your own, in place of those that come with it."
)


def _measuring_options(command: _Command) -> _Command:
    for option in (
        click.option("--voice", "alone", is_flag=True, help="The recordings are voices alone: nothing is separated."),
        click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Recordings at a time."),
        click.option(
            "--cache",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="FOLDER",
            help="Where what is measured is kept.  [default: prescreen in the data folder]",
        ),
    ):
        command = option(command)
    return command


@click.group()
def prescreen() -> None:
    """Rules that look at a take before anything judges artistry: is it singing, and near enough to be judged?

    Each rule is a line of data: which measures, above or below what, whether it refuses a take, makes it low (too far
    off to be judged for artistry) or warns, and why. What cannot be known never fires a rule. `vocalverse measure`
    shows what the rules say of a recording.
    """


@prescreen.command(short_help="Show the rules.")
@click.argument("rules", required=False, type=_PATH)
@json_option
def show(rules: Path | None, *, as_json: bool) -> None:
    """Show the rules that come with VocalVerse, or those of the file RULES."""
    from vocalverse.cli.prescreen_views import rule_json, show_rules
    from vocalverse.prescreen.rules import BUNDLED, read

    said = read(rules or BUNDLED)
    if as_json:
        show_json({"low_from": said.low_from, "rules": [rule_json(rule) for rule in said.rule]})
    else:
        show_rules(said)


@prescreen.command(short_help="Learn thresholds from takes that people rated.")
@click.argument("manifest", type=_PATH)
@click.option("--keep-from", type=float, metavar="RATING", help="Takes rated so or better are worth keeping.")
@click.option(
    "--lose", type=click.FloatRange(0, 1), default=0.02, show_default=True, help="Share of good takes to lose at most."
)
@click.option(
    "--learn",
    type=click.Choice(["low", "refuse", "both"]),
    default="low",
    show_default=True,
    help="Which rules' thresholds move.",
)
@click.option("--out", type=_PATH, metavar="FILE", help="Write the learnt rules here.")
@_rules_option
@_measuring_options
@json_option
def calibrate(
    manifest: Path,
    *,
    keep_from: float | None,
    lose: float,
    learn: str,
    out: Path | None,
    rules: Path | None,
    as_json: bool,
    **measuring: Any,
) -> None:
    """Learn the rules' thresholds from takes that people rated, and show what they would have done.

    MANIFEST is CSV with a line of names first, or JSON Lines. Its columns: audio; singer; keep (yes or no) or ratings
    (rating, or rating_breath and its like, of which the mean is taken; then say --keep-from); and chart, where it is
    known how the song goes. A take may stand there once for each who rated it.

    Of each rule the threshold of the first condition moves, never its direction: as many takes that are not worth
    keeping are stopped as --lose allows. What it would do with singers that it has not heard is found by leaving out a
    fifth of the singers at a time. The rules that come with VocalVerse are never written over: use --out, then
    `vocalverse measure --rules FILE`.

    \b
    Example:
      vocalverse prescreen calibrate rated.csv --keep-from 2.5 --out rules.toml --jobs 4
    """
    from vocalverse.cli.prescreen_rated import rated, wanted
    from vocalverse.cli.prescreen_views import calibrated_json, show_calibrated
    from vocalverse.prescreen.calibrate import Learning
    from vocalverse.prescreen.calibrate import calibrate as learnt_from
    from vocalverse.prescreen.rules import BUNDLED, Effect, as_toml, read

    if out:
        require_writable(out.parent, "--out")
    if out and out.exists():
        raise BadInput(f"--out {out} is there already: give another name.")
    present, listed = read(rules or BUNDLED), wanted(manifest, keep_from)
    effects = frozenset(Effect) - {Effect.WARN} if learn == "both" else frozenset({Effect(learn)})
    takes, failed = rated(listed, _measuring(**measuring))
    found = learnt_from(present, takes, Learning(effects, lose))
    if out:
        learnt = f"# Learnt by vocalverse prescreen calibrate from {len(takes)} takes of {found.singers} singers.\n"
        _write(out, learnt + as_toml(found.rules))
    if as_json:
        show_json({**calibrated_json(found), "out": str(out) if out else None, "failed": failed})
    else:
        show_calibrated(found, out)
    if failed:
        sys.exit(EXIT_SOME_FAILED)


@prescreen.command(short_help="Pick takes that are worth an expert's ear.")
@click.argument("given", metavar="FOLDER", type=_PATH)
@click.option("--keep", required=True, type=click.IntRange(1), metavar="N", help="How many to pick.")
@click.option("--out", required=True, type=_PATH, metavar="FILE", help="The list that is written: .csv or .jsonl.")
@click.option(
    "--names",
    metavar="PATTERN",
    help="How singers and songs stand in paths below FOLDER: '{singer}/{song}_*'.",
)
@_rules_option
@_measuring_options
@json_option
def curate(
    given: Path, *, keep: int, out: Path, names: str | None, rules: Path | None, as_json: bool, **measuring: Any
) -> None:
    """Pick out of many recordings those that are worth an expert's ear.

    The paper on VocalVerse had 1,000 performances rated by experts, out of 100,000 from karaoke rooms: rules on pitch
    and rhythm had dropped the others, so that experts heard differences of art and not of wrong notes. Here every
    recording in FOLDER is measured; what the rules refuse or call low is dropped, and what is the same sound as another;
    of the rest N are picked so that singers, songs and levels of pitch and rhythm (0-20, … 80-100) have about the same
    share, not only the best. The same recordings give the same list.

    FOLDER may also be a list of recordings, as `calibrate` reads it. The list that is written names each recording,
    whether it was picked, and what spoke against it. What was measured is kept: stopped, it goes on where it was.

    \b
    Example:
      vocalverse prescreen curate takes/ --keep 1000 --names '{singer}/{song}' --out experts.csv --jobs 16
    """
    from vocalverse.cli.prescreen_picked import as_list, counted, found_in, judged, require_list, sentence
    from vocalverse.prescreen.curate import pick
    from vocalverse.prescreen.rules import BUNDLED, read

    require_list(out)
    chosen, found = read(rules or BUNDLED), found_in(given, names)
    rows = list(judged(found, chosen, _measuring(**measuring)))
    choices = pick([row.candidate for row in rows], keep)
    _write(out, as_list(out, rows, choices))
    facts = counted(rows, choices)
    show_done(sentence(out, facts, rows), {**facts, "out": str(out)}, as_json=as_json)


def _measuring(*, alone: bool, jobs: int, cache: Path | None) -> Measuring:
    from vocalverse.settings import data_folder

    return Measuring(Wanted(alone=alone), cache or data_folder() / "prescreen", jobs)


def _write(out: Path, text: str) -> None:
    from vocalverse.separate.stems import Together

    with Together() as together, together.file(out) as file:
        file.write(text.encode())
