"""A whole recording through a network that hears one chunk at a time, in memory that does not grow with its length.

Chunks overlap and fade into each other; the fades add up to 1 everywhere, also beyond the recording's ends, where
its reflection goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from vocalverse.audio.waveform import Samples
from vocalverse.errors import BackendFailed, BadInput
from vocalverse.records import Progress, no_progress
from vocalverse.separate.networks.network import NetworkInfo

Stems = npt.NDArray[np.float32]  # [stems, frames, channels]
Sink = Callable[[int, Stems], None]  # (first frame, finished stems)

_SEAM = 1 / 16  # of a chunk: the cross-fade where chunks do not overlap otherwise
_BLOCK_FRAMES = 1 << 16


class Model(Protocol):
    """The part of a backend that stitching needs."""

    @property
    def info(self) -> NetworkInfo: ...
    @property
    def batch(self) -> int: ...
    def __call__(self, chunks: npt.NDArray[np.float32], /) -> npt.NDArray[np.float32]:
        """[batch, channels, samples] → [batch, stems, channels, samples]."""
        ...


@runtime_checkable
class StitchesItself(Model, Protocol):
    """A model that had better keep the sums where it runs."""

    def stitch(self, source: Samples, sink: Sink, *, overlap: int, progress: Progress, stage: str) -> None: ...


@dataclass(frozen=True)
class Plan:
    """Where chunks start, and how they fade."""

    chunk: int
    hop: int
    frames: int

    @property
    def starts(self) -> range:
        """The first so far before the recording that all chunks which share its first frame are there."""
        return range(self.hop - self.chunk, self.frames, self.hop)

    @property
    def window(self) -> npt.NDArray[np.float32]:
        """[chunk]: raised cosines which, `hop` apart, add up to 1 exactly, whatever the numbers."""
        ramp = min(self.chunk - self.hop, self.chunk // 2)
        rise = np.sin(np.pi / 2 * (np.arange(ramp) + 0.5) / max(ramp, 1)) ** 2
        window = np.concatenate([rise, np.ones(self.chunk - 2 * ramp), rise[::-1]])
        places = np.arange(self.chunk) % self.hop
        return (window / np.bincount(places, window)[places]).astype(np.float32)


def stitch(
    source: Samples,
    model: Model,
    sink: Sink,
    *,
    overlap: int = 2,
    progress: Progress = no_progress,
    stage: str = "separate",
) -> None:
    """Gives `sink` the stems of `source` [frames, channels] block by block, in order and without gaps.

    Every frame is heard in `overlap` chunks; with 1, chunks only fade into each other at their seams. What
    `progress` raises, between chunks, ends the work.
    """
    _check(source, overlap)
    if isinstance(model, StitchesItself) and model.info.channels == source.shape[1]:
        model.stitch(source, sink, overlap=overlap, progress=progress, stage=stage)
        return
    steps = plan(model.info.chunk, overlap, len(source))
    window, starts = steps.window, steps.starts
    sums: npt.NDArray[np.float32] | None = None
    progress(stage, 0.0)
    done = 0
    for batch in _batches(starts, max(model.batch, 1)):
        for start, heard in zip(batch, _hear(source, batch, model), strict=True):
            sums = np.zeros_like(heard) if sums is None else sums
            sums += heard * window
            first, last = max(start, 0), min(start + steps.hop, len(source))
            if first < last:
                sink(first, sums[..., first - start : last - start].transpose(0, 2, 1).copy())
            sums[..., : -steps.hop] = sums[..., steps.hop :]
            sums[..., -steps.hop :] = 0
        done += len(batch)
        progress(stage, done / len(starts))


def separate_to_arrays(
    source: Samples,
    model: Model,
    *,
    keep: Sequence[str] = (),
    overlap: int = 2,
    progress: Progress = no_progress,
) -> dict[str, Samples]:
    """Stem → [frames, channels]; those named in `keep` alone, or all."""
    wanted = tuple(keep) or model.info.stems
    if unknown := sorted(set(wanted) - set(model.info.stems)):
        raise BadInput(f"The network gives {', '.join(model.info.stems)}, not {', '.join(unknown)}.")
    stems = {name: np.zeros(source.shape, np.float32) for name in wanted}

    def collect(start: int, block: Stems) -> None:
        for name, samples in stems.items():
            samples[start : start + block.shape[1]] = block[model.info.stems.index(name)]

    stitch(source, model, collect, overlap=overlap, progress=progress)
    return stems


def _check(source: Samples, overlap: int) -> None:
    if source.ndim != 2 or len(source) < 1 or source.shape[1] not in {1, 2}:
        raise BadInput(f"What is to be separated has to be [frames, 1 or 2 channels], not {list(source.shape)}.")
    if not 1 <= overlap <= 16:
        raise BadInput(f"Chunks overlap 1 to 16 times, not {overlap} times.")
    for first in range(0, len(source), _BLOCK_FRAMES):
        if not np.isfinite(source[first : first + _BLOCK_FRAMES]).all():
            raise BadInput(f"The recording holds values that are no numbers, from frame {first} on: decode it anew.")


def plan(chunk: int, overlap: int, frames: int) -> Plan:
    hop = chunk - round(chunk * _SEAM) if overlap == 1 else chunk // overlap
    return Plan(chunk, max(hop, 1), frames)


def _batches(starts: range, size: int) -> Iterator[range]:
    return (starts[first : first + size] for first in range(0, len(starts), size))


def _hear(source: Samples, starts: range, model: Model) -> Iterator[npt.NDArray[np.float32]]:
    """[stems, channels, chunk] for each start. Digital silence is not worth asking the network about."""
    info = model.info
    chunks = [chunk_at(source, start, info.chunk) for start in starts]
    audible = [i for i, chunk in enumerate(chunks) if chunk.any()]
    heard = dict(zip(audible, _ask(model, np.stack([chunks[i] for i in audible])), strict=True)) if audible else {}
    silence = np.zeros((len(info.stems), source.shape[1], info.chunk), np.float32)
    return (heard.get(i, silence) for i in range(len(chunks)))


def chunk_at(source: Samples, start: int, length: int) -> npt.NDArray[np.float32]:
    """[channels, length] from `start`, which may lie outside: there the recording is reflected, as often as needed."""
    if start >= 0 and start + length <= len(source):
        part = source[start : start + length]
    else:
        period = max(2 * (len(source) - 1), 1)
        places = np.arange(start, start + length) % period
        part = source[np.minimum(places, period - places) if len(source) > 1 else places]
    return np.ascontiguousarray(part.T, np.float32)


def _ask(model: Model, chunks: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """[batch, channels, samples] → [batch, stems, channels, samples], whatever channels the network has."""
    info, (batch, channels, samples) = model.info, chunks.shape
    if info.channels == channels:
        heard = _checked(model(chunks), (batch, len(info.stems), channels, samples))
    elif info.channels == 1:
        alone = chunks.reshape(batch * channels, 1, samples)
        heard = np.concatenate([_checked(model(one[None]), (1, len(info.stems), 1, samples)) for one in alone])
        heard = heard.reshape(batch, channels, len(info.stems), samples).transpose(0, 2, 1, 3)
    else:
        both = _checked(model(chunks.repeat(2, axis=1)), (batch, len(info.stems), 2, samples))
        heard = both.mean(axis=2, keepdims=True)
    return heard


def _checked(heard: npt.NDArray[np.float32], shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    if heard.shape != shape:
        raise BackendFailed(f"The network answered {list(heard.shape)} where {list(shape)} was due.")
    if not np.isfinite(heard).all():
        raise BackendFailed("The network answered values that are no numbers.")
    return heard
