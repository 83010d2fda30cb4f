"""Whisper's encoder, under the names of its keys in transformers; OpenAI's names are translated.

Qwen2-Audio's tower is the same network; SaMoye's PPG is its first blocks.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_SLOWEST = 10_000.0  # of the positions' wavelengths
_HEAD = 64  # width of a head in every published Whisper: OpenAI's files need not say how many there are

_OURS = {  # OpenAI's names → transformers'
    "positional_embedding": "embed_positions.weight",
    "blocks.": "layers.",
    "attn_ln.": "self_attn_layer_norm.",
    "attn.query.": "self_attn.q_proj.",
    "attn.key.": "self_attn.k_proj.",
    "attn.value.": "self_attn.v_proj.",
    "attn.out.": "self_attn.out_proj.",
    "mlp_ln.": "final_layer_norm.",
    "mlp.0.": "fc1.",
    "mlp.2.": "fc2.",
    "ln_post.": "layer_norm.",
}


@dataclass(frozen=True)
class WhisperDims:
    mels: int = 80
    positions: int = 1500
    width: int = 384
    heads: int = 6
    layers: int = 4
    inner: int = 0  # width of a block's middle; 0: four times the width

    @property
    def inner_width(self) -> int:
        return self.inner or 4 * self.width


class WhisperEncoder(nn.Module):
    def __init__(self, dims: WhisperDims) -> None:
        super().__init__()
        self.dims = dims
        self.conv1 = nn.Conv1d(dims.mels, dims.width, 3, padding=1)
        self.conv2 = nn.Conv1d(dims.width, dims.width, 3, stride=2, padding=1)
        self.embed_positions = nn.Embedding(dims.positions, dims.width)
        self.layers = nn.ModuleList(Block(dims) for _ in range(dims.layers))
        self.layer_norm = nn.LayerNorm(dims.width)

    def states(self, mel: Tensor, positions: int | None = None) -> Iterator[Tensor]:
        """What enters the first block, then what leaves each, [batch, positions, width]; none went through the last norm.

        mel: [batch, mels, frames], of any length up to two for each position that there is. Positions past `positions`
        are left out: blocks then do not see what was only padding, though the two convolutions before them did.
        """
        state = functional.gelu(self.conv1(mel))
        state = functional.gelu(self.conv2(state)).transpose(1, 2)[:, :positions]
        state = state + self.embed_positions.weight[: state.shape[1]]
        yield state
        for block in self.layers:
            state = block(state)
            yield state

    def forward(self, mel: Tensor, positions: int | None = None) -> Tensor:
        """The last block's, through the last norm."""
        *_, state = self.states(mel, positions)
        normed: Tensor = self.layer_norm(state)
        return normed


class Block(nn.Module):
    def __init__(self, dims: WhisperDims) -> None:
        super().__init__()
        self.self_attn = Attention(dims.width, dims.heads)
        self.self_attn_layer_norm = nn.LayerNorm(dims.width)
        self.fc1 = nn.Linear(dims.width, dims.inner_width)
        self.fc2 = nn.Linear(dims.inner_width, dims.width)
        self.final_layer_norm = nn.LayerNorm(dims.width)

    def forward(self, state: Tensor) -> Tensor:
        state = state + self.self_attn(self.self_attn_layer_norm(state))
        changed: Tensor = state + self.fc2(functional.gelu(self.fc1(self.final_layer_norm(state))))
        return changed


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width, bias=False)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, state: Tensor) -> Tensor:
        query, key, value = (
            projected(state).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projected in (self.q_proj, self.k_proj, self.v_proj)
        )
        heard = functional.scaled_dot_product_attention(query, key, value)
        attended: Tensor = self.out_proj(heard.transpose(1, 2).flatten(2))
        return attended


def positions_table(positions: int, width: int) -> Tensor:
    """[positions, width]: sines in the first half, cosines in the second."""
    rates = torch.exp(-math.log(_SLOWEST) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(positions)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def in_our_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A checkpoint of OpenAI's under transformers' names; any other as it is."""
    return {_in_our_name(name): tensor for name, tensor in tensors.items()}


def _in_our_name(name: str) -> str:
    for theirs, ours in _OURS.items():
        name = name.replace(theirs, ours)
    return name


def dims_of(tensors: Mapping[str, Tensor]) -> WhisperDims:
    """What an encoder's tensors, under our names, tell by their shapes. `KeyError` where they are of none."""
    width, mels, _ = tensors["conv1.weight"].shape
    return WhisperDims(
        mels=mels,
        positions=len(tensors["embed_positions.weight"]),
        width=width,
        heads=width // _HEAD,
        layers=sum(name.endswith("self_attn.q_proj.weight") for name in tensors),
        inner=len(tensors["layers.0.fc1.weight"]),
    )
