"""Separating networks, each rebuilt from its architecture's name and a config of JSON's types."""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vocalverse.errors import ModelUnknown

if TYPE_CHECKING:
    from vocalverse.separate.networks.network import Network

# Architecture → the function that builds it: (config) -> Network.
_BUILDERS = {
    "mel_band_roformer": "vocalverse.separate.networks.roformer:build_mel_band",
    "bs_roformer": "vocalverse.separate.networks.roformer:build_band_split",
    "unet_pair": "vocalverse.separate.networks.unet:build",
    "refined_unet": "vocalverse.separate.networks.refiner:build",
}


def build(architecture: str, config: Mapping[str, Any]) -> "Network":
    """An untrained network; inside `torch.device("meta")` it takes no memory."""
    if architecture not in _BUILDERS:
        raise ModelUnknown(f"{architecture!r} is no architecture of ours, which are {', '.join(sorted(_BUILDERS))}.")
    module, _, name = _BUILDERS[architecture].partition(":")
    network: Network = getattr(importlib.import_module(module), name)(config)
    return network
