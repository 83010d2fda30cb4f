"""What all families share when a checkpoint is opened."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vocalverse.errors import BadInput, ModelBroken
from vocalverse.models.encoders.checkpoint import CONFIG, revision_of
from vocalverse.models.encoders.encoder import EncoderInfo, Family
from vocalverse.models.encoders.windows import Grid
from vocalverse.separate.backends.backend import DTYPES
from vocalverse.separate.precision import Precision

LAST = -1  # the layer that is the last one, however many there are


@dataclass(frozen=True)
class Opening:
    """How an encoder is to run."""

    family: Family
    layer: int | None = LAST  # None: all of them
    precision: Precision = Precision.FP32
    device: str = "cpu"

    @property
    def batch(self) -> int:
        """Windows at once: one fills a CPU's cores."""
        return 1 if self.device == "cpu" else 8


@dataclass(frozen=True)
class Size:
    """Of what an encoder gives."""

    width: int
    layers: int


def info_of(opening: Opening, files: Iterable[Path], grid: Grid, size: Size) -> EncoderInfo:
    return EncoderInfo(
        family=opening.family,
        revision=revision_of(files),
        sample_rate_hz=grid.rate_hz,
        frame_rate_hz=grid.rate_hz / grid.hop,
        width=size.width,
        layers=size.layers,
        layer=layer_of(opening.layer, size.layers),
        precision=opening.precision,
    )


def layer_of(asked: int | None, layers: int) -> int | None:
    """Which one is meant, of those that there are."""
    if asked is None or 0 <= asked <= layers:
        return asked
    if asked == LAST:
        return layers
    raise BadInput(f"There is no layer {asked}: this encoder has 0 to {layers}, and {LAST} is the last one.")


def chosen(states: Iterable[Tensor], layer: int | None) -> Tensor:
    """Of [batch, frames, width] for every layer from 0 on the one that is wanted, or all, [batch, frames, layers, width].

    No more of them are made than are needed.
    """
    if layer is None:
        return torch.stack(list(states), dim=2)
    return next(islice(states, layer, None))


def ready(net: nn.Module, opening: Opening) -> nn.Module:
    """On its device, in its precision, never to be trained by accident."""
    return net.eval().requires_grad_(False).to(opening.device, DTYPES[opening.precision])


def require_type(config: Mapping[str, Any], types: Collection[str], folder: Path) -> None:
    """That a checkpoint is of the family that it is opened as."""
    said = config.get("model_type")
    if said not in types:
        raise ModelBroken(f"{folder} holds a checkpoint of {said!r}, not of {' or '.join(types)}.")


def number(config: Mapping[str, Any], name: str, folder: Path) -> int:
    """A size that a config has to tell."""
    said = config.get(name)
    if not isinstance(said, int) or isinstance(said, bool) or said < 1:
        raise ModelBroken(f"{folder / CONFIG} says {name} = {said!r}, which is no size.")
    return said


def require_last(opening: Opening, layers: int) -> None:
    """For those that are published with one output."""
    if opening.layer not in (LAST, layers):
        raise BadInput(
            f"{opening.family} gives what its last layer says and nothing before it: ask for layer {LAST} or {layers},"
            f" not {opening.layer}."
        )
