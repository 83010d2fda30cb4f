"""How far scores [takes] are from the wanted ones."""

from torch import Tensor

from vocalverse.training.losses.order import contrastive

_LEAST = 1e-6


def l1(predicted: Tensor, wanted: Tensor, *, margin: float = 0.0) -> Tensor:
    """Errors below the margin cost nothing, larger ones what they go beyond it."""
    return ((predicted - wanted).abs() - margin).clamp_min(0).mean()


def clipped_l1(predicted: Tensor, wanted: Tensor, *, threshold: float = 0.1) -> Tensor:
    """Errors below the threshold cost nothing, others all of themselves (SingMOS)."""
    error = (predicted - wanted).abs()
    return (error * (error >= threshold)).mean()


def squared(predicted: Tensor, wanted: Tensor) -> Tensor:
    return (predicted - wanted).square().mean()


def utmos(predicted: Tensor, wanted: Tensor, *, threshold: float = 0.5, weight: float = 0.5) -> Tensor:
    """Squares of errors above the threshold, and half of `contrastive`."""
    error = predicted - wanted
    return (error.square() * (error.abs() > threshold)).mean() + weight * contrastive(predicted, wanted)


def ccc(predicted: Tensor, wanted: Tensor) -> Tensor:
    """1 less the concordance correlation: 0 where all are equal, 1 where nothing agrees, 2 where all is reversed."""
    ours, theirs = predicted - predicted.mean(), wanted - wanted.mean()
    apart = (predicted.mean() - wanted.mean()).square()
    return 1 - 2 * (ours * theirs).mean() / (ours.square().mean() + theirs.square().mean() + apart + _LEAST)
