"""Graded versions of takes, damaged on purpose: what is hurt is known, and so is the order."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import soundfile

from vocalverse.audio.loudness import loudness_lufs
from vocalverse.audio.waveform import Samples
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.synthesis.damage.family import Generator
from vocalverse.synthesis.damage.graded import FAULTS, Fault
from vocalverse.synthesis.damage.intact import Intact, intact
from vocalverse.synthesis.damage.kinds import CONTROL
from vocalverse.synthesis.singing import RATE_HZ
from vocalverse.training.listen import Listener
from vocalverse.training.manifest import Clip, Damaged, Pair
from vocalverse.training.recipe import Hearing

_LEAST = 3e-3  # of the voice: versions that differ by less are the same to the ear
_LOUDEST = 0.99


@dataclass(frozen=True)
class Wanted:
    faults: tuple[Fault, ...] = FAULTS
    grades: int = 3  # beside the control
    generator: Generator = Generator.TRAIN
    seed: int = 0


@dataclass(frozen=True)
class Versions:
    """Of one take. `untouched` are kinds that find nothing in it to hurt: no long note, no pause."""

    clips: tuple[Clip, ...]
    pairs: tuple[Pair, ...]
    untouched: tuple[str, ...]


@dataclass(frozen=True)
class Damager:
    wanted: Wanted
    folder: Path
    tracker: PitchTracker

    @classmethod
    def open(cls, wanted: Wanted, folder: Path) -> "Damager":
        return cls(wanted, folder, PitchTracker.open())

    def __call__(self, clip: Clip) -> Versions:
        """Writes the sound of every version; the take has to be a voice alone."""
        take = intact(Listener.open(Hearing(), None).listen(clip).waveform.samples, self.tracker)
        clips: list[Clip] = []
        pairs: list[Pair] = []
        untouched: list[str] = []
        for fault in self.wanted.faults:
            sounds = graded(take, fault, self.wanted, clip.id)
            if not sounds:
                untouched.append(fault.kind)
                continue
            versions = [self._kept(clip, fault, grade, sound) for grade, sound in enumerate(sounds)]
            clips += versions
            pairs += [Pair(better.id, worse.id, fault.dimension) for better, worse in combinations(versions, 2)]
        return Versions(tuple(clips), tuple(pairs), tuple(untouched))

    def _kept(self, clip: Clip, fault: Fault, grade: int, sound: Samples) -> Clip:
        audio = self.folder / hashlib.sha256(clip.id.encode()).hexdigest()[:16] / f"{fault.kind}-{grade}.flac"
        audio.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(audio, sound, RATE_HZ, format="FLAC", subtype="PCM_16")
        damage = Damaged(fault.kind, grade, clip.id, self.wanted.generator)
        name = f"{clip.id} {fault.kind} {grade}"
        return replace(clip, id=name, audio=audio, ratings=(), synthetic=True, damage=damage)


def graded(take: Intact, fault: Fault, wanted: Wanted, name: str) -> list[Samples]:
    """The control and each grade, equally loud; none where there is nothing in the take that it could hurt."""
    damage, seed = fault.by(wanted.generator), _seed(wanted.seed, name)
    sounds = [damage.of(take, grade, seed=seed) for grade in (CONTROL, *damage.grades[: wanted.grades])]
    return _equally_loud(sounds, take) if all(_differ(*both, take) for both in pairwise(sounds)) else []


def _seed(seed: int, clip: str) -> int:
    """Each take has faults of its own."""
    return int.from_bytes(hashlib.sha256(f"{seed} {clip}".encode()).digest()[:4])


def _differ(one: Samples, other: Samples, take: Intact) -> bool:
    apart = float(np.sqrt(np.mean(np.square(one - other, dtype=np.float64)))) if len(one) else 0.0
    return apart > _LEAST * max(take.rms, 1e-6)


def _equally_loud(sounds: Sequence[Samples], take: Intact) -> list[Samples]:
    """As loud as the take was: level tells nothing. Where one would be clipped, all are softer."""
    wanted = loudness_lufs(take.samples, RATE_HZ)
    levelled = [sound * _gain(sound, wanted) for sound in sounds]
    peak = max(float(np.abs(sound).max(initial=0)) for sound in levelled)
    return [sound * np.float32(min(1.0, _LOUDEST / max(peak, 1e-9))) for sound in levelled]


def _gain(sound: Samples, wanted_lufs: float | None) -> np.float32:
    own = loudness_lufs(sound, RATE_HZ)
    return np.float32(1.0 if own is None or wanted_lufs is None else 10 ** ((wanted_lufs - own) / 20))
