"""Frames in one file: a line that says what follows and its checksum, then the arrays, so that they can be mapped."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from vocalverse.models.encoders.encoder import Frames

_HEAD_BYTES = 256  # of the line, padded: the arrays begin where memory is aligned
_NARROW = np.dtype("<f2")
_WIDE = np.dtype("<f4")
_WIDEST_NARROW = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class _Head:
    shape: tuple[int, ...]  # of the values
    dtype: np.dtype[Any]
    checksum: int  # of the arrays

    @property
    def parts(self) -> tuple[tuple[np.dtype[Any], tuple[int, ...]], ...]:
        """Times come first: whatever the values' width, they are aligned."""
        count = self.shape[:1]
        return ((np.dtype("<f8"), count), (_WIDE, count), (self.dtype, self.shape))

    @property
    def size(self) -> int:
        return _HEAD_BYTES + sum(dtype.itemsize * int(np.prod(shape)) for dtype, shape in self.parts)

    def line(self) -> bytes:
        said = json.dumps({"shape": self.shape, "dtype": self.dtype.str, "checksum": self.checksum})
        return said.encode().ljust(_HEAD_BYTES - 1) + b"\n"


def write(frames: Frames, file: IO[bytes], *, narrow: bool) -> None:
    """With `narrow` values take half the room, where they fit."""
    fits = narrow and (frames.values.size == 0 or float(np.abs(frames.values).max()) < _WIDEST_NARROW)
    dtype = _NARROW if fits else _WIDE
    arrays = (
        np.ascontiguousarray(frames.start_s, "<f8"),
        np.ascontiguousarray(frames.seconds, _WIDE),
        np.ascontiguousarray(frames.values, dtype),
    )
    checksum = 0
    for array in arrays:
        checksum = zlib.crc32(_bytes(array), checksum)
    file.write(_Head(frames.values.shape, dtype, checksum).line())
    for array in arrays:
        file.write(_bytes(array))


def read(path: Path) -> Frames | None:
    """Mapped, not copied, unless they are to be widened. None where the file is not whole, or not what was written."""
    head = _head(path)
    if head is None or path.stat().st_size != head.size:
        return None
    start_s, seconds, values = _mapped(path, head)
    checksum = 0
    for array in (start_s, seconds, values):
        checksum = zlib.crc32(_bytes(array), checksum)
    if checksum != head.checksum:
        return None
    return Frames(values.astype(np.float32, copy=False), start_s, seconds)


def _mapped(path: Path, head: _Head) -> Iterator[npt.NDArray[Any]]:
    whole = np.memmap(path, np.uint8, mode="c")  # what anybody writes stays with him
    at = _HEAD_BYTES
    for dtype, shape in head.parts:
        size = dtype.itemsize * int(np.prod(shape))
        yield whole[at : at + size].view(dtype).reshape(shape)
        at += size


def _head(path: Path) -> _Head | None:
    with path.open("rb") as file:
        line = file.read(_HEAD_BYTES)
    try:
        said = json.loads(line)
        shape, dtype = tuple(map(int, said["shape"])), np.dtype(said["dtype"])
        return _Head(shape, dtype, int(said["checksum"])) if dtype in (_NARROW, _WIDE) and len(shape) > 1 else None
    except (ValueError, KeyError, TypeError):
        return None


def _bytes(array: npt.NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data
