"""The rule by which weights and sounds were drawn for the golden arrays: tests/golden/README.md tells it in words."""

import hashlib
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

GOLDEN = Path(__file__).parent / "golden"

_LOUD = ("in_proj_weight", ".linear_q.", ".linear_k.", ".conv_q.", ".conv_k.", ".query.", ".key.")
_SOFT = (
    *(".out_proj.", ".linear2.", ".linear_out.", ".output_dense.", ".pointwise_conv2.", ".conv_o.", ".conv_2."),
    *(".attn.out.", ".mlp.2."),
)

_Module = TypeVar("_Module", bound=nn.Module)


def arrays(name: str) -> dict[str, npt.NDArray[Any]]:
    with np.load(GOLDEN / f"{name}.npz") as file:
        return dict(file)


def draw(text: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(shape, dtype=np.float32)


def wave(name: str, samples: int, rate_hz: int, f0_hz: float = 220.0) -> npt.NDArray[np.float32]:
    """A gliding tone of six harmonics, swelling, in a little noise."""
    t = np.arange(samples) / rate_hz
    phase = 2 * np.pi * np.cumsum(f0_hz * 2 ** (0.5 * np.sin(2 * np.pi * 0.45 * t))) / rate_hz
    tone = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 7))
    swell = 0.2 * (0.6 + 0.4 * np.sin(2 * np.pi * 1.7 * t))
    return np.asarray(swell * tone + 0.01 * draw(f"{name}/input/noise", (samples,)), np.float32)


def filled(network: _Module, name: str, *, prefix: str = "") -> _Module:
    """The network with the rule's weights, ready to be asked. `prefix` is what its keys lack of the published ones."""
    state = network.state_dict()
    network.load_state_dict({key: weight(name, prefix + key, tensor) for key, tensor in state.items()})
    return network.eval().requires_grad_(False)


def weight(name: str, key: str, like: Tensor) -> Tensor:
    """One tensor by the rule; `like` where the rule leaves it as it was built."""
    last = key.rpartition(".")[2]
    if not like.is_floating_point() or last in {"positional_embedding", "freqs", "inv_freq"}:
        return like
    return torch.from_numpy(_scaled(key, draw(f"{name}/{key}", tuple(like.shape))).astype(np.float32))


def _scaled(key: str, drawn: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    last = key.rpartition(".")[2]
    if last == "running_var":
        return 0.5 + drawn**2
    if last == "weight_g":
        return np.abs(drawn) + 0.5
    if drawn.ndim >= 2 and last in {"weight", "in_proj_weight", "weight_v"}:
        return drawn * (_gain(key) / np.sqrt(np.prod(drawn.shape[1:])))
    if drawn.ndim == 1 and last in {"weight", "gamma"}:
        return 1 + 0.1 * drawn
    return 0.1 * drawn


def _gain(key: str) -> float:
    if any(part in key for part in _LOUD):
        return 2.0
    return 0.25 if any(part in key for part in _SOFT) else 1.0
