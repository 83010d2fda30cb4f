"""M2D: a plain vision transformer over patches of a mel spectrum. Attributes are the published keys.

Written from the shapes and figures that its authors tell; none of their code was used.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

PATCH = 16  # bands and frames of a patch


@dataclass(frozen=True)
class M2dSize:
    frames: int = 1001  # of the longest piece
    bands: int = 80
    width: int = 768
    depth: int = 12
    heads: int = 12

    @property
    def rows(self) -> int:
        return self.bands // PATCH

    @property
    def columns(self) -> int:
        return self.frames // PATCH


class M2d(nn.Module):
    norm_stats: Tensor

    def __init__(self, size: M2dSize) -> None:
        super().__init__()
        self.size = size
        self.cls_token = nn.Parameter(torch.zeros(1, 1, size.width))
        self.pos_embed = nn.Parameter(torch.randn(1, 1 + size.rows * size.columns, size.width) * 0.02)
        self.patch_embed = _Patches(size.width)
        self.blocks = nn.ModuleList(_Block(size) for _ in range(size.depth))
        self.norm = nn.LayerNorm(size.width, eps=1e-6)
        self.register_buffer("norm_stats", torch.tensor([-7.1, 4.2]))

    def normalised(self, log_mel: Tensor) -> Tensor:
        return (log_mel - self.norm_stats[0]) / self.norm_stats[1]

    def forward(self, mel: Tensor) -> Tensor:
        """Normalised [pieces, bands, frames] → [pieces, frames // PATCH, rows · width], the lowest bands first.

        Frames beyond the last whole patch fall away.
        """
        x = self.patch_embed(mel[:, None])  # [pieces, width, rows, columns]
        columns = x.shape[-1]
        x = (x + self._positions(columns)).flatten(2).mT
        begin = self.cls_token + self.pos_embed[:, :1]
        x = torch.cat((begin.expand(len(x), -1, -1), x), 1)
        for block in self.blocks:
            x = block(x)
        grid = self.norm(x)[:, 1:].reshape(len(x), self.size.rows, columns, self.size.width)
        joined: Tensor = grid.transpose(1, 2).flatten(2)
        return joined

    def _positions(self, columns: int) -> Tensor:
        """A shorter piece has the places of the longest one's beginning."""
        grid = self.pos_embed[0, 1:].view(self.size.rows, self.size.columns, self.size.width)
        return grid[:, :columns].permute(2, 0, 1)


class _Patches(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(1, width, PATCH, PATCH)

    def forward(self, mel: Tensor) -> Tensor:
        patches: Tensor = self.proj(mel)
        return patches


class _Block(nn.Module):
    def __init__(self, size: M2dSize) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(size.width, eps=1e-6)
        self.attn = _Attention(size)
        self.norm2 = nn.LayerNorm(size.width, eps=1e-6)
        self.mlp = _FeedForward(size.width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class _Attention(nn.Module):
    def __init__(self, size: M2dSize) -> None:
        super().__init__()
        self.qkv = nn.Linear(size.width, 3 * size.width)
        self.proj = nn.Linear(size.width, size.width)
        self._heads = size.heads

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).view(*x.shape[:2], 3, self._heads, -1).permute(2, 0, 3, 1, 4)
        heads = functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.proj(heads.transpose(1, 2).flatten(2))
        return out


class _FeedForward(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return out
