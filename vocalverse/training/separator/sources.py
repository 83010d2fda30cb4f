"""The manifest's sound in memory, as 16-bit at its own rate: 4 hours of 16 kHz take half a gigabyte."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from vocalverse.errors import BadInput
from vocalverse.records import Progress, no_progress
from vocalverse.training.separator.manifest import Entry, Manifest, Role, Split

_FULL_SCALE = 32768.0
_LONGEST_ROOM_S = 1.5

Audio = npt.NDArray[np.float32]  # [channels, samples]


@dataclass(frozen=True)
class Clip:
    """One source: a voice, a backing, or the two channels of a song."""

    samples: npt.NDArray[np.int16]  # [channels, samples]
    sample_rate_hz: int
    weight: float

    @property
    def duration_s(self) -> float:
        return float(self.samples.shape[1] / self.sample_rate_hz)

    def excerpt(self, start: int, length: int) -> Audio:
        """Float, full scale 1; zeros after its end."""
        part = self.samples[:, start : start + length].astype(np.float32) / np.float32(_FULL_SCALE)
        return np.pad(part, ((0, 0), (0, length - part.shape[1])))


@dataclass(frozen=True)
class Sources:
    voices: tuple[Clip, ...]
    backings: tuple[Clip, ...]
    songs: tuple[Clip, ...]  # [backing, voice] of one song each
    rooms: tuple[Audio, ...]  # [1 or 2, samples] at 44.1 kHz, energy 1


def load(manifest: Manifest, split: Split, *, sample_rate_hz: int, progress: Progress = no_progress) -> Sources:
    """Everything of one split. A file that cannot be read ends it: half of a manifest is another manifest."""
    entries = manifest.of(split, *Role)
    clips: dict[Role, list[Clip]] = {role: [] for role in Role}
    rooms = []
    for done, entry in enumerate(entries):
        progress("load", done / len(entries))
        if entry.role is Role.ROOM:
            rooms.append(_room(entry, sample_rate_hz))
        else:
            clips[entry.role].append(_clip(entry))
    return Sources(tuple(clips[Role.VOICE]), tuple(clips[Role.BACKING]), tuple(clips[Role.BOTH]), tuple(rooms))


def _clip(entry: Entry) -> Clip:
    samples, rate = _read(entry.path)
    if entry.role is Role.BOTH and samples.shape[0] != 2:
        raise BadInput(f"{entry.path} has {samples.shape[0]} channels; the role `both` has two: backing and voice.")
    if entry.role is Role.VOICE:
        samples = samples.mean(axis=0, keepdims=True)
    as_int = np.clip(np.rint(samples[:2] * _FULL_SCALE), -32768, 32767).astype(np.int16)
    return Clip(as_int, rate, entry.weight)


def _room(entry: Entry, sample_rate_hz: int) -> Audio:
    """From just before its direct sound, so that a voice in the room is not late."""
    samples, rate = _read(entry.path)
    response = soxr.resample(samples[:2].T, rate, sample_rate_hz).T.astype(np.float32)
    first = max(0, int(np.abs(response).max(axis=0).argmax()) - sample_rate_hz // 1000)
    response = response[:, first : first + int(_LONGEST_ROOM_S * sample_rate_hz)]
    energy = float(np.sqrt(np.square(response).sum(axis=1).mean()))
    if not energy > 0:
        raise BadInput(f"{entry.path} is silent: that is no room.")
    return np.asarray(response / np.float32(energy))


def _read(path: Path) -> tuple[Audio, int]:
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise BadInput(f"{path} cannot be read: {error.error_string}") from None
    if not len(samples):
        raise BadInput(f"{path} holds no sound.")
    return np.ascontiguousarray(samples.T), int(rate)


def shares(clips: Sequence[Clip]) -> npt.NDArray[np.float64]:
    """How likely each is to be drawn: by length and weight."""
    weights = np.array([clip.weight * clip.duration_s for clip in clips])
    return np.asarray(weights / weights.sum())
