"""The U-Nets, trained further: their outer layers learn.

The inner layers, nine tenths of the weights, stay as they were: the bundled file has them, under its own licence, for
all to share.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from vocalverse.errors import ModelBroken
from vocalverse.separate import weights
from vocalverse.separate.networks import unet
from vocalverse.separate.networks.unet import UNetConfig, UNetPair
from vocalverse.separate.options import BUNDLED

_OUTER_DOWNS, _INNER_UPS = 4, 2  # of Spleeter's six layers down and six up


class RefinedUNet(UNetPair):
    """With `bundled`, a file of it holds what has learnt and nothing else."""

    ARCHITECTURE = "refined_unet"

    def __init__(self, config: UNetConfig, *, bundled: bool) -> None:
        super().__init__(config)
        self.info = replace(self.info, architecture=self.ARCHITECTURE)
        self.bundled = bundled
        if bundled:
            self.register_state_dict_post_hook(_without_inner)  # type: ignore[no-untyped-call]
            self.register_load_state_dict_post_hook(_inner_is_there)  # type: ignore[no-untyped-call]
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(not _is_inner(name))

    def to_config(self) -> Mapping[str, Any]:
        unet = dict(super().to_config())
        return {"level": unet.pop("level"), "unet": None if self.bundled else unet}


def _is_inner(name: str) -> bool:
    """Of the layers, the two deepest on the way down and on the way up; norms are never inner."""
    part = re.search(r"\.(downs|ups)\.(\d+)\.", name)
    return part is not None and (int(part[2]) >= _OUTER_DOWNS if part[1] == "downs" else int(part[2]) < _INNER_UPS)


def _without_inner(_network: nn.Module, state: dict[str, Tensor], _prefix: str, _metadata: object) -> None:
    for name in [name for name in state if _is_inner(name)]:
        del state[name]


def _inner_is_there(_network: nn.Module, keys: Any) -> None:
    keys.missing_keys[:] = [name for name in keys.missing_keys if not _is_inner(name)]


def build(config: Mapping[str, Any]) -> RefinedUNet:
    """`unet` is the config of U-Nets that are saved whole, or None: those that go on from the bundled ones."""
    if set(config) != {"unet", "level"}:
        raise ModelBroken("A refined U-Net's config has `unet` and `level`, and nothing else.")
    if config["unet"] is not None:
        return RefinedUNet(unet.build({**config["unet"], "level": config["level"]}).config, bundled=False)
    first = weights.load(BUNDLED / "spleeter_2stems.safetensors")
    if not isinstance(first, UNetPair):
        raise ModelBroken("The bundled U-Nets are something else: install VocalVerse anew.")
    network = RefinedUNet(replace(first.config, level=config["level"]), bundled=True)
    network.load_state_dict(first.state_dict(), assign=True)
    return network
