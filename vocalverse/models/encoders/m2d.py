"""M2D over whole songs: one frame for each 160 ms out of pieces of some 10 or 6 s, as its checkpoint has places for.

Pieces follow each other as published: a whole piece's frames beyond its last patch fall away, the last piece is filled up
to a whole patch. Their spectra know what lies next to the piece in the recording.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vocalverse.errors import ModelBroken
from vocalverse.models.encoders.checkpoint import Hollow, load_into, read_folder, weight_files
from vocalverse.models.encoders.encoder import Encoder
from vocalverse.models.encoders.m2d_net import PATCH, M2d, M2dSize
from vocalverse.models.encoders.mel import MelOptions, power_within
from vocalverse.models.encoders.opening import Opening, Size, info_of, ready, require_last
from vocalverse.models.encoders.pieces import Pieced
from vocalverse.models.encoders.sound import Mono, Sound
from vocalverse.models.encoders.windows import Grid, Window

MEL_16K = MelOptions(16_000, window=400, hop=160, bands=80, low_hz=50, high_hz=8_000)
MEL_32K = MelOptions(32_000, window=800, hop=320, bands=80, low_hz=50, high_hz=16_000)

_PREFIXES = ("module.ar.runtime.backbone.", "backbone.", "")
_BESIDE = ("decoder", "mask_token", "head.", "module.head.", "audio_proj.", "text_proj.")  # not of the encoder
_HEAD = 64  # width of a head
_FRAMES = {62: 1001}  # of a piece by its columns, where it is not a whole number of them
_SMALLEST = torch.finfo(torch.float32).eps  # what is added to the power, lest its logarithm be endless


def files(folder: Path) -> tuple[Path, ...]:
    return weight_files(folder, _PREFIXES)


def open_encoder(folder: Path, opening: Opening) -> Encoder:
    tensors = read_folder(folder, _PREFIXES)
    tensors.setdefault("norm_stats", torch.tensor([-7.1, 4.2]))
    size = _size(tensors, folder)
    require_last(opening, size.depth)
    with Hollow():
        net = M2d(size)
    load_into(net, tensors, folder, ignore=_BESIDE)
    mean, std = net.norm_stats.tolist()
    mel = MEL_32K if any("p32k" in path.name for path in files(folder)) else MEL_16K
    grid = Grid(mel.rate_hz, hop=mel.hop * PATCH, needs=mel.least_samples, window=size.columns)
    return Pieced(
        info=info_of(opening, files(folder), grid, Size(size.rows * size.width, size.depth)),
        grid=grid,
        net=ready(net, opening),
        prepare=lambda sound, window: _filled((_log_mel(sound, window, size.frames, mel) - mean) / std, window),
        hear=lambda batch, _window: net(batch),
        batch=opening.batch,
        piece=size.frames * mel.hop,
        frames_in=lambda samples: columns_in(samples, size, mel),
    )


def columns_in(samples: int, size: M2dSize, mel: MelOptions) -> int:
    """Frames that a piece of so many samples gives."""
    return min(-(-_mel_frames(samples, size.frames, mel) // PATCH), size.columns)


def log_mel(wave: Mono, start: int, frames: int, mel: MelOptions) -> Tensor:
    """[bands, frames] from that sample of a recording on; beyond its ends it is mirrored."""
    first, last = start - mel.window // 2, start + (frames - 1) * mel.hop + mel.window // 2
    places = np.abs(np.arange(first, last))
    places = np.where(places < len(wave), places, 2 * (len(wave) - 1) - places)
    return (power_within(torch.from_numpy(wave[places])[None], mel)[0] + _SMALLEST).log()


def _log_mel(sound: Sound, window: Window, frames_at_most: int, mel: MelOptions) -> Tensor:
    return log_mel(sound.at(mel.rate_hz), window.start, _mel_frames(window.samples, frames_at_most, mel), mel)


def _mel_frames(samples: int, at_most: int, mel: MelOptions) -> int:
    return min(samples // mel.hop + 1, at_most) if samples >= mel.least_samples else 0


def _filled(normalised: Tensor, window: Window) -> Tensor:
    """With zeros up to whole patches; what goes beyond the last column falls away by itself."""
    return functional.pad(normalised, (0, max(0, window.frames * PATCH - normalised.shape[-1])))


def _size(tensors: Mapping[str, Tensor], folder: Path) -> M2dSize:
    """As the shapes tell it."""
    try:
        _, places, width = tensors["pos_embed"].shape
        columns = (places - 1) // M2dSize().rows
        depth = sum(name.endswith(".norm1.weight") for name in tensors)
    except (KeyError, ValueError) as error:
        raise ModelBroken(f"{folder} holds no M2D: it has no {error}.") from error
    return M2dSize(_FRAMES.get(columns, columns * PATCH), width=width, depth=depth, heads=max(1, width // _HEAD))
