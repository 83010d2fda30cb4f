"""Stems as sound files, written block by block; what is not finished never stands under its name."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import soundfile

from vocalverse.audio.waveform import Samples
from vocalverse.errors import BadInput, DiskFull
from vocalverse.records import Progress, no_progress

_BLOCK_FRAMES = 1 << 18
_LARGEST_24_BIT = 1 - 2**-23


class SoundFormat(StrEnum):
    FLAC = "flac"  # 24 bit
    WAV = "wav"  # 32 bit float

    @property
    def subtype(self) -> str:
        return "PCM_24" if self is SoundFormat.FLAC else "FLOAT"


@dataclass(frozen=True)
class Stem:
    """A stem that need not lie in memory as a whole: `between(start, end)` gives those frames of it."""

    frames: int
    between: Callable[[int, int], Samples]  # [frames, channels]

    @classmethod
    def of(cls, samples: Samples) -> Self:
        return cls(len(samples), lambda start, end: samples[start:end])

    @classmethod
    def rest(cls, whole: Samples, part: Samples) -> Self:
        """`whole` without `part`."""
        return cls(len(whole), lambda start, end: whole[start:end] - part[start:end])

    def blocks(self) -> Iterator[Samples]:
        for start in range(0, self.frames, _BLOCK_FRAMES):
            yield self.between(start, min(start + _BLOCK_FRAMES, self.frames))

    def peak(self) -> float:
        return max((float(np.abs(block).max(initial=0.0)) for block in self.blocks()), default=0.0)


class Together:
    """Files that come to stand under their names all at once, when the block ends well; else none of them is left."""

    def __init__(self) -> None:
        self._unfinished: dict[Path, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with _disk_errors():
                    for path, unfinished in self._unfinished.items():
                        os.replace(unfinished, path)
        finally:
            for unfinished in self._unfinished.values():
                unfinished.unlink(missing_ok=True)

    @contextmanager
    def file(self, path: Path) -> Iterator[BinaryIO]:
        """To be written to; on the disk when the block is left."""
        with _disk_errors(), ExitStack() as stack:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f".{secrets.token_hex(8)}.part")
            file = stack.enter_context(unfinished.open("xb"))
            self._unfinished[path] = unfinished
            yield file
            file.flush()
            os.fsync(file.fileno())


def write_stems(
    together: Together,
    stems: Mapping[Path, Stem],
    *,
    sample_rate_hz: int,
    sound: SoundFormat,
    mono: bool = False,
    progress: Progress = no_progress,
) -> float:
    """All stems with the same gain, which is returned: below 1 only where a stem would not fit into 24 bits."""
    peak = max(stem.peak() for stem in stems.values()) if sound is SoundFormat.FLAC else 0.0
    gain = min(1.0, _LARGEST_24_BIT / peak) if peak else 1.0
    total = sum(stem.frames for stem in stems.values())
    done = 0
    for path, stem in stems.items():
        with together.file(path) as file, _sound_errors(path):
            with _open(file, sample_rate_hz, 1 if mono else 2, sound) as writer:
                for block in stem.blocks():
                    writer.write((block.mean(axis=1, dtype=np.float32) if mono else block) * np.float32(gain))
                    done += len(block)
                    progress("write", done / total)
            _must_be_whole(Path(file.name), stem.frames)
    return gain


@contextmanager
def _open(file: BinaryIO, sample_rate_hz: int, channels: int, sound: SoundFormat) -> Iterator[soundfile.SoundFile]:
    """Through the descriptor itself: what a Python file raises under libsndfile would be lost."""
    with soundfile.SoundFile(
        os.dup(file.fileno()),
        "w",
        sample_rate_hz,
        channels,
        format=sound.value.upper(),
        subtype=sound.subtype,
        closefd=True,
    ) as writer:
        yield writer


def _must_be_whole(path: Path, frames: int) -> None:
    """What libsndfile could not write as it closed a file, it does not say."""
    with soundfile.SoundFile(path) as reader:
        reader.seek(max(frames - 1, 0))
        if len(reader.read(1)) != min(frames, 1):
            raise DiskFull(f"{path.parent} has no room: a stem came out too short. Make room.")


@contextmanager
def _sound_errors(path: Path) -> Iterator[None]:
    """Libsndfile does not say which system error it met; at a file that is open it is the disk's."""
    try:
        yield
    except soundfile.LibsndfileError as error:
        raise DiskFull(f"{path} could not be written ({error.error_string}). Is there room on its disk?") from error


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in DiskFull.errnos:
            raise DiskFull(
                f"The disk is full: {error.filename or 'a stem'} could not be written. Make room."
            ) from error
        raise BadInput(f"{error.filename or 'A stem'} cannot be written: {error.strerror or error}.") from error
