"""Whether releases judge as they should: all tables, and the same as a page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from vocalverse.bench.hearing.table import Table
from vocalverse.bench.verdict import damage, gaming, parts, plain, pros, reading, steady
from vocalverse.bench.verdict.hearing import Places, Version
from vocalverse.bench.verdict.notebook import Notebook, Spread, in_turn
from vocalverse.bench.verdict.takes import takes
from vocalverse.bench.verdict.trial import Contender, Extent, Trial
from vocalverse.evaluation.figure import Resampling
from vocalverse.records import Progress, no_progress
from vocalverse.release.judge import Judge


class Part(StrEnum):
    DAMAGE = "damage"
    PROFESSIONALS = "professionals"
    STEADINESS = "steadiness"
    SPREAD = "spread"
    PARTS = "parts"
    TRICKS = "tricks"
    READING = "reading"


@dataclass(frozen=True)
class _Asked:
    versions: Callable[[Trial], list[Version]]
    tables: Callable[[Trial], Iterator[Table]]


_PARTS: Mapping[Part, _Asked] = {
    Part.DAMAGE: _Asked(damage.versions, lambda trial: iter([damage.table(trial)])),
    Part.PROFESSIONALS: _Asked(pros.versions, lambda trial: iter([pros.table(trial)])),
    Part.STEADINESS: _Asked(steady.versions, steady.tables),
    Part.SPREAD: _Asked(plain.versions, plain.tables),
    Part.PARTS: _Asked(parts.versions, parts.tables),
    Part.TRICKS: _Asked(gaming.versions, lambda trial: iter([gaming.table(trial)])),
    Part.READING: _Asked(reading.versions, reading.tables),
}

FULL = Extent(
    altered_s=25.0, whole_s=90.0, damaged=5, paired=12, steady=2, plain=40, tricked=4, resampling=Resampling(draws=500)
)  # fmt: skip
QUICK = Extent(
    altered_s=12.0, whole_s=25.0, damaged=1, paired=5, steady=1, plain=6, tricked=1, resampling=Resampling(draws=200)
)


def measure(
    places: Places,
    extent: Extent,
    *,
    only: Sequence[Part] = (),
    spread: Spread = in_turn,
    progress: Progress = no_progress,
) -> Iterator[Table]:
    """Each table as soon as it is known; what was heard once for the same places is not heard again."""
    judges = [Judge.open(folder, models=places.models, threads=1) for folder in places.releases]
    contenders = [Contender(judge.spec.name, judge) for judge in judges]
    trial = Trial(takes(places.data), extent, contenders, Notebook.open(places, judges))
    chosen = [asked for part, asked in _PARTS.items() if not only or part in only]
    trial.notebook.hear(
        chain.from_iterable(asked.versions(trial) for asked in chosen), spread, progress=progress
    )  # fmt: skip
    for asked in chosen:
        yield from asked.tables(trial)
