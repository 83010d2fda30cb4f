"""`vocalverse releases rebuild`: the releases that come with VocalVerse, made anew."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalverse.cli.output import json_option, show_rows

if TYPE_CHECKING:
    from vocalverse.training.bundled.compare import Compared

_PATH = click.Path(file_okay=False, path_type=Path)
_COLUMNS = ("release", "digest", "bundled", "differs_in")


@click.command()
@click.argument("out", metavar="OUT", type=_PATH)
@click.option("--data", type=_PATH, metavar="FOLDER", help="Real singing; without it `lite` alone is made.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Takes at a time.")
@json_option
def rebuild(out: Path, *, data: Path | None, jobs: int, as_json: bool) -> None:
    """Make the releases that come with VocalVerse anew in the folder OUT, and compare them with those that came.

    Singers are synthesised and damaged, networks learn from them, and what they say is settled and sealed. `lite` is
    made of nothing else. `lite-research` learns from real singers too, whom --data holds in the folders mir1k, ssvd,
    ravdess_song and gtsinger; businesses may not use it.

    What OUT holds is not made again, so that who stopped goes on. Exit status 1 where a release is not the one that
    came; it says which files differ, and weights by how much.

    \b
    Example:
      vocalverse releases rebuild runs/lite --data ../shared/data --jobs 2
    """
    from vocalverse.cli.places import require_writable
    from vocalverse.cli.train_views import watching
    from vocalverse.release.shelf import BUNDLED
    from vocalverse.settings import data_folder
    from vocalverse.training.bundled.compare import compare
    from vocalverse.training.bundled.rebuild import LITE, Ask
    from vocalverse.training.bundled.rebuild import rebuild as make
    from vocalverse.training.recipe_read import read

    require_writable(out, "OUT")
    ask = Ask(out, data_folder() / "models", data, partial(_spread, jobs))
    with watching(read(LITE), quiet=as_json) as view:
        compared = [compare(sealed, BUNDLED) for sealed in make(ask, view.watch, progress=view.progress)]
    show_rows([_row(one) for one in compared], columns=_COLUMNS, as_json=as_json, empty="")
    if any(one.digest != one.bundled for one in compared):
        click.get_current_context().exit(1)


def _spread(jobs: int, opened: Callable[[], Callable[[Any], Any]], things: Sequence[Any]) -> Iterator[Any]:
    from vocalverse.cli.jobs import side_by_side

    return map(opened(), things) if jobs == 1 else side_by_side(opened, things, jobs=jobs)


def _row(one: "Compared") -> dict[str, object]:
    said = [each.path if each.largest is None else f"{each.path} (by {each.largest:.2g})" for each in one.differences]
    return {"release": one.name, "digest": one.digest, "bundled": one.bundled, "differs_in": ", ".join(said)}
