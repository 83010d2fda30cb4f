"""What stands beside the frames: a mix of layers, measures, and who rated under which standard."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

_FARTHEST = 6.0  # standard deviations: a measure gone wrong does not decide a score by itself


class LayerMix(nn.Module):
    """Layers weighed by what was learnt; the weights sum to 1."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(layers))

    def forward(self, frames: Tensor) -> Tensor:
        """[…, layers, width] → […, width]."""
        return torch.matmul(torch.softmax(self.weights, 0), frames)


class Measures(nn.Module):
    """Each in standard deviations from its mean, and beside it whether it is known at all."""

    mean: Tensor
    scale: Tensor

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.width = 2 * columns
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("scale", torch.ones(columns))

    def fit(self, matrix: npt.NDArray[np.floating]) -> None:
        """From [takes, measures]; a column that never differs keeps its unit."""
        for column, values in enumerate(np.asarray(matrix, np.float64).T):
            known = values[np.isfinite(values)]
            if len(known):
                self.mean[column], self.scale[column] = float(known.mean()), float(known.std()) or 1.0

    def forward(self, measures: Tensor) -> Tensor:
        known = torch.isfinite(measures)
        standard = ((measures - self.mean) / self.scale).clamp(-_FARTHEST, _FARTHEST)
        return torch.cat([torch.where(known, standard, 0.0), known.to(standard.dtype)], dim=-1)


class Usual(nn.Module):
    """Vectors in standard deviations from their mean: encoders' numbers are small, and lie far from 0."""

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))

    def fit(self, vectors: Tensor) -> None:
        """From [takes, width]; what never differs keeps its unit."""
        deviation = vectors.std(dim=0, correction=0)
        self.mean.copy_(vectors.mean(dim=0))
        self.scale.copy_(torch.where(deviation > 0, deviation, 1.0))

    def forward(self, vectors: Tensor) -> Tensor:
        return (vectors - self.mean) / self.scale


class Known(nn.Embedding):
    """A vector for each known name; the unknown one is 0 until it is learnt."""

    def __init__(self, names: int, width: int) -> None:
        super().__init__(1 + names, width)
        with torch.no_grad():
            self.weight[0] = 0.0
