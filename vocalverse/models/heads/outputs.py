"""From the last layer's numbers to a score and how far off it may be.

`squash` is what happens to each frame's numbers where frames are scored one by one, before they are averaged.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalverse.models.heads.batch import Estimate
from vocalverse.models.heads.config import Output, OutputKind

_LEAST_SPREAD = 1e-3  # of half the scale


class Told(nn.Module, ABC):
    """Numbers [takes, dimensions, channels] to an estimate."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self.middle, self.radius = (output.high + output.low) / 2, (output.high - output.low) / 2
        self.output = output

    @property
    @abstractmethod
    def channels(self) -> int:
        """Numbers that it takes for every dimension."""

    def squash(self, numbers: Tensor) -> Tensor:
        return numbers

    @abstractmethod
    def forward(self, numbers: Tensor) -> Estimate:
        """Of squashed numbers."""

    def _spread(self, spread: Tensor) -> Tensor:
        return spread + _LEAST_SPREAD * self.radius


class Scalar(Told):
    """2·tanh + 3 on a scale of 1 to 5."""

    channels = 2

    def squash(self, numbers: Tensor) -> Tensor:
        value = self.middle + self.radius * torch.tanh(numbers[..., 0])
        return torch.stack([value, self.radius * functional.softplus(numbers[..., 1])], dim=-1)

    def forward(self, numbers: Tensor) -> Estimate:
        return Estimate(numbers[..., 0], self._spread(numbers[..., 1]))


class Pairwise(Told):
    """A strength of any size."""

    channels = 2

    def squash(self, numbers: Tensor) -> Tensor:
        return torch.stack([numbers[..., 0], functional.softplus(numbers[..., 1])], dim=-1)

    def forward(self, numbers: Tensor) -> Estimate:
        return Estimate(numbers[..., 0], self._spread(numbers[..., 1]))


class Ordinal(Told):
    """One strength against rising thresholds: logits of being above each. The more certain, the steeper."""

    channels = 2

    def __init__(self, output: Output, dimensions: int) -> None:
        super().__init__(output)
        thresholds = round(output.high - output.low)
        self.first = nn.Parameter(torch.full((dimensions, 1), -(thresholds - 1) / 2))
        self.gaps = nn.Parameter(torch.full((dimensions, thresholds - 1), _INVERSE_SOFTPLUS_OF_1))

    def forward(self, numbers: Tensor) -> Estimate:
        thresholds = torch.cat([self.first, self.first + functional.softplus(self.gaps).cumsum(dim=-1)], dim=-1)
        steepness = functional.softplus(numbers[..., 1:] + _INVERSE_SOFTPLUS_OF_1)
        logits = (numbers[..., :1] - thresholds) * steepness
        above = torch.sigmoid(logits)
        edges = torch.cat([torch.ones_like(above[..., :1]), above, torch.zeros_like(above[..., :1])], dim=-1)
        classes = self.output.low + torch.arange(edges.shape[-1] - 1, device=edges.device)
        moments = _moments(edges[..., :-1] - edges[..., 1:], classes)
        return Estimate(moments.mean, self._spread(moments.deviation), logits)


class Distribution(Told):
    """Over bins that lie evenly from low to high."""

    @property
    def channels(self) -> int:
        return self.output.bins

    def forward(self, numbers: Tensor) -> Estimate:
        centres = torch.linspace(self.output.low, self.output.high, self.output.bins, device=numbers.device)
        moments = _moments(torch.softmax(numbers, dim=-1), centres)
        return Estimate(moments.mean, self._spread(moments.deviation), numbers)


def told(output: Output, dimensions: int) -> Told:
    match output.kind:
        case OutputKind.SCALAR:
            return Scalar(output)
        case OutputKind.ORDINAL:
            return Ordinal(output, dimensions)
        case OutputKind.DISTRIBUTION:
            return Distribution(output)
        case OutputKind.PAIRWISE:
            return Pairwise(output)


_INVERSE_SOFTPLUS_OF_1 = 0.5413248546


@dataclass(frozen=True)
class _Moments:
    mean: Tensor
    deviation: Tensor


def _moments(shares: Tensor, values: Tensor) -> _Moments:
    mean = (shares * values).sum(dim=-1)
    variance = (shares * (values - mean[..., None]).square()).sum(dim=-1)
    return _Moments(mean, variance.clamp_min(1e-10).sqrt())
