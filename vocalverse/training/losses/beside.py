"""What is learnt beside the score: how far off it is, and how alike sound and text are."""

from torch import Tensor


def spread(spreads: Tensor, predicted: Tensor, wanted: Tensor) -> Tensor:
    """How badly spreads [takes] foretell the errors (Laplace): least where each is the error that is to be expected.
    The score itself learns nothing from it.
    """
    error = (predicted - wanted).abs().detach()
    return (spreads.log() + error / spreads).mean()


def alignment(similarity: Tensor, wanted: Tensor, *, low: float = 1.0, high: float = 5.0) -> Tensor:
    """Cosines [takes] against the scores as shares of their scale (DeRA-MOS)."""
    return (similarity - (wanted - low) / (high - low)).square().mean()
