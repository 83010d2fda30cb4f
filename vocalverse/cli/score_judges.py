"""The release that `vocalverse score` judges by, and the processes that do it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vocalverse.cli.bars import bars
from vocalverse.cli.jobs import side_by_side
from vocalverse.cli.licences import ALL, agreed_to
from vocalverse.cli.measure_views import bar
from vocalverse.cli.output import in_words
from vocalverse.cli.score_takes import Done, Kit, Take, Wanted

if TYPE_CHECKING:
    from vocalverse.models.catalogue import Commercial

_STAGES = {
    "verify": "verifying what judges",
    "decode": "decoding",
    "quality": "looking at the file",
    "cancel": "taking the known backing out",
    "separate": "taking the voice out",
    "dereverberate": "taking the room out",
    "measure": "measuring",
    "encode": "listening",
}


@dataclass(frozen=True)
class Chosen:
    """A release that is sound and may be used."""

    name: str
    folder: Path  # that it lies in, with others
    models: Path
    titles: Mapping[str, str]  # of its dimensions, by key
    commercial: "Commercial"  # whether a venue may use it

    @property
    def said(self) -> str:
        free = self.commercial.value == "yes"
        return self.name if free else f"{self.name} (parts of it are not free for commercial use)"


def chosen(said: str, *, agreed: bool) -> Chosen:
    """By its name, or by the folder that it lies in. Told before anything is heard: what is wrong with it."""
    from vocalverse.assess.ready import require_ready
    from vocalverse.release.read import TOML
    from vocalverse.release.shelf import BUNDLED, ReleaseShelf
    from vocalverse.settings import Settings

    settings = Settings.read()
    place, folder, name = Path(said).resolve(), Path(settings.releases), said
    if (place / TOML).is_file():
        name = place.name
        folder = folder if place.parent == BUNDLED.resolve() else place.parent  # nothing is written into the package
    shelf, models = ReleaseShelf(folder), settings.data / "models"
    if agreed:
        shelf.accept(shelf.verify(name), agreed_to(shelf.read(name), (ALL,)))
    spec = require_ready(shelf, models, name).sealed.spec
    titles = {one.key: one.title for one in spec.dimensions}
    return Chosen(name, folder, models, titles, spec.commercial)


def all_scored(takes: Sequence[Take], wanted: Wanted, release: Chosen, *, jobs: int) -> Iterator[Done]:
    """In the order given."""
    if jobs == 1 or len(takes) == 1:
        yield from _one_by_one(takes, wanted, release)
        return
    opened = partial(Kit.open, wanted, release, threads=max(1, (os.cpu_count() or 1) // jobs))
    with bar(len(takes)) as shown:
        for done in side_by_side(opened, takes, jobs=jobs):
            shown.ended()
            yield done


def _one_by_one(takes: Sequence[Take], wanted: Wanted, release: Chosen) -> Iterator[Done]:
    with bars({"open": "getting ready"}) as progress:
        progress("open", 0.0)
        kit = Kit.open(wanted, release)
    for take in takes:
        with bars({stage: f"{in_words(take.source.name)}: {title}" for stage, title in _STAGES.items()}) as progress:
            done = kit(take, progress)
        yield done
