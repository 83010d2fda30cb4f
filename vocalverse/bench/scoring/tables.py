"""The games' rules and ours side by side, in tables."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from vocalverse.bench.hearing.table import Table
from vocalverse.bench.scoring.judges import Judged, Judges
from vocalverse.bench.scoring.ranking import ranking
from vocalverse.bench.scoring.refusing import paid, refusals
from vocalverse.bench.scoring.takes import (
    ATTACKS_EACH,
    CLIPS,
    Take,
    instrumentals,
    made_attacks,
    made_takes,
    music,
    recordings,
    sample_takes,
    songs,
)
from vocalverse.errors import BadInput
from vocalverse.records import Progress, no_progress


@dataclass(frozen=True)
class Extent:
    """How much is judged."""

    voices: int  # that are damaged
    singers: int  # whose attacks are made
    made_s: float  # of each of them
    songs: int  # whose voices are damaged
    song_s: float  # of each of them
    recordings: int  # of each kind
    longest_s: float  # of whole songs


FULL = Extent(voices=6, singers=3, made_s=30.0, songs=4, song_s=75.0, recordings=20, longest_s=600.0)
QUICK = Extent(voices=2, singers=1, made_s=20.0, songs=1, song_s=60.0, recordings=3, longest_s=60.0)


def measure(
    trials: Path,
    extent: Extent,
    *,
    data: Path | None = None,
    peer_pythons: Sequence[Path] = (),
    progress: Progress = no_progress,
) -> Iterator[Table]:
    """Each table as soon as it is known. `data`: a folder with recordings, whose layout `takes` tells."""
    if data and not data.is_dir():
        raise BadInput(f"There is no folder {data}: --data names the one that holds recordings.")
    judges = Judges.open(trials, peer_pythons=peer_pythons)
    singers = list(made_takes(extent.voices, length_s=extent.made_s))
    yield from ranking(judges, singers, progress=progress, whose="made singers")
    if data:
        voices = [judges.voice_of(song) for song in songs(data, extent.songs, longest_s=extent.song_s)]
        yield from ranking(judges, voices, progress=progress, whose="voices out of songs")
    made = made_attacks(extent.singers, length_s=extent.made_s)
    judged = list(_judged(judges, "attacks", made, extent.singers * ATTACKS_EACH, progress))
    yield paid(judges, judged, "made takes")
    others = chain(sample_takes(), music(extent.recordings))
    judged += _judged(judges, "music", others, 2 + extent.recordings, progress)
    if data:
        charted = list(_judged(judges, "songs", _of_songs(judges, data, extent), 2 * extent.recordings, progress))
        yield paid(judges, charted, "songs")
        clips = recordings(data, extent.recordings)
        judged += [*charted, *_judged(judges, "recordings", clips, CLIPS * extent.recordings, progress)]
    yield from refusals(judged)


def _of_songs(judges: Judges, data: Path, extent: Extent) -> Iterator[Take]:
    """As they are, and without their voices."""
    for song in songs(data, extent.recordings, longest_s=extent.longest_s):
        yield song
        yield judges.rest_of(song)
    yield from instrumentals(data, longest_s=extent.longest_s)


def _judged(judges: Judges, stage: str, takes: Iterable[Take], expected: int, progress: Progress) -> Iterator[Judged]:
    for at, take in enumerate(takes):
        progress(stage, min(1.0, at / expected))
        yield judges.judge(take)
    progress(stage, 1.0)
