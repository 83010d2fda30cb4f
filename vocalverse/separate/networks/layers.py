"""The layers that RoFormers are made of. Their attributes' names are the public checkpoints' keys.

Weights may be cast to half precision; norms, rotation and the running sum stay in single precision.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

_ROTARY_BASE = 10000.0
_LINEAR_ATTENTION_SCALE = 8.0


def cast_weights(module: nn.Module, dtype: torch.dtype) -> None:
    """The matrices' precision, in place; whatever else there is stays as it is."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            part.to(dtype)


class Linear(nn.Linear):
    """Takes its input in any precision."""

    def reset_parameters(self) -> None:
        # Weights that are still to be loaded need no random start, which costs a second where there is no memory behind.
        if not self.weight.is_meta:
            super().reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x.to(self.weight.dtype), self.weight, self.bias)


class RMSNorm(nn.Module):
    """x to unit root mean square, times gamma; reckoned and returned in single precision."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))
        self.eps = 1e-24 / dim  # the networks were trained with a floor of 1e-12 under the norm

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x.float(), (x.shape[-1],), self.gamma, self.eps)


class Rotation(NamedTuple):
    """Cosine and sine of every position's angles, [positions, head_dim / 2]."""

    cos: Tensor
    sin: Tensor


class RotaryEmbedding(nn.Module):
    """One for all layers along an axis: every layer's checkpoint holds the same frequencies."""

    def __init__(self, head_dim: int) -> None:
        super().__init__()
        exponents = torch.arange(0, head_dim, 2).float() / head_dim
        self.freqs = nn.Parameter(1.0 / _ROTARY_BASE**exponents, requires_grad=False)

    def forward(self, positions: int) -> Rotation:
        """Once per song chunk, not per layer; cheap, and folded into constants by what converts the network."""
        steps = torch.arange(positions, device=self.freqs.device, dtype=torch.float32)
        angles = steps[:, None] * self.freqs.float()
        return Rotation(angles.cos(), angles.sin())


def rotated(first: Tensor, second: Tensor, rotation: Rotation) -> Tensor:
    """[…, positions, heads, head_dim] of pairs whose two halves are `first` and `second`."""
    cos, sin = (table.unsqueeze(1) for table in rotation)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1).to(first.dtype)


class Attention(nn.Module):
    def __init__(self, dim: int, *, heads: int, head_dim: int, rotary_embed: RotaryEmbedding) -> None:
        super().__init__()
        self.heads, self.head_dim = heads, head_dim
        self.norm = RMSNorm(dim)
        self.rotary_embed = rotary_embed  # for its keys; the caller computes the angles once
        self.to_qkv = Linear(dim, heads * head_dim * 3, bias=False)
        self.to_gates = Linear(dim, heads)
        self.to_out = nn.Sequential(Linear(heads * head_dim, dim, bias=False))

    def forward(self, x: Tensor, rotation: Rotation) -> Tensor:
        rows, positions, _ = x.shape
        normed = self.norm(x).to(self.to_qkv.weight.dtype)
        query_1, query_2, key_1, key_2, value = (
            part.view(rows, positions, self.heads, -1) for part in self._projected(normed)
        )
        out = functional.scaled_dot_product_attention(
            rotated(query_1, query_2, rotation).transpose(1, 2),
            rotated(key_1, key_2, rotation).transpose(1, 2),
            value.transpose(1, 2),
        )
        gates = self.to_gates(normed).sigmoid().unsqueeze(-1)
        gated: Tensor = self.to_out((out.transpose(1, 2) * gates).reshape(rows, positions, -1))
        return gated

    def _projected(self, normed: Tensor) -> Iterable[Tensor]:
        weights = self._weights()
        if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]  # for OpenVINO, which copies splits
            return [functional.linear(normed, weight) for weight in weights]
        # One long product is what torch is quickest at.
        product = functional.linear(normed, torch.cat(weights))
        return torch.split(product, [len(weight) for weight in weights], dim=-1)

    def _weights(self) -> list[Tensor]:
        """Checkpoints have the pairs that rotate side by side; here they are apart from the start.

        Query and key are permuted alike, so their product stays the same.
        """
        query, key, value = self.to_qkv.weight.view(3, self.heads, self.head_dim // 2, 2, -1)
        apart = [half for weight in (query, key) for half in weight.unbind(2)]
        return [weight.flatten(0, -2) for weight in (*apart, value)]


class LinearAttention(nn.Module):
    """Attention between features instead of positions, so that its cost grows with the positions only linearly."""

    def __init__(self, dim: int, *, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads, self.head_dim = heads, head_dim
        self.norm = RMSNorm(dim)
        self.to_qkv = nn.Sequential(Linear(dim, heads * head_dim * 3, bias=False))
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        # The checkpoints number a layer without weights before it.
        self.to_out = nn.Sequential(nn.Identity(), Linear(heads * head_dim, dim, bias=False))

    def forward(self, x: Tensor, _rotation: Rotation) -> Tensor:
        rows, positions, _ = x.shape
        qkv = self.to_qkv(self.norm(x)).view(rows, positions, 3, self.heads, self.head_dim)
        query, key, value = qkv.permute(2, 0, 3, 4, 1).unbind(0)
        query = functional.normalize(query.float(), dim=-1) * self.temperature.exp()
        key = functional.normalize(key.float(), dim=-1)
        out = functional.scaled_dot_product_attention(
            query.to(value.dtype), key.to(value.dtype), value, scale=_LINEAR_ATTENTION_SCALE
        )
        summed: Tensor = self.to_out(out.permute(0, 3, 1, 2).reshape(rows, positions, -1))
        return summed


class FeedForward(nn.Module):
    def __init__(self, dim: int, *, expansion: int = 4) -> None:
        super().__init__()
        # Numbers 3 and 5 of the checkpoints' list are dropouts, which hold no weights.
        self.net = nn.Sequential(
            RMSNorm(dim), Linear(dim, dim * expansion), nn.GELU(), nn.Identity(), Linear(dim * expansion, dim)
        )

    def forward(self, x: Tensor) -> Tensor:
        grown: Tensor = self.net(x)
        return grown


class Transformer(nn.Module):
    """[rows, positions, dim] → the same shape, in single precision."""

    def __init__(self, attentions: list[Attention] | list[LinearAttention], *, dim: int, norm_output: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.ModuleList([attention, FeedForward(dim)]) for attention in attentions)
        self.norm = RMSNorm(dim) if norm_output else nn.Identity()

    def forward(self, x: Tensor, rotation: Rotation) -> Tensor:
        for layer in self.layers:
            attention, feed_forward = layer.children()
            x = x + attention(x, rotation)
            x = x + feed_forward(x)
        normed: Tensor = self.norm(x)
        return normed


class BandSplit(nn.Module):
    """[batch, frames, all widths] → [batch, bands, frames, dim]."""

    def __init__(self, dim: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.widths = widths
        self.to_features = nn.ModuleList(nn.Sequential(RMSNorm(width), Linear(width, dim)) for width in widths)

    def forward(self, x: Tensor) -> Tensor:
        parts = torch.split(x, list(self.widths), dim=-1)
        return torch.stack([embed(part) for embed, part in zip(self.to_features, parts, strict=True)], dim=1).float()


class MaskEstimator(nn.Module):
    """[batch, bands, frames, dim] → [batch, frames, all widths]: every band by a small network of its own."""

    def __init__(self, dim: int, widths: tuple[int, ...], *, hidden: tuple[int, ...]) -> None:
        super().__init__()
        # The list of one is the checkpoints'.
        self.to_freqs = nn.ModuleList(nn.Sequential(_mlp((dim, *hidden, 2 * width))) for width in widths)

    def forward(self, x: Tensor) -> Tensor:
        bands = zip(self.to_freqs, x.unbind(1), strict=True)
        return torch.cat([functional.glu(estimate(band), dim=-1) for estimate, band in bands], dim=-1).float()


def _mlp(dims: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width_in, width_out in pairwise(dims):
        layers += [Linear(width_in, width_out), nn.Tanh()]
    return nn.Sequential(*layers[:-1])
