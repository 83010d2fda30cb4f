"""Takes as listeners hear them: equally loud, in one format, under a name that says nothing."""

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import BinaryIO
from uuid import UUID

import numpy as np
import soundfile

from vocalverse.audio.decode import decode
from vocalverse.audio.loudness import loudness_lufs
from vocalverse.audio.sandbox import DecodeLimits
from vocalverse.audio.waveform import Samples
from vocalverse.errors import NotFound
from vocalverse.listening.spoiled import spoil
from vocalverse.store.blobs import AUDIO, BlobStore
from vocalverse.store.listeners import Heard

LEVEL_LUFS = -23.0  # low enough that singing's peaks have room
_KNEE = 0.8  # of full scale: louder peaks are rounded, so that every take is as loud as the others
_LIMITS = DecodeLimits(max_s=900.0)


class Sounds:
    """Made when first asked for. The folder is this process's own, and goes with it."""

    def __init__(self, folder: Path, blobs: BlobStore) -> None:
        self._folder, self._blobs = folder, blobs
        self._making: defaultdict[UUID, Lock] = defaultdict(Lock)

    def file(self, take: Heard) -> Path:
        path = self._folder / f"{take.id}.flac"
        with self._making[take.id]:
            if not path.exists():
                self._make(take, path)
        return path

    def forget(self, take_id: UUID) -> None:
        with suppress(FileNotFoundError):
            (self._folder / f"{take_id}.flac").unlink()

    def _make(self, take: Heard, path: Path) -> None:
        with opened(take, self._blobs) as file:
            waveform = decode(file, limits=_LIMITS)
        samples, rate_hz = waveform.heard, waveform.sample_rate_hz
        sound = levelled(spoil(samples, rate_hz) if take.spoiled else samples, rate_hz)
        unfinished = path.with_suffix(".part")
        soundfile.write(unfinished, sound, rate_hz, format="FLAC", subtype="PCM_16")
        os.replace(unfinished, path)


def opened(take: Heard, blobs: BlobStore) -> BinaryIO:
    if take.venue_id and take.recording_id:
        return blobs.open(take.venue_id, take.recording_id, AUDIO)
    path = Path(take.clip["audio"])
    try:
        return path.open("rb")
    except OSError as error:
        raise NotFound(f"{path} cannot be read any more: {error.strerror or error}.") from error


def levelled(samples: Samples, rate_hz: int) -> Samples:
    """At the loudness of all others; as it is where it is too short or too quiet to have one."""
    lufs = loudness_lufs(samples, rate_hz)
    gain = 10 ** ((LEVEL_LUFS - _per_channels(lufs, samples)) / 20) if lufs is not None else 1.0
    louder = samples * np.float32(gain)
    over = np.abs(louder) > _KNEE
    rounded = np.sign(louder) * (_KNEE + (1 - _KNEE) * np.tanh((np.abs(louder) - _KNEE) / (1 - _KNEE)))
    return np.where(over, rounded, louder).astype(np.float32)


def _per_channels(lufs: float, samples: Samples) -> float:
    """One channel is heard in both ears."""
    return lufs + 3.0 if samples.shape[1] == 1 else lufs
