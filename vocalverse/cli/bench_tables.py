"""The benches that tell of quality, in tables: how well it hears, how true it measures, whether releases judge well."""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vocalverse.cli.evaluate_judge import release_folder
from vocalverse.cli.jobs import side_by_side
from vocalverse.errors import BadInput, Unavailable
from vocalverse.records import Progress, no_progress

if TYPE_CHECKING:
    from vocalverse.bench.hearing.table import Table

PARTS = ("damage", "professionals", "steadiness", "spread", "parts", "tricks", "reading")  # of `verdict`


@dataclass(frozen=True)
class Wishes:
    quick: bool
    workers: int
    folder: Path | None
    config: str
    data: Path | None
    accepted: bool
    file: Path | None
    peer_pythons: tuple[Path, ...]
    releases: tuple[str, ...]
    only: tuple[str, ...]
    html: Path | None
    jobs: int


def show_tables(what: str, wished: Wishes, *, as_json: bool) -> None:
    """Tables of quality: the machine's speed has no part in them."""
    tables = []
    place_of_its_own = tempfile.TemporaryDirectory(prefix="vocalverse-bench-", dir=wished.folder)
    with place_of_its_own as place, _bars() as progress, hearing_installed():
        for table in TABLES[what](Path(place), wished, progress):
            tables.append(table)
            if not as_json:
                click.echo(table.markdown() + "\n")
    if as_json:
        click.echo(json.dumps({"tables": [table.as_json() for table in tables]}, indent=2, ensure_ascii=False))


def _hearing(place: Path, wished: Wishes, progress: Progress) -> "Iterator[Table]":
    if wished.data is None:
        raise BadInput(
            "The bench `hearing` needs recordings: --data names a folder with mir1k, rir, ssvd and ultrastar."
        )
    from vocalverse.bench.hearing.data import Corpus
    from vocalverse.bench.hearing.tables import FULL, QUICK, measure

    extent = QUICK if wished.quick else FULL
    yield from measure(Corpus.at(wished.data), place, extent, research=wished.accepted, progress=progress)


def _scoring(place: Path, wished: Wishes, progress: Progress) -> "Iterator[Table]":
    from vocalverse.bench.scoring.tables import FULL, QUICK, measure

    extent = QUICK if wished.quick else FULL
    yield from measure(place, extent, data=wished.data, peer_pythons=wished.peer_pythons, progress=progress)


def _verdict(place: Path, wished: Wishes, progress: Progress) -> "Iterator[Table]":
    """What is heard is kept among the caches: a second run goes on from there."""
    if wished.data is None:
        raise BadInput(
            "The bench `verdict` needs recordings: --data names a folder with mir1k, ravdess_song, gtsinger, ssvd and rir."
        )
    from vocalverse.bench.verdict.hearing import Places
    from vocalverse.bench.verdict.tables import FULL, QUICK, Part, measure
    from vocalverse.settings import Settings

    settings = Settings.read()
    named = wished.releases or (("lite", "lite-research") if wished.accepted else ("lite",))
    folders = tuple(release_folder(release, Path(settings.releases)) for release in named)
    places = Places(wished.data, Path(settings.cache) / "verdict", settings.data / "models", folders)
    extent, parts = QUICK if wished.quick else FULL, tuple(map(Part, wished.only))
    jobs = partial(side_by_side, jobs=wished.jobs)
    shown = []
    for table in measure(places, extent, only=parts, spread=jobs, progress=progress):
        shown.append(table)
        yield table
    if wished.html:
        from vocalverse.bench.verdict.page import page_of

        wished.html.write_text(page_of(shown), encoding="utf-8")


def _truth(place: Path, wished: Wishes, progress: Progress) -> "Iterator[Table]":
    from vocalverse.bench.truth.tables import FULL, QUICK, measure

    extent = QUICK if wished.quick else FULL
    yield from measure(extent, data=wished.data, peer_pythons=wished.peer_pythons, progress=progress)


TABLES: "dict[str, Callable[[Path, Wishes, Progress], Iterator[Table]]]" = {
    "hearing": _hearing,
    "truth": _truth,
    "scoring": _scoring,
    "verdict": _verdict,
}


@contextmanager
def hearing_installed() -> Iterator[None]:
    """And whatever else hears is installed, or it is said how to."""
    try:
        yield
    except ModuleNotFoundError as missing:
        raise Unavailable(f"{missing.name} is not installed: pip install torch 'vocalverse[hear]'.") from missing


@contextmanager
def _bars() -> Iterator[Progress]:
    """On a terminal a bar for each part, with the time left of it."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    left, console = TimeRemainingColumn(compact=True), Console(stderr=True)
    with Bars(*columns, left, console=console, redirect_stdout=sys.stdout.isatty()) as bars:
        tasks: dict[str, TaskID] = {}

        def shown(stage: str, fraction: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=fraction)

        yield shown
