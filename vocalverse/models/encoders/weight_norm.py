"""Convolutions whose kernel is kept as a direction and a length; published under either of torch's two spellings."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

_SPELLINGS = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}


def in_the_old_spelling(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Keys as `weight_g` and `weight_v`, whichever way they were written."""
    return {_respelt(key): tensor for key, tensor in tensors.items()}


class PositionalConv(nn.Module):
    """Over time, in groups, as wide as it may look around: it tells frames where they are. One length for each tap."""

    def __init__(self, width: int, *, kernel: int = 128, groups: int = 16) -> None:
        super().__init__()
        self.weight_g = nn.Parameter(torch.ones(1, 1, kernel))
        self.weight_v = nn.Parameter(torch.randn(width, width // groups, kernel))
        self.bias = nn.Parameter(torch.zeros(width))
        self._groups, self._kernel = groups, kernel

    def forward(self, x: Tensor) -> Tensor:
        """[batch, width, frames] → the same; an even kernel's one frame too many is cut off at the end."""
        kernel = self.weight_v * (self.weight_g / self.weight_v.square().sum((0, 1)).sqrt())
        y = functional.conv1d(x, kernel, self.bias, padding=self._kernel // 2, groups=self._groups)
        return y[..., : x.shape[-1]]


def _respelt(key: str) -> str:
    for new, old in _SPELLINGS.items():
        if key.endswith(new):
            return key.removesuffix(new) + old
    return key
