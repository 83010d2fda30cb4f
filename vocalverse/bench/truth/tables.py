"""All that is known of how true the measures are, table by table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile

from vocalverse.audio.waveform import Samples
from vocalverse.bench.hearing.data import read
from vocalverse.bench.hearing.table import Table
from vocalverse.bench.truth.against import against_song
from vocalverse.bench.truth.damages import damages
from vocalverse.bench.truth.labels import labelled, labelled_takes
from vocalverse.bench.truth.made import by_measure, by_singer
from vocalverse.bench.truth.peers import peers
from vocalverse.bench.truth.separated import separated
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.records import Progress, no_progress
from vocalverse.samples import TAKES
from vocalverse.separate.ear import Ear
from vocalverse.separate.options import EarOptions
from vocalverse.synthesis.repertoire import song
from vocalverse.synthesis.singing import RATE_HZ
from vocalverse.synthesis.throat import Voice

_LONGEST_S = 15.0  # of a take that is damaged
_SHORTEST_S = 8.0
_VOICES = (Voice(wobble_cents=15), Voice(tract=1.17, tilt_db_per_octave=-9, wobble_cents=10))
_DRAWN = 6  # seed


@dataclass(frozen=True)
class Extent:
    """How much is heard."""

    songs: int  # of each made singer
    takes: int  # of each measure, and against songs
    damaged: int  # made takes, and as many of each folder
    labelled: int | None  # takes; None: all
    clips: int  # of each singer


FULL = Extent(songs=8, takes=40, damaged=10, labelled=None, clips=4)
QUICK = Extent(songs=1, takes=4, damaged=2, labelled=6, clips=1)


def measure(
    extent: Extent,
    *,
    data: Path | None = None,
    peer_pythons: Sequence[Path] = (),
    progress: Progress = no_progress,
) -> Iterator[Table]:
    """Each table as soon as it is known."""
    tracker = PitchTracker.open()
    yield by_singer(tracker, songs=extent.songs, progress=progress)
    yield by_measure(tracker, takes=extent.takes, progress=progress)
    yield against_song(takes=extent.takes, progress=progress)
    if data is not None:
        takes = labelled_takes(data / "ssvd", extent.labelled)
        yield from labelled(takes, tracker, peers(peer_pythons), progress=progress)
        yield separated(data / "mir1k", Ear.open(EarOptions()), tracker, clips=extent.clips, progress=progress)
    yield from damages(_to_damage(extent.damaged, data), tracker, progress=progress)


def _to_damage(count: int, data: Path | None) -> dict[str, Samples]:
    """Voices alone: the samples, made ones, and where recordings lie, theirs."""
    takes = {path.stem: _both(soundfile.read(path, dtype="float32", always_2d=True)[0]) for path in TAKES}
    for seed in range(count):
        takes[f"made {seed}"] = song(30, seed=seed, voice=_VOICES[seed % len(_VOICES)]).samples[: _frames(_LONGEST_S)]
    for folder in ("ssvd", "gtsinger") if data else ():
        assert data
        paths = sorted((data / folder).glob("*.opus"))
        drawn = np.random.default_rng(_DRAWN).permutation(len(paths))
        sung = ((paths[at].stem, read(paths[at])) for at in drawn)
        long = (
            (name, _both(voice[: _frames(_LONGEST_S)])) for name, voice in sung if len(voice) >= _frames(_SHORTEST_S)
        )
        takes.update(islice(long, count))
    return takes


def _frames(seconds: float) -> int:
    return round(seconds * RATE_HZ)


def _both(samples: Samples) -> Samples:
    return np.repeat(samples.mean(axis=1, keepdims=True, dtype=np.float32), 2, axis=1)
