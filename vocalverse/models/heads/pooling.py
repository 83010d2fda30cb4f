"""Frames to one vector. Every frame counts for the seconds that it stands for, padding for none."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalverse.models.heads.config import Pooling

_LEAST_S = 1e-6
_LEAST_VARIANCE = 1e-10  # a root of nothing has no slope


def weighted_mean(values: Tensor, seconds: Tensor) -> Tensor:
    """[takes, frames, width] → [takes, width]; nothing heard is 0."""
    weights = seconds / seconds.sum(dim=1, keepdim=True).clamp_min(_LEAST_S)
    return torch.bmm(weights[:, None, :].to(values.dtype), values)[:, 0]


def statistics(values: Tensor, seconds: Tensor) -> Tensor:
    """[takes, 2 · width]: mean, then standard deviation."""
    mean = weighted_mean(values, seconds)
    variance = weighted_mean((values - mean[:, None]).square(), seconds)
    return torch.cat([mean, variance.clamp_min(_LEAST_VARIANCE).sqrt()], dim=-1)


class Mean(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, values: Tensor, seconds: Tensor) -> Tensor:
        return weighted_mean(values, seconds)


class Statistics(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = 2 * width

    def forward(self, values: Tensor, seconds: Tensor) -> Tensor:
        return statistics(values, seconds)


class Attention(nn.Module):
    """A mean in which frames that matter more count more; halving a frame in time changes nothing."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.width = width
        self.look = nn.Linear(width, hidden)
        self.weigh = nn.Linear(hidden, 1)

    def forward(self, values: Tensor, seconds: Tensor) -> Tensor:
        matter = self.weigh(torch.tanh(self.look(values)))[..., 0].float()
        matter = matter.masked_fill(seconds <= 0, torch.finfo(torch.float32).min)
        return weighted_mean(values, seconds * torch.exp(matter - matter.amax(dim=1, keepdim=True)))


def pooling(kind: Pooling, width: int, hidden: int) -> Mean | Statistics | Attention:
    """`SCORES` has nothing to pool: its frames are scored first."""
    if kind is Pooling.ATTENTION:
        return Attention(width, hidden)
    return Statistics(width) if kind is Pooling.STATISTICS else Mean(width)


def unit(vectors: Tensor) -> Tensor:
    """Each to length 1."""
    return functional.normalize(vectors, dim=-1)
