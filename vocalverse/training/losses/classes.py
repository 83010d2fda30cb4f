"""Losses on the logits of ordinal outputs and of distributions."""

import torch
from torch import Tensor
from torch.nn import functional


def ordinal(logits: Tensor, wanted: Tensor, *, low: float = 1.0) -> Tensor:
    """Of being above each class [takes, classes - 1]. A score between two classes is above the lower one in part, so
    that what is wanted of all thresholds sums to the score.
    """
    steps = torch.arange(logits.shape[-1], device=logits.device)
    above = (wanted[:, None] - low - steps).clamp(0, 1)
    return functional.binary_cross_entropy_with_logits(logits, above)


def gaussian_bins(
    logits: Tensor, wanted: Tensor, *, low: float = 1.0, high: float = 5.0, sigma: float = 0.25
) -> Tensor:
    """Kullback and Leibler's divergence from a bell about each wanted score, over bins that lie evenly [takes, bins]."""
    bins = torch.linspace(low, high, logits.shape[-1], device=logits.device)
    bell = torch.log_softmax(-0.5 * ((bins - wanted[:, None]) / sigma).square(), dim=-1)
    return functional.kl_div(torch.log_softmax(logits, dim=-1), bell, reduction="batchmean", log_target=True)
