"""MuQ: a conformer over mel spectra of music. Attributes are the published keys below `model.`."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 4  # mel frames of one of ours
_ROTARY_BASE = 10000.0
_KERNEL = 31


@dataclass(frozen=True)
class MuqSize:
    width: int = 1024
    depth: int = 12
    heads: int = 16
    feed_forward: int = 4096
    stem_channels: int = 512
    bands: int = 128


class Muq(nn.Module):
    def __init__(self, size: MuqSize) -> None:
        super().__init__()
        self.conv = _Stem(size)
        self.conformer = _Conformer(size)

    def states(self, mel: Tensor, valid: Tensor | None = None) -> Iterator[Tensor]:
        """[clips, bands, frames] → what enters the first layer, then each layer's output: [clips, frames // 4, width].

        Later ones are not reckoned until they are asked for. `valid` [clips, frames // 4] hides padding from attention
        alone: convolutions still reach into it.
        """
        return self.conformer.states(self.conv(mel), valid)


class _Stem(nn.Module):
    def __init__(self, size: MuqSize) -> None:
        super().__init__()
        self.conv = nn.Sequential(_Block(1, size.stem_channels), _Block(size.stem_channels, size.stem_channels))
        self.linear = nn.Linear(size.stem_channels * size.bands // STRIDE, size.width)

    def forward(self, mel: Tensor) -> Tensor:
        out: Tensor = self.linear(self.conv(mel[:, None]).flatten(1, 2).mT)
        return out


class _Block(nn.Module):
    """Halves bands and frames."""

    def __init__(self, inward: int, outward: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inward, outward, 3, stride=2, padding=1)
        self.bn1 = nn.BatchNorm2d(outward)
        self.conv2 = nn.Conv2d(outward, outward, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(outward)
        self.conv3 = nn.Conv2d(inward, outward, 3, stride=2, padding=1)
        self.bn3 = nn.BatchNorm2d(outward)

    def forward(self, x: Tensor) -> Tensor:
        way = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(way + self.bn3(self.conv3(x)))


class _Conformer(nn.Module):
    def __init__(self, size: MuqSize) -> None:
        super().__init__()
        self._head_width = size.width // size.heads
        self.layers = nn.ModuleList(_Layer(size) for _ in range(size.depth))
        self.layer_norm = nn.LayerNorm(size.width)

    def states(self, x: Tensor, valid: Tensor | None) -> Iterator[Tensor]:
        yield x
        attended = None
        if valid is not None:
            x, attended = x * valid[..., None], valid[:, None, None]
        angles = _angles(x.shape[1], self._head_width, x.device)
        for layer in self.layers[:-1]:
            x = layer(x, angles, attended)
            yield x
        yield self.layer_norm(self.layers[-1](x, angles, attended))


def _angles(frames: int, head_width: int, device: torch.device) -> Tensor:
    """[frames, head width]: of the first half, once for either half. Half precision would lose them."""
    rates = _ROTARY_BASE ** -(torch.arange(0, head_width, 2, device=device) / head_width)
    angles = torch.arange(frames, device=device)[:, None] * rates
    return torch.cat((angles, angles), -1)


class _Layer(nn.Module):
    def __init__(self, size: MuqSize) -> None:
        super().__init__()
        self.ffn1_layer_norm = nn.LayerNorm(size.width)
        self.ffn1 = _FeedForward(size)
        self.self_attn_layer_norm = nn.LayerNorm(size.width)
        self.self_attn = _Attention(size)
        self.conv_module = _Convolution(size.width)
        self.ffn2_layer_norm = nn.LayerNorm(size.width)
        self.ffn2 = _FeedForward(size)
        self.final_layer_norm = nn.LayerNorm(size.width)

    def forward(self, x: Tensor, angles: Tensor, attended: Tensor | None) -> Tensor:
        x = x + self.ffn1(self.ffn1_layer_norm(x)) / 2
        x = x + self.self_attn(self.self_attn_layer_norm(x), angles, attended)
        x = x + self.conv_module(x)
        x = x + self.ffn2(self.ffn2_layer_norm(x)) / 2
        out: Tensor = self.final_layer_norm(x)
        return out


class _FeedForward(nn.Module):
    def __init__(self, size: MuqSize) -> None:
        super().__init__()
        self.intermediate_dense = nn.Linear(size.width, size.feed_forward)
        self.output_dense = nn.Linear(size.feed_forward, size.width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.output_dense(functional.silu(self.intermediate_dense(x)))
        return out


class _Attention(nn.Module):
    """Its input is turned before queries and keys are made of it; values see it as it is."""

    def __init__(self, size: MuqSize) -> None:
        super().__init__()
        self.linear_q, self.linear_k, self.linear_v, self.linear_out = (
            nn.Linear(size.width, size.width) for _ in range(4)
        )
        self._heads = size.heads

    def forward(self, x: Tensor, angles: Tensor, attended: Tensor | None) -> Tensor:
        turned = _turned(self._split(x), angles).flatten(2)
        q, k, v = (
            self._split(part).transpose(1, 2)
            for part in (self.linear_q(turned), self.linear_k(turned), self.linear_v(x))
        )
        heads = functional.scaled_dot_product_attention(q, k, v, attended)
        out: Tensor = self.linear_out(heads.transpose(1, 2).flatten(2))
        return out

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self._heads, -1)


def _turned(heads: Tensor, angles: Tensor) -> Tensor:
    """[clips, frames, heads, head width], each half against the other."""
    first, second = heads.chunk(2, -1)
    cos, sin = (part.to(heads.dtype)[:, None] for part in (angles.cos(), angles.sin()))
    return heads * cos + torch.cat((-second, first), -1) * sin


class _Convolution(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(width)
        self.pointwise_conv1 = nn.Conv1d(width, 2 * width, 1, bias=False)
        self.depthwise_conv = nn.Conv1d(width, width, _KERNEL, padding=_KERNEL // 2, groups=width, bias=False)
        self.batch_norm = nn.BatchNorm1d(width)
        self.pointwise_conv2 = nn.Conv1d(width, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gated = functional.glu(self.pointwise_conv1(self.layer_norm(x).mT), dim=1)
        out: Tensor = self.pointwise_conv2(functional.silu(self.batch_norm(self.depthwise_conv(gated))))
        return out.mT
