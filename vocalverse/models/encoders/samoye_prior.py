"""What SaMoye's prior encoder makes of a song's features, 100 times a second: enc_p, before its last projection.

The folder is SaMoye's, with its own checkpoint in `vits_pretrain`. It was taught to forget who sings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vocalverse.errors import ModelBroken
from vocalverse.models.encoders import samoye
from vocalverse.models.encoders.checkpoint import Hollow, load_into, read_folder, weight_files
from vocalverse.models.encoders.encoder import Encoder, EncoderInfo, Frames, Span
from vocalverse.models.encoders.opening import Opening, Size, info_of, ready, require_last
from vocalverse.models.encoders.samoye import Ears, Heard
from vocalverse.models.encoders.samoye_prior_net import WIDTH, SamoyePrior
from vocalverse.models.encoders.sound import F0_RATE_HZ, Sound
from vocalverse.models.encoders.windows import STAGE, Grid, Window, cut
from vocalverse.records import Progress, no_progress
from vocalverse.separate.backends.backend import failures_named

_PREFIXES = ("enc_p.",)
_CHUNKS = Grid(F0_RATE_HZ, hop=1, needs=1, window=2500, margin=10)  # in frames, as their inference cuts them
_EARS_SHARE = 0.95  # of the work


@dataclass(frozen=True)
class PriorEncoder:
    info: EncoderInfo
    ears: Ears
    net: SamoyePrior

    def encode(self, sound: Sound, spans: Sequence[Span], *, progress: Progress = no_progress) -> Frames:
        heard = self.ears.hear_all(sound, spans, samoye.part_of(progress, 0, _EARS_SHARE))
        values = [self._hidden(one) for one in heard]
        progress(STAGE, 1.0)
        joined = np.concatenate(values) if values else np.zeros((0, WIDTH), np.float32)
        return samoye.frames_of(joined, spans, [len(one) for one in values])

    def _hidden(self, heard: Heard) -> npt.NDArray[np.float32]:
        """Chunk by chunk."""
        whole = [Span(0, heard.frames / F0_RATE_HZ)]
        chunks = [self._chunk(heard, chunk) for chunk in cut(whole, heard.frames, _CHUNKS)]
        return np.concatenate(chunks) if chunks else np.zeros((0, WIDTH), np.float32)

    def _chunk(self, heard: Heard, chunk: Window) -> npt.NDArray[np.float32]:
        frames = np.arange(chunk.start, chunk.stop)
        weights = self.net.pre.weight
        ppg, units = (torch.from_numpy(part[frames // 2]).to(weights) for part in (heard.ppg, heard.units))
        bins = torch.from_numpy(heard.bins[frames]).to(weights.device)
        with failures_named(f"{self.info.family} on {weights.device}", self.info.precision), torch.inference_mode():
            hidden = self.net(ppg[None], units[None], bins[None]).hidden[0].mT
            kept: npt.NDArray[np.float32] = hidden[chunk.skip : chunk.skip + chunk.frames].float().cpu().numpy()
        return kept


def files(folder: Path) -> tuple[Path, ...]:
    return (*samoye.files(folder), *weight_files(folder / "vits_pretrain", _PREFIXES))


def open_encoder(folder: Path, opening: Opening) -> Encoder:
    require_last(opening, layers=1)
    ears = samoye.open_ears(folder, opening)
    net = _read_net(folder / "vits_pretrain")
    for what, ear, takes in (("PPG", ears.ppg, net.pre), ("units", ears.units, net.hub)):
        if ear.info.width != takes.in_channels:
            raise ModelBroken(
                f"{folder}: enc_p takes {what} of {takes.in_channels} values, but what hears them gives"
                f" {ear.info.width}: they do not belong together."
            )
    ready(net, opening)
    return PriorEncoder(info_of(opening, files(folder), samoye.GRID, Size(WIDTH, layers=1)), ears, net)


def _read_net(folder: Path) -> SamoyePrior:
    tensors = read_folder(folder, _PREFIXES)
    with Hollow():
        net = SamoyePrior(*_widths(tensors, folder))
    load_into(net, tensors, folder)
    return net


def _widths(tensors: Mapping[str, Tensor], folder: Path) -> tuple[int, int]:
    """Of PPG and units, as the shapes tell it."""
    try:
        return tensors["pre.weight"].shape[1], tensors["hub.weight"].shape[1]
    except (KeyError, IndexError) as error:
        raise ModelBroken(f"{folder} holds no enc_p: it has no {error}.") from error
