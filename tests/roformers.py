"""Seeded weights for RoFormers, drawn key by key as tests/golden/README.md says."""

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from vocalverse.separate.networks import build, configs
from vocalverse.separate.networks.configs import RoformerConfig
from vocalverse.separate.networks.roformer import Roformer


def draw(text: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(shape, dtype=np.float32)


def seeded(config: RoformerConfig, name: str) -> Roformer:
    network = build(config.architecture, configs.to_config(config))
    assert isinstance(network, Roformer)
    network.load_state_dict({key: _weight(name, key, tensor) for key, tensor in network.state_dict().items()})
    return network.eval()


def _weight(name: str, key: str, like: torch.Tensor) -> torch.Tensor:
    last = key.rpartition(".")[2]
    if last == "freqs":
        return like
    drawn = draw(f"{name}/{key}", tuple(like.shape))
    if like.ndim >= 2 and last == "weight":
        drawn /= np.sqrt(np.prod(like.shape[1:]))
    else:
        drawn = 0.1 * drawn + (1 if last in {"weight", "gamma"} else 0)
    return torch.from_numpy(drawn.astype(np.float32))


def agreement_db(reference: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """How far the difference lies below the reference."""
    reference, other = reference.astype(np.float64), other.astype(np.float64)
    return float(10 * np.log10((reference**2).sum() / ((reference - other) ** 2).sum()))
