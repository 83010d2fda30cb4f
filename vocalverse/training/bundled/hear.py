"""Takes as a release hears them before it is settled: plain, out of other recordings, and cut in half."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from pathlib import Path

import numpy as np

from vocalverse.audio.quality import measure
from vocalverse.audio.waveform import Samples, Waveform
from vocalverse.evidence.find import find_evidence
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.row import as_sung
from vocalverse.measure.take import hear, measure_take
from vocalverse.records import Score
from vocalverse.release.figures import figures
from vocalverse.release.judge import Judge
from vocalverse.release.sounds import Sounds
from vocalverse.separate.dereverberate import dereverberate
from vocalverse.synthesis.channel import drawn, through
from vocalverse.training.listen import Listener
from vocalverse.training.manifest import Clip
from vocalverse.training.recipe import Hearing


class Version(StrEnum):
    PLAIN = "plain"
    RECORDED = "recorded"
    ELSEWHERE = "recorded elsewhere"
    HALF = "half"


@dataclass(frozen=True)
class Sound:
    clip: Clip
    version: Version


@dataclass(frozen=True)
class Said:
    """Of a sound: its scores, and what was measured of it."""

    clip: str
    version: Version
    scores: Mapping[str, Score]
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Hearer:
    """As a worker hears a voice alone."""

    judge: Judge
    tracker: PitchTracker

    @classmethod
    def open(cls, release: Path, models: Path) -> "Hearer":
        return cls(Judge.open(release, models=models, threads=1), PitchTracker.open())

    def __call__(self, sound: Sound) -> Said:
        waveform = Listener.open(Hearing(), None).listen(sound.clip).waveform
        heard = _as(sound, np.repeat(waveform.samples[:, :1], 2, axis=1))
        dry = dereverberate(heard).samples
        measured = measure_take(hear(dry, heard, heard, self.tracker))
        found = find_evidence(measured)
        recording = measure(Waveform(heard, waveform.sample_rate_hz, waveform.source))
        known = figures(recording, as_sung(measured).figures, found)
        sounds = Sounds.of(dry, heard, waveform.sample_rate_hz)
        judged = self.judge.judge(self.judge.encode(sounds), known, found=found)
        return Said(sound.clip.id, sound.version, {one.dimension: one for one in judged.scores}, known)


def versions(clips: Sequence[Clip]) -> list[Sound]:
    return [Sound(clip, version) for clip, version in product(clips, Version)]


def _as(sound: Sound, samples: Samples) -> Samples:
    match sound.version:
        case Version.PLAIN:
            return samples
        case Version.HALF:
            return samples[: len(samples) // 2]
        case Version.RECORDED | Version.ELSEWHERE:
            seed = hashlib.sha256(f"{sound.clip.id} {sound.version}".encode()).digest()[:8]
            channel = drawn(np.random.default_rng(int.from_bytes(seed)))
            return np.repeat(through(samples, channel), 2, axis=1)
