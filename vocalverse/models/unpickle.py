"""Weights out of a strange checkpoint. Its pickle is read by another process; here only numbers arrive."""

import json
import math
import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import torch
from torch import Tensor

from vocalverse.audio.sandbox import Surroundings, confined
from vocalverse.audio.wire import BLOCK_BYTES_AT_MOST, PREFIX, TEXT_BYTES_AT_MOST, Kind
from vocalverse.errors import ModelBroken, VocalVerseError
from vocalverse.models.unpickle_child import Job
from vocalverse.records import Progress, no_progress

STAGE = "read"

_NO_PROTOCOL = "its reader does not keep to its protocol"
_SHARED_AT_MOST = 64 * 2**20  # bytes by which tensors that share a storage may outgrow the file
_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
    )
}


@dataclass(frozen=True)
class ReadLimits:
    """What one checkpoint may cost at most."""

    memory_bytes: int = 2**30  # address space of the reader, beside twice the file
    cpu_s: int = 120  # a file of 900 MB takes about 2
    silent_s: float = 60.0  # without a byte from the reader


_LIMITS = ReadLimits()


def read_tensors(
    checkpoint: BinaryIO, *, limits: ReadLimits = _LIMITS, progress: Progress = no_progress
) -> dict[str, Tensor]:
    """All tensors of the state dict in a file of torch.save's, of either format. Raises ModelBroken."""
    size = os.fstat(checkpoint.fileno()).st_size
    with _reading(checkpoint, size, limits) as stream:
        tensors: dict[str, Tensor] = {}
        got = 0
        while (told := stream.header()) is not None:
            name, tensor = _empty(told, size + _SHARED_AT_MOST - got)
            stream.fill_blocks(tensor.reshape(-1).view(torch.uint8).numpy().data)
            tensors[name] = tensor
            got += tensor.nbytes
            progress(STAGE, min(1.0, got / max(size, 1)))
    return tensors


@contextmanager
def _reading(checkpoint: BinaryIO, size: int, limits: ReadLimits) -> Iterator["_Stream"]:
    def job(around: Surroundings) -> Job:
        return Job(
            import_from=around.import_from,
            parent_pid=around.parent_pid,
            memory_bytes=limits.memory_bytes + 2 * size,
            cpu_s=limits.cpu_s,
            tensor_bytes=size + _SHARED_AT_MOST,
        )

    with confined("vocalverse.models.unpickle_child", job, checkpoint) as process:
        yield _Stream(process, limits.silent_s)


def _empty(told: Any, bytes_left: int) -> tuple[str, Tensor]:
    """A place for the tensor that was announced. Whoever announces it has read what strangers wrote."""
    try:
        name, dtype, shape = str(told["name"]), _DTYPES[told["dtype"]], [int(size) for size in told["shape"]]
    except (KeyError, TypeError, ValueError):
        raise ModelBroken(_NO_PROTOCOL) from None
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > bytes_left:
        raise ModelBroken(f"{name} is larger than the file")
    return name, torch.empty(shape, dtype=dtype)


class _Stream:
    def __init__(self, process: "subprocess.Popen[bytes]", silent_s: float) -> None:
        assert process.stdout is not None
        self._process, self._silent_s = process, silent_s
        self._pipe = process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)
        self._count = 0
        kind, _ = self._next(ready=False)
        if kind is not Kind.READY:
            raise ModelBroken(_NO_PROTOCOL)

    def header(self) -> Any:
        """What the next tensor is, or None after the last."""
        kind, length = self._next()
        told = self._said(length)
        if kind is Kind.TRAILER and told == {"tensors": self._count}:
            return None
        if kind is not Kind.HEADER:
            raise ModelBroken(_NO_PROTOCOL)
        self._count += 1
        return told

    def fill_blocks(self, room: memoryview) -> None:
        at = 0
        while at < len(room):
            kind, length = self._next()
            if kind is not Kind.BLOCK or not 0 < length <= min(BLOCK_BYTES_AT_MOST, len(room) - at):
                raise ModelBroken(_NO_PROTOCOL)
            self._fill(room[at : at + length])
            at += length

    def _next(self, *, ready: bool = True) -> tuple[Kind, int]:
        prefix = bytearray(PREFIX.size)
        self._fill(memoryview(prefix), ready=ready)
        letter, length = PREFIX.unpack(prefix)
        try:
            kind = Kind(letter)
        except ValueError:
            raise ModelBroken(_NO_PROTOCOL) from None
        if kind is Kind.FAILED:
            told = self._said(length)
            raise ModelBroken(str(told.get("message")) if isinstance(told, dict) else _NO_PROTOCOL)
        return kind, length

    def _said(self, length: int) -> Any:
        if length > TEXT_BYTES_AT_MOST:
            raise ModelBroken(_NO_PROTOCOL)
        text = bytearray(length)
        self._fill(memoryview(text))
        try:
            return json.loads(text)
        except ValueError:
            raise ModelBroken(_NO_PROTOCOL) from None

    def _fill(self, view: memoryview, *, ready: bool = True) -> None:
        while view:
            if not self._poll.poll(self._silent_s * 1000):
                raise ModelBroken(f"its reader gave nothing for {self._silent_s:g} s and was stopped")
            count = os.readv(self._pipe, [view])
            if not count:
                status = self._process.wait()
                if ready:
                    raise ModelBroken(f"its reader was stopped by its limits or broke down (exit status {status})")
                raise VocalVerseError(f"the reader of checkpoints could not start (exit status {status})")
            view = view[count:]
