"""The games' rules and ours side by side, in tables."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from vocalverse.bench.hearing.table import Table
from vocalverse.bench.scoring.judges import Judged, Judges
from vocalverse.bench.scoring.ranking import ranking
from vocalverse.bench.scoring.refusing import paid, refusals
from vocalverse.bench.scoring.takes import (
    ATTACKS_EACH,
    KINDS,
    Take,
    made_attacks,
    made_takes,
    music,
    recordings,
    sample_takes,
)
from vocalverse.errors import BadInput
from vocalverse.records import Progress, no_progress


@dataclass(frozen=True)
class Extent:
    """How much is judged."""

    voices: int  # that are damaged
    singers: int  # whose attacks are made
    made_s: float  # of each of them
    recordings: int  # of each kind
    longest_s: float  # of whole songs


FULL = Extent(voices=6, singers=3, made_s=30.0, recordings=20, longest_s=600.0)
QUICK = Extent(voices=2, singers=1, made_s=20.0, recordings=3, longest_s=60.0)


def measure(
    trials: Path,
    extent: Extent,
    *,
    data: Path | None = None,
    peer_python: Path | None = None,
    progress: Progress = no_progress,
) -> Iterator[Table]:
    """Each table as soon as it is known. `data`: a folder with recordings, whose layout `takes` tells."""
    if data and not data.is_dir():
        raise BadInput(f"There is no folder {data}: --data names the one that holds recordings.")
    judges = Judges.open(trials, peer_python=peer_python)
    yield from ranking(judges, list(made_takes(extent.voices, length_s=extent.made_s)), progress=progress)
    made = made_attacks(extent.singers, length_s=extent.made_s)
    attacked = list(_judged(judges, "attacks", made, extent.singers * ATTACKS_EACH, progress))
    yield paid(judges, attacked)
    others: Iterator[Take] = chain(sample_takes(), music(extent.recordings))
    if data:
        others = chain(others, recordings(data, extent.recordings, longest_s=extent.longest_s))
    expected = extent.recordings * (KINDS if data else 1)
    yield from refusals([*attacked, *_judged(judges, "recordings", others, expected, progress)])


def _judged(judges: Judges, stage: str, takes: Iterable[Take], expected: int, progress: Progress) -> Iterator[Judged]:
    for at, take in enumerate(takes):
        progress(stage, min(1.0, at / expected))
        yield judges.judge(take)
    progress(stage, 1.0)
