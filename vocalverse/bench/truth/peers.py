"""Other people's pitch trackers and note finders, each in a process of its own: here, or in another Python."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.signal import medfilt

from vocalverse.bench.peers import python_with
from vocalverse.bench.truth.agreement import Labelled
from vocalverse.errors import Unavailable
from vocalverse.measure.frames import HOP_S
from vocalverse.measure.pitch.track import Pitch, midi_of

_CHILD = Path(__file__).with_name("peer_child.py")
NAMES = {"swift_f0": "swift-f0 as it comes", "torchfcpe": "FCPE", "librosa": "pYIN", "basic_pitch": "basic-pitch"}
_SHORTEST = 5  # frames of a plain note


@dataclass(frozen=True)
class Found:
    """What one finds in a take."""

    pitch: Pitch | None
    notes: Labelled


@dataclass(frozen=True)
class Peer:
    module: str
    python: Path

    @property
    def name(self) -> str:
        return NAMES[self.module]

    def hear(self, waves: Sequence[Path]) -> Iterator[Found]:
        """In their order; `Unavailable` where it fails."""
        command = [str(self.python), str(_CHILD), self.module, *map(str, waves)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"{self.name} failed in {self.python}: {done.stderr.strip()[-2000:]}")
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if len(lines) != len(waves):
            raise Unavailable(f"{self.name} said something about {len(lines)} of {len(waves)} takes.")
        for line in lines:
            said = json.loads(line)
            if "notes" in said:
                yield Found(None, Labelled.of(said["notes"]))
            else:
                hz = np.nan_to_num(np.asarray(said["hz"], np.float32))
                pitch = Pitch(hz, hz > 0, (hz > 0).astype(np.float32))
                yield Found(pitch, plain_notes(pitch))


def peers(pythons: Sequence[Path]) -> Sequence[Peer]:
    """Those that are installed here or in one of `pythons`."""
    everywhere = (Path(sys.executable), *pythons)
    found = ((module, python_with(module, everywhere)) for module in NAMES)
    return [Peer(module, python) for module, python in found if python]


def plain_notes(pitch: Pitch) -> Labelled:
    """The plain segmentation of a pitch: where its semitone stays the same."""
    midi = midi_of(np.maximum(pitch.hz, 1.0))
    semitone = np.where(pitch.voiced, np.rint(medfilt(np.where(pitch.voiced, midi, 0.0), 5)), -1)
    cuts = [0, *(np.flatnonzero(np.diff(semitone)) + 1), len(semitone)]
    return Labelled.of(
        [
            (first * HOP_S, last * HOP_S, float(np.median(midi[first:last])))
            for first, last in pairwise(cuts)
            if semitone[first] > 0 and last - first >= _SHORTEST
        ]
    )
