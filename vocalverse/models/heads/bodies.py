"""What looks at the order of frames."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from vocalverse.models.heads.config import ATTENDING

_NEVER = -1e9  # as a score of attention; unlike -inf it leaves a take without any frame finite


class BiLstm(nn.Module):
    """Both directions over what is sung of each take, and nothing of its padding. Frames are narrowed first: that is
    most of the weights and most of the time.
    """

    def __init__(self, width: int, hidden: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.width = 2 * hidden
        between = dropout if depth > 1 else 0.0
        self.enter = nn.Linear(width, hidden)
        self.lstm = nn.LSTM(hidden, hidden, depth, batch_first=True, bidirectional=True, dropout=between)

    def forward(self, frames: Tensor, seconds: Tensor) -> Tensor:
        if len(frames) == 1 and bool((seconds > 0).all()) and frames.shape[1]:
            read: Tensor = self.lstm(self.enter(frames))[0]  # as it would be packed, without the copy
            return read
        lengths = _lengths(seconds).clamp_min(1).cpu()
        packed = pack_padded_sequence(self.enter(frames), lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=frames.shape[1])[0]


class Transformer(nn.Module):
    def __init__(self, width: int, hidden: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.width = hidden
        self.enter = nn.Linear(width, hidden)
        self.blocks = nn.ModuleList(_Block(hidden, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(hidden)

    def forward(self, frames: Tensor, seconds: Tensor) -> Tensor:
        x = self.enter(frames) + places(seconds, self.width).to(frames.dtype)
        seen = seconds > 0
        for block in self.blocks:
            x = block(x, seen)
        read: Tensor = self.norm(x)
        return read


class Attending(nn.Module):
    """Attention with several heads: what asks, to what is asked of."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.dropout = dropout

    def forward(self, asking: Tensor, asked: Tensor, seen: Tensor) -> Tensor:
        """[takes, n, width] and [takes, m, width], of which only what is `seen` [takes, m] answers."""
        takes, n, width = asking.shape
        query = self.query(asking).view(takes, n, ATTENDING, -1).transpose(1, 2)
        key, value = self.key_value(asked).view(takes, asked.shape[1], 2, ATTENDING, -1).permute(2, 0, 3, 1, 4)
        mask = torch.where(seen, 0.0, _NEVER).to(query.dtype)[:, None, None, :]
        dropout = self.dropout if self.training else 0.0
        answer = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout)
        told: Tensor = self.out(answer.transpose(1, 2).reshape(takes, n, width))
        return told


class _Block(nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.before_attending, self.before_thinking = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attending = Attending(width, dropout)
        self.think = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        calm = self.before_attending(x)
        x = x + self.attending(calm, calm, seen)
        thought: Tensor = x + self.think(self.before_thinking(x))
        return thought


def places(seconds: Tensor, width: int) -> Tensor:
    """[takes, frames, width]: sines and cosines of when each frame is, from a tenth of a second to a quarter of an hour."""
    when = seconds.cumsum(dim=1) - seconds / 2
    periods = torch.logspace(math.log10(0.1), math.log10(900.0), width // 2, device=seconds.device)
    angle = 2 * math.pi * when[..., None] / periods
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def _lengths(seconds: Tensor) -> Tensor:
    """How many frames there are up to the last that is not padding."""
    numbers = torch.arange(1, seconds.shape[1] + 1, device=seconds.device)
    return torch.where(seconds > 0, numbers, 0).amax(dim=1) if seconds.shape[1] else seconds.new_zeros(len(seconds))
