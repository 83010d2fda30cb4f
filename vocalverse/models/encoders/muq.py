"""MuQ over whole songs: 25 frames a second out of sound at 24 kHz.

It was trained on 30 s. So it hears at most 30 s at once, of which the first and the last second are only there to be
looked at: frames at a window's edge would know one side of their surroundings alone.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from vocalverse.errors import ModelBroken
from vocalverse.models.encoders.checkpoint import (
    CONFIG,
    Hollow,
    index_files,
    load_into,
    read_config,
    read_folder,
    weight_files,
)
from vocalverse.models.encoders.encoder import Encoder
from vocalverse.models.encoders.mel import MelOptions, Scale, power_mel
from vocalverse.models.encoders.muq_net import STRIDE, Muq, MuqSize
from vocalverse.models.encoders.opening import Opening, Size, chosen, info_of, ready
from vocalverse.models.encoders.sound import Sound
from vocalverse.models.encoders.weight_norm import in_the_old_spelling
from vocalverse.models.encoders.windows import Grid, Window, Windowed, samples_of

RATE_HZ = 24_000
MEL = MelOptions(RATE_HZ, window=2048, hop=240, bands=128, high_hz=12_000, scale=Scale.HTK)
UNUSED = ("linear.", "rvq.", "quantizer_", "cls_token", "conformer.pos_conv_embed.", "conformer.embed_positions.")

_PREFIXES = ("model.",)
_HOP = MEL.hop * STRIDE
_SECOND = RATE_HZ // _HOP  # frames
_GRID = Grid(RATE_HZ, hop=_HOP, needs=_HOP, window=28 * _SECOND, margin=_SECOND)
_QUIETEST = 1e-10  # power
_HEAD = 64  # width of a head where the checkpoint does not tell it


def files(folder: Path) -> tuple[Path, ...]:
    return (folder / CONFIG, *index_files(folder), *weight_files(folder, _PREFIXES))


def open_encoder(folder: Path, opening: Opening) -> Encoder:
    tensors = in_the_old_spelling(read_folder(folder, _PREFIXES))
    size = _size(tensors, folder)
    mean, std = _statistics(read_config(folder), folder)
    with Hollow():
        net = Muq(size)
    load_into(net, tensors, folder, ignore=UNUSED)
    info = info_of(opening, files(folder), _GRID, Size(size.width, size.depth))
    return Windowed(
        info=info,
        grid=_GRID,
        net=ready(net, opening),
        prepare=lambda sound, window: (_decibels_of(sound, window) - mean) / std,
        hear=lambda mel, _window: chosen(net.states(mel), info.layer),
        batch=opening.batch,
    )


def decibels(wave: Tensor) -> Tensor:
    """[…, samples] → […, bands, samples // 240]."""
    return 10 * power_mel(wave, MEL)[..., :-1].clamp_min(_QUIETEST).log10()


def _decibels_of(sound: Sound, window: Window) -> Tensor:
    """Silence is added to what is too short to be mirrored."""
    wave = torch.tensor(samples_of(sound, window, RATE_HZ))
    lacking = max(0, MEL.least_samples - len(wave))
    return decibels(functional.pad(wave, (0, lacking)))


def _statistics(config: Mapping[str, Any], folder: Path) -> tuple[float, float]:
    """Mean and standard deviation of the decibels that it was trained on."""
    said = config.get("stat")
    try:
        mean, std = float(said["melspec_2048_mean"]), float(said["melspec_2048_std"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        raise ModelBroken(
            f"{folder / CONFIG} does not tell stat.melspec_2048_mean and stat.melspec_2048_std: it is not MuQ's."
        ) from None
    if not std > 0:
        raise ModelBroken(f"{folder / CONFIG} says stat.melspec_2048_std = {std}, which is no deviation.")
    return mean, std


def _size(tensors: Mapping[str, Tensor], folder: Path) -> MuqSize:
    """As the shapes tell it."""
    try:
        width, flat = tensors["conv.linear.weight"].shape
        channels = len(tensors["conv.conv.0.conv1.weight"])
        head = 2 * len(tensors.get("conformer.embed_positions.inv_freq", range(_HEAD // 2)))
        return MuqSize(
            width=width,
            depth=sum(name.endswith(".final_layer_norm.weight") for name in tensors),
            heads=width // head,
            feed_forward=len(tensors["conformer.layers.0.ffn1.intermediate_dense.weight"]),
            stem_channels=channels,
            bands=flat * STRIDE // channels,
        )
    except (KeyError, ValueError) as error:
        raise ModelBroken(f"{folder} holds no MuQ: it has no {error}.") from error
