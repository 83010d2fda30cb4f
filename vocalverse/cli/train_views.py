"""What `vocalverse train` shows while it learns, and what it says at the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from vocalverse.cli.bars import bars
from vocalverse.cli.output import Row, show_json, show_rows

if TYPE_CHECKING:
    from vocalverse.records import Progress
    from vocalverse.training.course import Course
    from vocalverse.training.ensemble import Member
    from vocalverse.training.job import Result
    from vocalverse.training.recipe import Recipe

_STAGES = {"hear": "listening to clips", "learn": "learning"}
_COLUMNS = ("dimension", "clips", "singers", "srcc", "mse", "mse_of_the_mean", "intervals_hold", "width", "in_order")
_EVERY_S = 10.0


class View:
    """A bar where somebody looks; a line now and then for whoever reads later."""

    def __init__(self, members: int, progress: "Progress", *, quiet: bool) -> None:
        self.progress = progress
        self._members = members
        self._quiet = quiet
        self._names: list[str] = []
        self._said_at = time.monotonic()

    def watch(self, member: "Member", course: "Course") -> None:
        if member.name not in self._names:
            self._names.append(member.name)
        if course.ended:
            self._say(member, course)
        done = 1.0 if course.ended else course.done
        self.progress("learn", (len(self._names) - 1 + done) / self._members)
        if time.monotonic() - self._said_at > _EVERY_S and course.history:
            self._say(member, course)

    def _say(self, member: "Member", course: "Course") -> None:
        self._said_at = time.monotonic()
        if self._quiet:
            return
        last, best = course.history[-1], min(epoch.kept_back for epoch in course.history)
        click.echo(
            f"{member.name:<14} epoch {last.epoch:>4}   loss {last.loss:8.4f}   kept back {last.kept_back:8.4f}"
            f"   best {best:8.4f}",
            err=True,
        )


@contextmanager
def watching(recipe: "Recipe", *, quiet: bool) -> Iterator[View]:
    from vocalverse.training.ensemble import members

    with bars(_STAGES) as progress:
        try:
            yield View(len(members(recipe)), progress, quiet=quiet)
        except KeyboardInterrupt:
            click.echo("Stopped, and saved: --resume goes on.", err=True)
            raise


def show_result(result: "Result", *, as_json: bool) -> None:
    rows = list(_rows(result))
    if as_json:
        show_json(
            {
                "release": result.sealed.spec.name,
                "folder": str(result.sealed.folder),
                "sha256": result.sealed.digest,
                "report": str(result.report),
                "commercial": result.sealed.spec.commercial,
                "kept": {head: list(names) for head, names in result.kept.items()},
                "clips_left_out": result.left_out,
                "dimensions": rows,
            }
        )
        return
    show_rows(rows, columns=_COLUMNS, as_json=False, empty="")
    if result.left_out:
        click.echo(f"{result.left_out} clips were left out: their singer and their song lie in different parts.")
    click.echo(f"{result.sealed.folder}, and {result.report}. Commercial use: {result.sealed.spec.commercial.value}.")
    click.echo(f"To judge by it: vocalverse releases install {result.sealed.folder}")


def _rows(result: "Result") -> Iterator[Row]:
    for outcome in result.outcomes:
        test = outcome.test
        compared = {"pairs": outcome.pairs, "in_order": outcome.in_order}
        if test is None:
            yield {"dimension": outcome.dimension, "clips": 0, **compared}
            continue
        figures = {name: {"value": one.value, "low": one.low, "high": one.high} for name, one in test.figures.items()}
        yield {
            "dimension": outcome.dimension,
            "clips": len(test.wanted),
            "singers": test.singers,
            **compared,
            **{name: said["value"] for name, said in figures.items()},
            "figures": figures,
            "mse_of_the_mean": test.mse_of_mean,
            "intervals_hold": test.held.coverage,
            "width": test.held.width,
            "constant_hold": test.held.constant_coverage,
            "constant_width": test.held.constant_width,
        }
