"""Whether scores [takes] stand to each other as the wanted ones do. Fewer than two takes have no order: they cost 0."""

import torch
from torch import Tensor
from torch.nn import functional


def contrastive(predicted: Tensor, wanted: Tensor, *, margin: float = 0.1) -> Tensor:
    """What differences are off by, beyond the margin; mean over all ordered pairs."""
    off = (_differences(wanted) - _differences(predicted)).abs()
    return _mean_of_pairs((off - margin).clamp_min(0))


def dcq(predicted: Tensor, wanted: Tensor) -> Tensor:
    """Squares of what differences are off by, less how far they go the right way: least half a point too far apart."""
    ours, theirs = _differences(predicted), _differences(wanted)
    return _mean_of_pairs((ours - theirs).square()) - _mean_of_pairs(ours * theirs.sign())


def listwise(predicted: Tensor, wanted: Tensor, *, temperature: float = 1.0) -> Tensor:
    """ListNet's cross entropy of being first."""
    return -(torch.softmax(wanted / temperature, 0) * torch.log_softmax(predicted / temperature, 0)).sum()


def qamro(predicted: Tensor, wanted: Tensor, *, low: float = 1.0, high: float = 5.0) -> Tensor:
    """Every pair apart by a fifth of what it should be, good takes up to seven times as strictly."""
    ours, theirs = _differences(predicted), _differences(wanted)
    quality = (wanted - low) / (high - low)
    weight = 1 + 6 * torch.maximum(quality[:, None], quality[None, :])
    return _mean_of_pairs(weight * (0.2 * theirs.abs() - theirs.sign() * ours).clamp_min(0))


def preference(better: Tensor, worse: Tensor) -> Tensor:
    """Bradley and Terry's: how surprising it is that the better ones [pairs] were preferred to the worse ones."""
    return functional.softplus(worse - better).mean()


def _differences(scores: Tensor) -> Tensor:
    return scores[:, None] - scores[None, :]


def _mean_of_pairs(costs: Tensor) -> Tensor:
    """Of a take and another; none with itself."""
    pairs = len(costs) * (len(costs) - 1)
    others = ~torch.eye(len(costs), dtype=torch.bool, device=costs.device)
    return costs.masked_select(others).sum() / max(pairs, 1)
