"""The seam that every network runs through: chunks of audio in, stems out, the same on every kind of machine."""

import copy
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vocalverse.errors import BackendFailed, BadInput, OutOfMemory
from vocalverse.separate.networks.network import Network, NetworkInfo
from vocalverse.separate.precision import Precision

Chunks = npt.NDArray[np.float32]

DTYPES = {Precision.FP32: torch.float32, Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}


class Backend(Protocol):
    """A network that is ready to run."""

    @property
    def name(self) -> str: ...

    @property
    def precision(self) -> Precision: ...

    @property
    def batch(self) -> int:
        """How many chunks at once pay off here."""

    @property
    def info(self) -> NetworkInfo: ...

    def __call__(self, chunks: Chunks) -> Chunks:
        """[batch, channels, samples] → [batch, stems, channels, samples]. `BackendFailed` where it cannot."""


@dataclass(frozen=True)
class CpuBackend:
    """One chunk at a time, because a larger batch is slower on CPUs; only the network's core differs by backend."""

    name: str
    precision: Precision
    network: Network
    run_core: Callable[[Tensor], Tensor]
    fixed_shape: bool = False
    batch: int = 1

    @property
    def info(self) -> NetworkInfo:
        return self.network.info

    def __call__(self, chunks: Chunks) -> Chunks:
        check_chunks(chunks, self.info, fixed_shape=self.fixed_shape)
        with failures_named(self.name, self.precision), torch.inference_mode():
            stems = np.concatenate([self._one(chunk) for chunk in chunks])
            check_stems(stems)
        return stems

    def _one(self, chunk: Chunks) -> Chunks:
        features, spectrum = self.network.analyse(torch.from_numpy(np.ascontiguousarray(chunk[None])))
        masks = self.run_core(features).float()
        stems: Chunks = self.network.synthesise(spectrum, masks, chunk.shape[-1]).numpy()
        return stems


def check_chunks(chunks: Chunks, info: NetworkInfo, *, fixed_shape: bool) -> None:
    if chunks.ndim != 3 or chunks.shape[1] != info.channels or not len(chunks):
        raise BadInput(f"{info.architecture} takes [batch, {info.channels}, samples], not {list(chunks.shape)}.")
    if fixed_shape and chunks.shape[-1] != info.chunk:
        raise BadInput(f"{info.architecture} is made for {info.chunk} samples at once, not {chunks.shape[-1]}.")


def check_stems(stems: Chunks) -> None:
    """Half precision overflows to infinity, which must never become somebody's score."""
    if not np.isfinite(stems).all():
        raise BackendFailed(
            "A network gave values that are no numbers: its weights are broken, or its precision is too low."
        )


class failures_named(AbstractContextManager[None]):  # noqa: N801 - reads as a clause
    """What torch and OpenVINO raise (RuntimeError, all of it) becomes an error of ours that names the backend.

    The process remembers it: when the song is tried again, `trial` chooses another backend.
    """

    def __init__(self, name: str, precision: Precision) -> None:
        self.name, self.precision = name, precision

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, RuntimeError | MemoryError | BackendFailed):
            return
        _failures[self.name, self.precision] = str(error)
        if isinstance(error, BackendFailed):
            return
        named = f"The backend {self.name} ({self.precision})"
        if isinstance(error, torch.OutOfMemoryError | MemoryError) or _NO_MEMORY in str(error):
            raise OutOfMemory(f"{named} ran out of memory ({error}).") from error
        raise BackendFailed(f"{named} failed ({error}).") from error


def failures() -> Mapping[tuple[str, Precision], str]:
    """Which backends failed in this process, and what they said."""
    return MappingProxyType(_failures)


def forget_failures() -> None:
    _failures.clear()


_failures: dict[tuple[str, Precision], str] = {}
_NO_MEMORY = "not enough memory"  # torch's allocator on the CPU has no error class of its own


def narrowed(network: Network, precision: Precision) -> Network:
    """The network with its large matrices in that precision; all other tensors are shared with the original."""
    dtype = DTYPES[precision]
    memo: dict[int, object] = {id(tensor): tensor for tensor in [*network.parameters(), *network.buffers()]}
    if dtype is not torch.float32:
        for part in network.modules():
            if isinstance(part, nn.Linear):
                for tensor in part.parameters(recurse=False):
                    memo[id(tensor)] = nn.Parameter(tensor.detach().to(dtype), requires_grad=False)
    return copy.deepcopy(network, memo)


def set_threads(threads: int | None) -> None:
    if threads is not None:
        torch.set_num_threads(threads)
