"""What SaMoye calls the features of singing, 100 a second: Whisper's PPG, HuBERT-soft's units, and coarse F0.

The folder is laid out as its authors lay out what it stands on: `whisper_pretrain` holds Whisper (large-v2),
`hubert_pretrain` HuBERT-soft. Their inference adds noise to what it hears; nothing of the kind here.

Coarse F0 is told by the 32 slowest cosines over its 255 bins. The authors learn a table of 255 × 32 with their head; over
cosines a head's first layer is such a table, only a smooth one, which tells bins apart that are a tone from each other. So
frames are the same for every head, and the cache holds them once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vocalverse.models.encoders import coarse_f0, hubert_soft, whisper
from vocalverse.models.encoders.encoder import Encoder, EncoderInfo, Frames, Span
from vocalverse.models.encoders.opening import LAST, Opening, Size, info_of, ready, require_last
from vocalverse.models.encoders.pieces import Pieced
from vocalverse.models.encoders.sound import F0_RATE_HZ, Sound
from vocalverse.models.encoders.whisper_mel import whisper_mel
from vocalverse.models.encoders.whisper_net import WhisperEncoder
from vocalverse.models.encoders.windows import Grid, Window, samples_of
from vocalverse.records import Progress, no_progress

RATE_HZ = 16_000
HOP = 320  # samples of a frame of PPG or units; F0 has twice as many frames
GRID = Grid(RATE_HZ, hop=HOP // 2, needs=HOP, window=1500)

_PPG_PIECE_S = 15
_UNITS_PIECE_S = 20
F0_WIDTH = 32
_PPG_SHARE = 0.85  # of the work

_Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Heard:
    """One span."""

    ppg: _Array  # [frames / 2, width]
    units: _Array  # [frames / 2, width]
    bins: npt.NDArray[np.int64]  # [frames], of coarse F0

    @property
    def frames(self) -> int:
        """As many as the shortest has."""
        return min(2 * len(self.ppg), 2 * len(self.units), len(self.bins))


@dataclass(frozen=True)
class Ears:
    ppg: Pieced
    units: Pieced

    def hear(self, sound: Sound, span: Span, progress: Progress = no_progress) -> Heard:
        ppg = self.ppg.encode(sound, [span], progress=part_of(progress, 0, _PPG_SHARE))
        units = self.units.encode(sound, [span], progress=part_of(progress, _PPG_SHARE, 1))
        begin, end = (max(0, round(time_s * F0_RATE_HZ)) for time_s in (span.start_s, span.end_s))
        return Heard(ppg.values, units.values, coarse_f0.bins(sound.f0_hz()[begin:end]))

    def hear_all(self, sound: Sound, spans: Sequence[Span], progress: Progress = no_progress) -> list[Heard]:
        return [
            self.hear(sound, span, part_of(progress, number / len(spans), (number + 1) / len(spans)))
            for number, span in enumerate(spans)
        ]


@dataclass(frozen=True)
class Samoye:
    info: EncoderInfo
    ears: Ears

    def encode(self, sound: Sound, spans: Sequence[Span], *, progress: Progress = no_progress) -> Frames:
        heard = self.ears.hear_all(sound, spans, progress)
        values = np.empty((sum(one.frames for one in heard), self.info.width), np.float32)
        begin = 0
        for one in heard:
            _fill(values[begin : begin + one.frames], one)
            begin += one.frames
        return frames_of(values, spans, [one.frames for one in heard])


def files(folder: Path) -> tuple[Path, ...]:
    return (*whisper.files(folder / "whisper_pretrain"), *hubert_soft.files(folder / "hubert_pretrain"))


def open_encoder(folder: Path, opening: Opening) -> Encoder:
    require_last(opening, layers=1)
    ears = open_ears(folder, opening)
    width = ears.ppg.info.width + ears.units.info.width + F0_WIDTH
    return Samoye(info_of(opening, files(folder), GRID, Size(width, layers=1)), ears)


def open_ears(folder: Path, opening: Opening) -> Ears:
    ppg = whisper.read_net(folder / "whisper_pretrain")
    return Ears(ppg_ear(ppg, opening), units_ear(hubert_soft.read_net(folder / "hubert_pretrain"), opening))


def ppg_ear(net: WhisperEncoder, opening: Opening) -> Pieced:
    """Without the last quarter of its blocks, and without filling pieces up to 30 s."""
    kept = len(net.layers) - len(net.layers) // 4
    net.layers = net.layers[:kept]
    dims = net.dims

    def prepare(sound: Sound, window: Window) -> Tensor:
        return whisper_mel(samples_of(sound, window, RATE_HZ).copy(), dims.mels)

    return _ear(net, opening, Size(dims.width, kept), prepare, _PPG_PIECE_S)


def units_ear(net: hubert_soft.HubertSoft, opening: Opening) -> Pieced:
    def prepare(sound: Sound, window: Window) -> Tensor:
        return torch.tensor(samples_of(sound, window, RATE_HZ))

    return _ear(net, opening, Size(net.size.units, net.size.layers), prepare, _UNITS_PIECE_S)


def frames_of(values: _Array, spans: Sequence[Span], counts: Sequence[int]) -> Frames:
    """A hundred a second, so many in each span."""
    starts = [max(0.0, span.start_s) + np.arange(count) / F0_RATE_HZ for span, count in zip(spans, counts, strict=True)]
    seconds = np.full(len(values), 1 / F0_RATE_HZ, np.float32)
    return Frames(values, np.concatenate(starts) if starts else np.zeros(0), seconds)


def part_of(progress: Progress, begin: float, end: float) -> Progress:
    return lambda stage, fraction: progress(stage, begin + fraction * (end - begin))


def _ear(
    net: WhisperEncoder | hubert_soft.HubertSoft,
    opening: Opening,
    size: Size,
    prepare: Callable[[Sound, Window], Tensor],
    piece_s: int,
) -> Pieced:
    """Its pieces are as long as the authors' scripts cut them, and not filled up."""
    grid = Grid(RATE_HZ, hop=HOP, needs=HOP, window=piece_s * RATE_HZ // HOP)
    ready(net, opening)
    return Pieced(
        info=info_of(replace(opening, layer=LAST), (), grid, size),
        grid=grid,
        net=net,
        prepare=prepare,
        hear=lambda batch, _window: net(batch),
        batch=opening.batch,
        piece=piece_s * RATE_HZ,
        frames_in=lambda samples: samples // HOP,
    )


def _fill(frames: _Array, heard: Heard) -> None:
    """Each frame of PPG and units stands for two."""
    for phase in (0, 1):
        places = frames[phase::2]
        places[:, :-F0_WIDTH] = np.concatenate((heard.ppg[: len(places)], heard.units[: len(places)]), axis=1)
    frames[:, -F0_WIDTH:] = coarse_f0.told(heard.bins[: len(frames)], F0_WIDTH)
