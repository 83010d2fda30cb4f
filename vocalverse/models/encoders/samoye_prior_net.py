"""enc_p, the prior encoder of SaMoye's voice conversion. Attributes are the published keys.

Everything inside is [batch, channels, frames].
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 192

_HEADS = 2
_HEAD_WIDTH = WIDTH // _HEADS
_LAYERS = 6
_FILTERS = 640
_REACH = 4  # frames to either side whose distance attention knows
_NEVER = -1e4  # as it was trained: not minus infinity, so a row that may look nowhere looks everywhere alike


@dataclass(frozen=True)
class Prior:
    hidden: Tensor  # [batch, WIDTH, frames], before the projection
    mean: Tensor  # the same shape
    log_scale: Tensor  # the same shape


class SamoyePrior(nn.Module):
    def __init__(self, ppg_width: int = 1280, units_width: int = 256) -> None:
        super().__init__()
        self.pre = nn.Conv1d(ppg_width, WIDTH, 5, padding=2)
        self.hub = nn.Conv1d(units_width, WIDTH, 5, padding=2)
        self.pit = nn.Embedding(256, WIDTH)
        self.enc = _Encoder()
        self.proj = nn.Conv1d(WIDTH, 2 * WIDTH, 1)

    def forward(self, ppg: Tensor, units: Tensor, bins: Tensor, lengths: Tensor | None = None) -> Prior:
        """[batch, frames, PPG's width], [batch, frames, units' width] and [batch, frames], padded with zeros.

        The first convolutions run over the padding too, as in training: zeros there are what a clip's end looks like.
        """
        frames = ppg.shape[1]
        valid = torch.arange(frames, device=ppg.device) < (
            torch.full((len(ppg),), frames, device=ppg.device) if lengths is None else lengths
        ).unsqueeze(1)
        mask = valid[:, None].to(ppg.dtype)
        hidden = self.enc((self.pre(ppg.mT) + self.hub(units.mT) + self.pit(bins).mT) * mask, mask)
        mean, log_scale = (self.proj(hidden) * mask).chunk(2, 1)
        return Prior(hidden, mean, log_scale)


class _Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attn_layers = nn.ModuleList(_Attention() for _ in range(_LAYERS))
        self.norm_layers_1 = nn.ModuleList(_Norm() for _ in range(_LAYERS))
        self.ffn_layers = nn.ModuleList(_FeedForward() for _ in range(_LAYERS))
        self.norm_layers_2 = nn.ModuleList(_Norm() for _ in range(_LAYERS))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        barred = (mask.unsqueeze(-1) * mask.unsqueeze(-2)) == 0
        layers = zip(self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True)
        for attend, after_attention, feed, after_feeding in layers:
            x = after_attention(x + attend(x, barred))
            x = after_feeding(x + feed(x, mask))
        return x * mask


class _Attention(nn.Module):
    """Two heads share one table of distances; beyond its reach a distance counts for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.emb_rel_k = nn.Parameter(torch.randn(1, 2 * _REACH + 1, _HEAD_WIDTH) * _HEAD_WIDTH**-0.5)
        self.emb_rel_v = nn.Parameter(torch.randn(1, 2 * _REACH + 1, _HEAD_WIDTH) * _HEAD_WIDTH**-0.5)
        self.conv_q, self.conv_k, self.conv_v, self.conv_o = (nn.Conv1d(WIDTH, WIDTH, 1) for _ in range(4))

    def forward(self, x: Tensor, barred: Tensor) -> Tensor:
        """`barred` [batch, 1, frames, frames]: who may not look at whom."""
        q, k, v = (
            conv(x).unflatten(1, (_HEADS, _HEAD_WIDTH)).mT for conv in (self.conv_q, self.conv_k, self.conv_v)
        )  # [batch, heads, frames, head width]
        q = q * _HEAD_WIDTH**-0.5
        scores = q @ k.mT
        by_distance = q @ self.emb_rel_k[0].T
        for place, distance, rows in _near(x.shape[-1]):
            scores.diagonal(distance, -2, -1).add_(by_distance[..., rows, place])
        weights = scores.masked_fill_(barred, _NEVER).softmax(-1)
        out = weights @ v
        for place, distance, rows in _near(x.shape[-1]):
            out[..., rows, :] += weights.diagonal(distance, -2, -1).unsqueeze(-1) * self.emb_rel_v[0, place]
        projected: Tensor = self.conv_o(out.mT.flatten(1, 2))
        return projected


def _near(frames: int) -> list[tuple[int, int, slice]]:
    """Places in the table of distances, the distances, and the frames that have another one that far away."""
    return [
        (distance + _REACH, distance, slice(max(0, -distance), frames - max(0, distance)))
        for distance in range(-_REACH, _REACH + 1)
        if abs(distance) < frames
    ]


class _FeedForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv_1 = nn.Conv1d(WIDTH, _FILTERS, 3, padding=1)
        self.conv_2 = nn.Conv1d(_FILTERS, WIDTH, 3, padding=1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        out: Tensor = self.conv_2(functional.relu(self.conv_1(x * mask)) * mask) * mask
        return out


class _Norm(nn.Module):
    """Over channels."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(WIDTH))
        self.beta = nn.Parameter(torch.zeros(WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x.mT, (WIDTH,), self.gamma, self.beta, 1e-5).mT
