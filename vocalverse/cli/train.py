"""`vocalverse train`: networks of one's own, from recordings of one's own."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vocalverse.cli.lazy import LazyGroup
from vocalverse.cli.output import json_option, show_rows

if TYPE_CHECKING:
    from vocalverse.training.job import Job
    from vocalverse.training.recipe import Recipe

_PATH = click.Path(path_type=Path)
_COMMANDS = {
    "separator": ("vocalverse.cli.train_separator:separator", "Learn to take the voice out of its backing."),
    "recipes": ("vocalverse.cli.train:recipes", "List the recipes that come with VocalVerse, and their ablations."),
}
_Command = TypeVar("_Command", bound=Callable[..., Any])


class _Recipes(LazyGroup):
    """What is no command is a recipe, and the command is to train by it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "", by_recipe, args


@click.group(cls=_Recipes, commands=_Recipes.table(_COMMANDS), subcommand_metavar="RECIPE|COMMAND [ARGS]...")
def train() -> None:
    """Train judges by a RECIPE, and the ear's separator, on recordings of your own.

    \b
      vocalverse train recipes
      vocalverse train vocalverse --data rated.jsonl --out runs/first
      vocalverse train my-recipe.toml --data rated.jsonl --out runs/second --set training.rate=0.001
      vocalverse train vocalverse --help
    """


@click.command()
@json_option
def recipes(*, as_json: bool) -> None:
    """List the recipes that come with VocalVerse, and what of each can be left out or swapped (--ablation)."""
    from vocalverse.training.recipe_read import ablations, about, bundled

    rows = []
    for name in bundled():
        rows.append({"recipe": name, "ablation": "", "about": about(name)})
        rows += [{"recipe": name, "ablation": one, "about": said} for one, said in ablations(name).items()]
    show_rows(rows, columns=("recipe", "ablation", "about"), as_json=as_json, empty="There is no recipe.")


def _what(command: _Command) -> _Command:
    for option in reversed(
        (
            click.option("--data", required=True, type=_PATH, metavar="MANIFEST", help="What to learn from."),
            click.option(
                "--out", required=True, type=_PATH, metavar="FOLDER", help="Where the release and the report go."
            ),
            click.option("--name", default="", help="Of the release.  [default: the recipe's]"),
            click.option(
                "--ablation", metavar="NAME", help="One of the recipe's: `vocalverse train recipes` lists them."
            ),
            click.option(
                "--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change the recipe; several times."
            ),
            click.option("--licences", default="any", show_default=True, metavar="free|any|LIST", help="Of the clips."),
        )
    ):
        command = option(command)
    return command


def _how(command: _Command) -> _Command:
    for option in reversed(
        (
            click.option("--resume", is_flag=True, help="Go on where --out stopped."),
            click.option("--seed", type=click.IntRange(0), help="Of the first member; others follow."),
            click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1."),
            click.option(
                "--cache", type=_PATH, metavar="FOLDER", help="Of encoders.  [default: cache in the data folder]"
            ),
        )
    ):
        command = option(command)
    return command


@click.command("RECIPE")
@click.argument("recipe", metavar="RECIPE")
@_what
@_how
@json_option
def by_recipe(recipe: str, *, as_json: bool, **asked: Any) -> None:
    """Train a release by a RECIPE: one that comes with VocalVerse, or a path to a TOML file.

    Clips are split by singer and by song, where the manifest does not say how. Encoders that stay as they are hear each
    clip once. What is learnt is calibrated on singers of their own and measured on others; the release and report.html
    come to lie in --out. Ctrl-C saves and stops; --resume goes on to the same end as if nothing had been.

    \b
    Examples:
      vocalverse train singmos --data singmos.jsonl --out runs/singmos --ablation frozen --device cuda
      vocalverse train vocalverse --data rated.jsonl --out runs/crop --ablation crop30 --seed 7
      vocalverse train vocalverse --data rated.jsonl --out runs/own --set encoders.qwen.folder=models/qwen2-audio
    """
    from vocalverse.cli.places import require_writable
    from vocalverse.cli.train_views import show_result, watching
    from vocalverse.training.job import run
    from vocalverse.training.recipe_read import read, with_seed

    require_writable(asked["out"], "--out")
    chosen = read(recipe, ablation=asked["ablation"], changes=asked["changes"])
    chosen = chosen if asked["seed"] is None else with_seed(chosen, asked["seed"])
    with watching(chosen, quiet=as_json) as view:
        result = run(_job(chosen, asked), view.watch, progress=view.progress)
    show_result(result, as_json=as_json)


def _job(recipe: "Recipe", asked: dict[str, Any]) -> "Job":
    from vocalverse.settings import data_folder
    from vocalverse.training.job import Job
    from vocalverse.training.opening import Means

    means = Means(
        folder=asked["out"],
        models=data_folder() / "models",
        cache=asked["cache"] or data_folder() / "cache",
        device=asked["device"],
        ear=_ear() if recipe.hearing.ear else None,
    )
    return Job(recipe, asked["data"], means, asked["name"], asked["licences"], asked["resume"])


def _ear() -> Any:
    from vocalverse.separate.ear import Ear
    from vocalverse.separate.options import EarOptions
    from vocalverse.settings import data_folder

    return Ear.open(EarOptions(), trials=data_folder() / "trials")
