"""What goes into a head and what comes out."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Takes side by side, the shorter ones padded. Padding has 0 seconds, and changes nothing."""

    frames: tuple[Tensor, ...]  # for each encoder [takes, frames, width], or [takes, frames, layers, width]
    seconds: tuple[Tensor, ...]  # for each encoder [takes, frames]: the time that each frame stands for
    measures: Tensor | None = None  # [takes, measures], not a number where it is not known
    text: Tensor | None = None  # [takes, tokens, width]
    text_mask: Tensor | None = None  # [takes, tokens], true where there is a token
    domain: Tensor | None = None  # [takes], 0 is the unknown one
    annotator: Tensor | None = None  # [takes], 0 is the unknown one


@dataclass(frozen=True)
class Estimate:
    """All [takes, dimensions]."""

    value: Tensor  # on the output's scale
    spread: Tensor  # above 0: how far off it expects to be, up to a factor that calibration finds
    logits: Tensor | None = None  # [takes, dimensions, classes or bins], what ordinal and distribution losses take
    similarity: Tensor | None = None  # [takes]: cosine of sound and text before they attend to each other
