"""How an encoder gets over a whole song: spans cut into windows, windows heard in batches, frames put in their places.

Only windows of one length share a batch, so there is no padding that could change anything; what a window's margins
give is dropped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vocalverse.errors import BackendFailed
from vocalverse.models.encoders.encoder import EncoderInfo, Frames, Span
from vocalverse.models.encoders.sound import Mono, Sound
from vocalverse.records import Progress, no_progress
from vocalverse.separate.backends.backend import DTYPES, failures_named

STAGE = "encode"


@dataclass(frozen=True)
class Grid:
    """Where frames lie. Frame number i of a span begins i hops after its start."""

    rate_hz: int
    hop: int  # samples between the beginnings of frames
    needs: int  # samples from a frame's beginning that have to be there for it to be given
    window: int  # frames that are kept of a window at most
    margin: int = 0  # frames that are heard before and behind those, and dropped
    full: bool = False  # a span's last window reaches back until it is as long as the others

    def count(self, samples: int) -> int:
        """Frames in so much sound."""
        return max(0, (samples - self.needs) // self.hop + 1)


@dataclass(frozen=True)
class Window:
    """A stretch of the recording that is heard at once. In samples at the encoder's rate, its margins included."""

    start: int
    stop: int
    skip: int  # frames at its beginning that are dropped
    frames: int  # that are kept after them

    @property
    def samples(self) -> int:
        return self.stop - self.start

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.samples, self.skip, self.frames


@dataclass(frozen=True)
class Windowed:
    """An encoder out of a family's parts.

    `prepare` makes of a window what the network takes; `hear` makes of a batch of that the frames of the windows, margins
    and all, [batch, frames, …]. Training through the network calls these two by itself.
    """

    info: EncoderInfo
    grid: Grid
    net: nn.Module
    prepare: Callable[[Sound, Window], Tensor]
    hear: Callable[[Tensor, Window], Tensor]
    batch: int = 4  # windows at once

    def windows(self, sound: Sound, spans: Sequence[Span]) -> list[Window]:
        return cut(spans, len(sound.at(self.grid.rate_hz)), self.grid)

    def encode(self, sound: Sound, spans: Sequence[Span], *, progress: Progress = no_progress) -> Frames:
        windows = self.windows(sound, spans)
        starts, seconds = times(windows, self.grid)
        values = np.zeros((len(starts), *_shape(self.info)), np.float32)
        firsts = np.cumsum([0, *(window.frames for window in windows)])
        done = 0
        progress(STAGE, 0.0)
        for numbers in batches(windows, self.batch):
            heard = self.heard(sound, [windows[number] for number in numbers])
            for number, frames in zip(numbers, heard, strict=True):
                values[firsts[number] : firsts[number + 1]] = frames
            done += len(numbers)
            progress(STAGE, done / len(windows))
        return Frames(values, starts, seconds)

    def heard(self, sound: Sound, windows: Sequence[Window]) -> npt.NDArray[np.float32]:
        """[windows, frames, …] of windows of one shape, without their margins."""
        device = next(self.net.parameters()).device
        with failures_named(f"{self.info.family} on {device.type}", self.info.precision), torch.inference_mode():
            batch = torch.stack([self.prepare(sound, window) for window in windows])
            first = windows[0]
            frames = self.hear(batch.to(device, DTYPES[self.info.precision]), first)
            kept = frames[:, first.skip : first.skip + first.frames].float().cpu()
            if not bool(torch.isfinite(kept.sum())):  # one look at all of it: what is no number spoils any sum
                raise BackendFailed(
                    f"The encoder {self.info.family} gave values that are no numbers: its weights are broken, or its"
                    " precision is too low."
                )
        values: npt.NDArray[np.float32] = kept.numpy()
        return values


def cut(spans: Sequence[Span], samples: int, grid: Grid) -> list[Window]:
    """All of every span; what lies outside of the recording is left out, and a span is heard by itself.

    A span that fits into a window with its margins is heard at once.
    """
    windows = []
    for span in spans:
        start = min(max(0, round(span.start_s * grid.rate_hz)), samples)
        stop = min(max(start, round(span.end_s * grid.rate_hz)), samples)
        count = grid.count(stop - start)
        step = grid.window if count > grid.window + 2 * grid.margin else count
        windows += [
            _window(range(first, min(first + step, count)), start, stop, grid) for first in range(0, count, step or 1)
        ]
    return windows


def _window(kept: range, start: int, stop: int, grid: Grid) -> Window:
    """The one that gives these frames of the span from `start` to `stop`."""
    count = grid.count(stop - start)
    begin, end = max(0, kept.start - grid.margin), min(kept.stop + grid.margin, count)
    if grid.full:
        begin = max(0, min(begin, end - grid.window))
    until = stop if end == count else start + (end - 1) * grid.hop + max(grid.hop, grid.needs)
    return Window(start + begin * grid.hop, until, kept.start - begin, len(kept))


def times(windows: Sequence[Window], grid: Grid) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """When each kept frame begins in the recording, and how many seconds of sound it stands for: the last may be short."""
    begins = [window.start + grid.hop * (window.skip + np.arange(window.frames)) for window in windows]
    lengths = [np.minimum(window.stop - begin, grid.hop) for window, begin in zip(windows, begins, strict=True)]
    if not begins:
        return np.zeros(0), np.zeros(0, np.float32)
    return np.concatenate(begins) / grid.rate_hz, (np.concatenate(lengths) / grid.rate_hz).astype(np.float32)


def batches(windows: Sequence[Window], size: int) -> list[list[int]]:
    """Numbers of windows of one shape, at most `size` at once."""
    order = sorted(range(len(windows)), key=lambda number: windows[number].shape)
    alike = [list(group) for _, group in groupby(order, key=lambda number: windows[number].shape)]
    return [group[at : at + size] for group in alike for at in range(0, len(group), size)]


def samples_of(sound: Sound, window: Window, rate_hz: int) -> Mono:
    return sound.at(rate_hz)[window.start : window.stop]


def _shape(info: EncoderInfo) -> tuple[int, ...]:
    return (info.width,) if info.layer is not None else (info.layers + 1, info.width)
