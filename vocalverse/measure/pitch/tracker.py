"""A voice's pitch, every 10 ms: the network's guess, put in its octave and sharpened on the shared spectra."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from vocalverse.measure.frames import HOP_S, Floats, Frames
from vocalverse.measure.pitch import comb
from vocalverse.measure.pitch.network import STEP_S, Guess, PitchNetwork
from vocalverse.measure.pitch.octaves import in_octave
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.pitch.voicing import Evidence, confidence, voiced
from vocalverse.records import Progress, no_progress

_ONE_NOTE = 1.0  # semitone: between steps that are farther apart lies no pitch


@dataclass(frozen=True)
class Followed:
    """The likeliest pitch of each frame, were anybody singing."""

    hz: comb.Positions  # [frames]
    network: Floats  # [frames]: how sure the network is; 0 where it did not listen


@dataclass(frozen=True)
class PitchTracker:
    """One for a process: opening it takes 20 ms, and songs may be tracked from many threads at once."""

    network: PitchNetwork

    @classmethod
    def open(cls, *, threads: int = 1) -> Self:
        return cls(PitchNetwork.open(threads=threads))

    def track(self, frames: Frames, *, progress: Progress = no_progress) -> Pitch:
        followed = self.follow(frames, progress=progress)
        if not followed.network.any():
            silent = np.zeros(len(frames), np.float32)
            return Pitch(silent, np.zeros(len(frames), np.bool_), silent.copy())
        sure = confidence(Evidence.of(frames, followed.hz, followed.network))
        sung = voiced(sure, followed.hz)
        return Pitch(np.where(sung, followed.hz, 0).astype(np.float32), sung, sure)

    def follow(self, frames: Frames, *, progress: Progress = no_progress) -> Followed:
        """What `track` chooses from."""
        hz, network = _on_frames(self.network.guess(frames, progress=progress), len(frames))
        heard = np.flatnonzero(network > 0)
        if len(heard):
            hz[heard] = in_octave(frames.power[heard], hz[heard])
            hz[heard] = comb.refined(frames.power[heard], hz[heard])
        return Followed(hz, network)


def _on_frames(guess: Guess, frames: int) -> tuple[comb.Positions, Floats]:
    """Its pitches and confidences, every 10 ms."""
    at = np.minimum(np.arange(frames) * HOP_S / STEP_S, len(guess.hz) - 1)
    before = np.floor(at).astype(np.intp)
    after = np.minimum(before + 1, len(guess.hz) - 1)
    along = at - before
    octave = np.log2(guess.hz)
    tied = np.abs(octave[after] - octave[before]) < _ONE_NOTE / 12
    nearest = np.where(along < 0.5, guess.hz[before], guess.hz[after])
    hz = np.where(tied, 2 ** (octave[before] * (1 - along) + octave[after] * along), nearest)
    sure = guess.confidence[before] * (1 - along) + guess.confidence[after] * along
    return hz, sure.astype(np.float32)
