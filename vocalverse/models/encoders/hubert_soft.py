"""HuBERT-soft: what is sung, 50 times a second, with little of who sings. Attributes are the published keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalverse.errors import ModelBroken
from vocalverse.models.encoders.checkpoint import Hollow, load_into, read_folder, weight_files
from vocalverse.models.encoders.weight_norm import PositionalConv, in_the_old_spelling

RATE_HZ = 16_000
HOP = 320  # samples of a unit
UNUSED = ("masked_spec_embed", "label_embedding.")  # in checkpoints; only training needs them

_PADDING = 40  # samples of silence on either side: then there are samples // HOP units
_HEAD = 64  # width of a head
_PREFIXES = ("module.", "")


@dataclass(frozen=True)
class HubertSize:
    """The only published one, unless it says otherwise."""

    channels: int = 512
    width: int = 768
    layers: int = 12
    inner: int = 3072
    units: int = 256


def files(folder: Path) -> tuple[Path, ...]:
    return weight_files(folder, _PREFIXES)


def read_net(folder: Path) -> "HubertSoft":
    tensors = in_the_old_spelling(read_folder(folder, _PREFIXES))
    size = _size(tensors, folder)
    with Hollow():
        net = HubertSoft(size)
    load_into(net, tensors, folder, ignore=UNUSED)
    return net


class HubertSoft(nn.Module):
    def __init__(self, size: HubertSize) -> None:
        super().__init__()
        self.size = size
        self.feature_extractor = _FeatureExtractor(size.channels)
        self.feature_projection = _FeatureProjection(size)
        self.positional_embedding = _PositionalEmbedding(size.width)
        self.norm = nn.LayerNorm(size.width)
        self.encoder = _Encoder(size)
        self.proj = nn.Linear(size.width, size.units)

    def forward(self, wave: Tensor) -> Tensor:
        """[clips, samples] → [clips, samples // HOP, units]. Clips are of one length: a norm runs over all of each."""
        x = self.feature_projection(self.feature_extractor(functional.pad(wave, (_PADDING, _PADDING))))
        x = self.norm(x + self.positional_embedding(x))
        units: Tensor = self.proj(self.encoder(x))
        return units


class _FeatureExtractor(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv1d(1, channels, 10, 5, bias=False)
        self.norm0 = nn.GroupNorm(channels, channels)
        self.conv1, self.conv2, self.conv3, self.conv4, self.conv5, self.conv6 = (
            nn.Conv1d(channels, channels, kernel, 2, bias=False) for kernel in (3, 3, 3, 3, 2, 2)
        )

    def forward(self, wave: Tensor) -> Tensor:
        """[clips, samples] → [clips, frames, channels].

        The first convolution has one channel to look at, and is quicker as the matrix product that it is; the others
        are quicker over pictures of one row whose channels lie side by side.
        """
        (kernel,), (stride,) = self.conv0.kernel_size, self.conv0.stride
        x = self.conv0.weight[:, 0] @ wave.unfold(-1, kernel, stride).mT
        x = functional.gelu(self.norm0(x))[:, :, None].contiguous(memory_format=torch.channels_last)
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4, self.conv5, self.conv6):
            x = functional.gelu(functional.conv2d(x, conv.weight[:, :, None], stride=(1, *conv.stride)))
        return x[:, :, 0].mT


class _FeatureProjection(nn.Module):
    def __init__(self, size: HubertSize) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size.channels)
        self.projection = nn.Linear(size.channels, size.width)

    def forward(self, x: Tensor) -> Tensor:
        projected: Tensor = self.projection(self.norm(x))
        return projected


class _PositionalEmbedding(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = PositionalConv(width)

    def forward(self, x: Tensor) -> Tensor:
        return functional.gelu(self.conv(x.mT)).mT


class _Encoder(nn.Module):
    def __init__(self, size: HubertSize) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(size) for _ in range(size.layers))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class _Layer(nn.Module):
    def __init__(self, size: HubertSize) -> None:
        super().__init__()
        self.self_attn = _SelfAttention(size.width)
        self.linear1 = nn.Linear(size.width, size.inner)
        self.linear2 = nn.Linear(size.inner, size.width)
        self.norm1 = nn.LayerNorm(size.width)
        self.norm2 = nn.LayerNorm(size.width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(x + self.self_attn(x))
        out: Tensor = self.norm2(x + self.linear2(functional.gelu(self.linear1(x))))
        return out


class _SelfAttention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.randn(3 * width, width) / width**0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        joined = functional.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = joined.view(*joined.shape[:2], 3, -1, _HEAD).permute(2, 0, 3, 1, 4)
        heads = functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.out_proj(heads.transpose(1, 2).flatten(2))
        return out


def _size(tensors: Mapping[str, Tensor], folder: Path) -> HubertSize:
    """As the shapes tell it."""
    try:
        units, width = tensors["proj.weight"].shape
        return HubertSize(
            channels=len(tensors["feature_extractor.norm0.weight"]),
            width=width,
            layers=sum(name.endswith(".self_attn.in_proj_weight") for name in tensors),
            inner=len(tensors["encoder.layers.0.linear1.weight"]),
            units=units,
        )
    except (KeyError, ValueError) as error:
        raise ModelBroken(f"{folder} holds no HuBERT-soft: it has no {error}.") from error
