"""Sound held against text: how alike they are, and the sound as the text lets it be heard."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalverse.models.heads.bodies import Attending
from vocalverse.models.heads.pooling import weighted_mean


@dataclass(frozen=True)
class Words:
    """A text in the space that it shares with the sound."""

    each: Tensor  # [takes, tokens, hidden]
    mask: Tensor  # [takes, tokens]
    pooled: Tensor  # [takes, hidden]


class AgainstText(nn.Module):
    """Sound and text in one space. With `cross_attention` frames ask the words before they are pooled."""

    def __init__(self, sound: int, text: int, hidden: int, *, cross_attention: bool, dropout: float) -> None:
        super().__init__()
        self.sound, self.text = nn.Linear(sound, hidden), nn.Linear(text, hidden)
        self.attending = Attending(hidden, dropout) if cross_attention else None
        self.norm = nn.LayerNorm(hidden)

    def read(self, text: Tensor, mask: Tensor) -> Words:
        each = self.text(text)
        return Words(each, mask, weighted_mean(each, mask.to(torch.float32)))

    def similarity(self, sound: Tensor, words: Words) -> Tensor:
        """[takes], -1 to 1: of the pooled sound [takes, width] and the pooled words."""
        return functional.cosine_similarity(self.sound(sound), words.pooled, dim=-1)

    def fuse(self, frames: Tensor, words: Words) -> Tensor:
        """[takes, frames, hidden]: each frame, and what the words answered it."""
        sound = self.sound(frames)
        answer = self.attending(sound, words.each, words.mask) if self.attending else 0.0
        fused: Tensor = self.norm(sound + answer)
        return fused
