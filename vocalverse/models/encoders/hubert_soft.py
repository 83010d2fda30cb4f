"""HuBERT-soft: what is sung, 50 times a second, with little of who sings. Attributes are the published keys."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalverse.models.encoders.weight_norm import PositionalConv

RATE_HZ = 16000
HOP = 320  # samples of a unit
WIDTH = 256

_PADDING = 40  # samples of silence on either side: then there are samples // HOP units
UNUSED = ("masked_spec_embed", "label_embedding.weight")  # in checkpoints; only training needs them


class HubertSoft(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.feature_extractor = _FeatureExtractor()
        self.feature_projection = _FeatureProjection()
        self.positional_embedding = _PositionalEmbedding()
        self.norm = nn.LayerNorm(768)
        self.encoder = _Encoder()
        self.proj = nn.Linear(768, WIDTH)

    def forward(self, wave: Tensor) -> Tensor:
        """[clips, samples] → [clips, samples // HOP, WIDTH]. Clips are of one length: a norm runs over all of each."""
        x = self.feature_extractor(functional.pad(wave, (_PADDING, _PADDING))[:, None])
        x = self.feature_projection(x.mT)
        x = self.norm(x + self.positional_embedding(x))
        units: Tensor = self.proj(self.encoder(x))
        return units


class _FeatureExtractor(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv0 = nn.Conv1d(1, 512, 10, 5, bias=False)
        self.norm0 = nn.GroupNorm(512, 512)
        self.conv1, self.conv2, self.conv3, self.conv4 = (nn.Conv1d(512, 512, 3, 2, bias=False) for _ in range(4))
        self.conv5, self.conv6 = (nn.Conv1d(512, 512, 2, 2, bias=False) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        x = functional.gelu(self.norm0(self.conv0(x)))
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4, self.conv5, self.conv6):
            x = functional.gelu(conv(x))
        return x


class _FeatureProjection(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(512)
        self.projection = nn.Linear(512, 768)

    def forward(self, x: Tensor) -> Tensor:
        projected: Tensor = self.projection(self.norm(x))
        return projected


class _PositionalEmbedding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = PositionalConv(768)

    def forward(self, x: Tensor) -> Tensor:
        return functional.gelu(self.conv(x.mT)).mT


class _Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer() for _ in range(12))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.self_attn = _SelfAttention()
        self.linear1 = nn.Linear(768, 3072)
        self.linear2 = nn.Linear(3072, 768)
        self.norm1 = nn.LayerNorm(768)
        self.norm2 = nn.LayerNorm(768)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(x + self.self_attn(x))
        out: Tensor = self.norm2(x + self.linear2(functional.gelu(self.linear1(x))))
        return out


class _SelfAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.randn(3 * 768, 768) / 768**0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * 768))
        self.out_proj = nn.Linear(768, 768)

    def forward(self, x: Tensor) -> Tensor:
        joined = functional.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = (part.unflatten(-1, (12, 64)).transpose(1, 2) for part in joined.chunk(3, -1))
        heads = functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.out_proj(heads.transpose(1, 2).flatten(2))
        return out
