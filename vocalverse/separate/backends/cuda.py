"""NVIDIA GPUs: chunks of one song in batches, pinned transfers, and stitching where the stems already are."""

import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vocalverse.audio.waveform import Samples
from vocalverse.errors import Unavailable
from vocalverse.records import Progress, no_progress
from vocalverse.separate import stitch as stitching
from vocalverse.separate.backends.backend import (
    DTYPES,
    Backend,
    Chunks,
    check_chunks,
    check_stems,
    failures_named,
    narrowed,
)
from vocalverse.separate.networks.network import Network, NetworkInfo
from vocalverse.separate.precision import Precision
from vocalverse.separate.stitch import Sink

_log = logging.getLogger(__name__)

_NAME = "cuda"
_BATCH = 8  # 11 s each: beyond that an H200's products gain nothing


def open_cuda(network: Network, precision: Precision, threads: int | None) -> Backend:
    """Compiled where Triton is there. The network's weights are copied to the GPU, the ones given stay where they are."""
    if not torch.cuda.is_available():
        raise Unavailable("torch sees no NVIDIA GPU here.")
    if precision is Precision.BF16 and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise Unavailable("This GPU has no bf16: a release for it reckons in fp16.")
    with failures_named(_NAME, precision):
        backend = DeviceBackend.on(torch.device("cuda"), network, precision, batch=_BATCH)
        backend.warm_up()
    return backend


@dataclass
class DeviceBackend:
    """Runs a network where `device` says. Tests give it the CPU, which reckons the same way.

    `batch` is halved for good where the memory runs out.
    """

    name: str
    precision: Precision
    network: Network
    device: torch.device
    batch: int
    run_core: Callable[[Tensor], Tensor]

    @classmethod
    def on(cls, device: torch.device, network: Network, precision: Precision, *, batch: int) -> Self:
        there = narrowed(network, precision).to(device)
        compiles = device.type == "cuda" and importlib.util.find_spec("triton") is not None
        # One graph for all batches: the last one of a song is filled up with silence.
        core = torch.compile(there.core, dynamic=False) if compiles else there.core
        return cls(_NAME, precision, there, device, batch, core)

    @property
    def info(self) -> NetworkInfo:
        return self.network.info

    def warm_up(self) -> None:
        """Compile, and find the largest batch that goes into the memory."""
        self(np.zeros((self.batch, self.info.channels, self.info.chunk), np.float32))

    def __call__(self, chunks: Chunks) -> Chunks:
        check_chunks(chunks, self.info, fixed_shape=True)
        done = 0
        stems: list[Chunks] = []
        while done < len(chunks):
            some = chunks[done : done + self.batch]
            heard = self.hear(torch.from_numpy(np.ascontiguousarray(some)))
            stems.append(heard.cpu().numpy())
            done += len(heard)
        whole = np.concatenate(stems)
        with failures_named(self.name, self.precision):
            check_stems(whole)
        return whole

    def hear(self, chunks: Tensor) -> Tensor:
        """[any, channels, samples] on the CPU → the stems, on the device, of as many of the first as are heard at once."""
        with failures_named(self.name, self.precision):
            while True:
                try:
                    with torch.inference_mode():
                        return self._hear(chunks[: self.batch])
                except torch.OutOfMemoryError:
                    if self.batch == 1:
                        raise
                    self._halve()

    def stitch(
        self, source: Samples, sink: Sink, *, overlap: int, progress: Progress = no_progress, stage: str = "separate"
    ) -> None:
        """What `stitch.stitch` does, with the sums kept on the device. The network's channels have to be the source's.

        While one batch is reckoned, what the one before has finished comes down and goes to `sink`.
        """
        plan = stitching.plan(self.info.chunk, overlap, len(source))
        starts, done = plan.starts, 0
        sums = _Sums(plan, self.device)
        waiting: _Finished | None = None
        progress(stage, 0.0)
        while done < len(starts):
            some = starts[done : done + self.batch]
            chunks = torch.from_numpy(np.stack([stitching.chunk_at(source, start, plan.chunk) for start in some]))
            heard = self.hear(chunks)
            finished = sums.add(heard, some[0])
            if waiting is not None:
                waiting.give(sink, len(source))
            waiting = finished
            done += len(heard)
            progress(stage, done / len(starts))
        if waiting is not None:
            waiting.give(sink, len(source))

    def _hear(self, chunks: Tensor) -> Tensor:
        filled = functional.pad(chunks, (0, 0, 0, 0, 0, self.batch - len(chunks)))
        if self.device.type == "cuda":
            filled = filled.pin_memory()
        features, spectrum = self.network.analyse(filled.to(self.device, non_blocking=True))
        half = self.precision is not Precision.FP32
        with torch.autocast(self.device.type, DTYPES[self.precision], enabled=half, cache_enabled=False):
            masks = self.run_core(features)
        return self.network.synthesise(spectrum, masks.float(), chunks.shape[-1])[: len(chunks)]

    def _halve(self) -> None:
        self.batch //= 2
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        said = {"action": "batch_halved", "backend": self.name, "batch": self.batch}
        _log.warning("the GPU's memory is full: %d chunks at once from now on", self.batch, extra=said)


class _Sums:
    """What the chunks add up to, [stems, channels, samples] from the first chunk's start on."""

    def __init__(self, plan: stitching.Plan, device: torch.device) -> None:
        self.plan = plan
        self.window = torch.from_numpy(plan.window).to(device)
        self.tail: Tensor | None = None

    @torch.inference_mode()
    def add(self, heard: Tensor, start: int) -> "_Finished":
        """What no later chunk adds to is on its way to the CPU when this returns."""
        ready = len(heard) * self.plan.hop
        sums = heard.new_zeros(*heard.shape[1:3], ready + self.plan.chunk - self.plan.hop)
        if self.tail is not None:
            sums[..., : self.tail.shape[-1]] = self.tail
        for at, stems in enumerate(heard):
            first = at * self.plan.hop
            sums[..., first : first + self.plan.chunk] += stems * self.window
        self.tail = sums[..., ready:].clone()
        return _Finished.leaving(sums[..., :ready].transpose(1, 2), start)


@dataclass(frozen=True)
class _Finished:
    start: int
    block: Tensor  # [stems, frames, channels], on the CPU
    arrived: torch.cuda.Event | None

    @classmethod
    def leaving(cls, block: Tensor, start: int) -> Self:
        if block.device.type != "cuda":
            return cls(start, block.contiguous(), None)
        pinned = torch.empty(block.shape, dtype=block.dtype, pin_memory=True)
        pinned.copy_(block.contiguous(), non_blocking=True)
        arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
        arrived.record()
        return cls(start, pinned, arrived)

    def give(self, sink: Sink, frames: int) -> None:
        """The part that lies within the recording."""
        if self.arrived is not None:
            self.arrived.synchronize()
        first, last = max(self.start, 0), min(self.start + self.block.shape[1], frames)
        if first < last:
            stems = self.block[:, first - self.start : last - self.start].numpy().copy()
            check_stems(stems)
            sink(first, stems)
