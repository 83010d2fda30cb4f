"""A small net after Spleeter's U-Nets: it sees the mix and their mask, and gives a complex mask that starts as theirs.

The U-Nets' outer layers learn with it, their inner ones, nine tenths of the weights, stay Spleeter's. Bins up to 8 kHz are cut into bands, a vector of `dim` for each band and frame; blocks then mix neighbours in time,
bands and the vector itself, all as matrix products. Nothing is learnt above 8 kHz: the U-Nets' mask stays there.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalverse.errors import ModelBroken
from vocalverse.separate import weights
from vocalverse.separate.networks import unet
from vocalverse.separate.networks.network import Network
from vocalverse.separate.networks.unet import UNetPair

_COMPRESSION = 0.3  # magnitudes enter as their 0.3rd power, so that quiet partials count
_OUTER_DOWNS, _INNER_UPS = 4, 2  # of Spleeter's six and six layers
_STEP = 0.05  # what the last matrices give is made this much smaller: from nothing, they would leap past the mask
_FEATURES = 4  # of each channel and bin: real, imaginary, the U-Nets' voice and backing


@dataclass(frozen=True)
class RefinerConfig:
    """`bands` lists (how many, bins in each), from 0 Hz upwards."""

    dim: int = 96
    hidden: int = 192
    dilations: tuple[int, ...] = (1, 2, 4, 8, 2, 4)  # one block each, in frames
    bands: tuple[tuple[int, int], ...] = ((12, 8), (12, 16), (14, 32))
    channels: int = 2

    @property
    def band_count(self) -> int:
        return sum(count for count, _ in self.bands)

    @property
    def bins(self) -> int:
        return sum(count * width for count, width in self.bands)

    def __post_init__(self) -> None:
        numbers = (self.dim, self.hidden, self.channels, *self.dilations, *(n for band in self.bands for n in band))
        if not all(0 < number <= 4096 for number in numbers) or not self.dilations or not self.bands:
            raise ModelBroken("A refining net's config consists of whole numbers from 1 to 4096.")

    def to_config(self) -> dict[str, Any]:
        return {name: list(map(list, v)) if name == "bands" else v for name, v in asdict(self).items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "RefinerConfig":
        try:
            return cls(
                dim=int(config["dim"]),
                hidden=int(config["hidden"]),
                dilations=tuple(int(d) for d in config["dilations"]),
                bands=tuple((int(count), int(width)) for count, width in config["bands"]),
                channels=int(config["channels"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelBroken(f"The refining net's config is wrong at {error}.") from None


class BandLinear(nn.Module):
    """For every band a matrix of its own; bands of equal width share one product."""

    def __init__(self, count: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(count, inputs, outputs) / inputs**0.5)
        self.bias = nn.Parameter(torch.zeros(count, 1, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """[bands, rows, inputs] → [bands, rows, outputs]."""
        y: Tensor = torch.baddbmm(self.bias.to(x.dtype), x, self.weight.to(x.dtype))
        return y


class Block(nn.Module):
    """Time, bands, vector: each added to what came in. All start at nothing."""

    def __init__(self, config: RefinerConfig, dilation: int) -> None:
        super().__init__()
        dim, bands = config.dim, config.band_count
        self.dilation = dilation
        self.time_norm, self.band_norm, self.norm = (nn.LayerNorm(dim) for _ in range(3))
        self.time = nn.Linear(3 * dim, dim)
        self.time_out = nn.Linear(dim, dim)
        self.across = nn.Linear(bands, 2 * bands)
        self.across_out = nn.Linear(2 * bands, bands)
        self.inner = nn.Linear(dim, config.hidden)
        self.inner_out = nn.Linear(config.hidden, dim)
        for last in (self.time_out, self.across_out, self.inner_out):
            nn.init.normal_(last.weight, std=0.02)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, frames, bands, dim] → the same shape."""
        x = x + self.time_out(functional.gelu(self.time(self._neighbours(self.time_norm(x)))))
        y = self.band_norm(x).transpose(2, 3)
        x = x + self.across_out(functional.gelu(self.across(y))).transpose(2, 3)
        out: Tensor = x + self.inner_out(functional.gelu(self.inner(self.norm(x))))
        return out

    def _neighbours(self, x: Tensor) -> Tensor:
        """Each frame beside the one `dilation` before and the one after."""
        frames, step = x.shape[1], self.dilation
        padded = functional.pad(x, (0, 0, 0, 0, step, step))
        return torch.cat([padded[:, :frames], x, padded[:, 2 * step :]], dim=-1)


class Refiner(nn.Module):
    """Spectrum and the U-Nets' voice mask → what to add to that mask."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        per_bin, outputs = config.channels * _FEATURES, config.channels * 2
        self.embed = nn.ModuleList(BandLinear(n, width * per_bin, config.dim) for n, width in config.bands)
        self.blocks = nn.ModuleList(Block(config, dilation) for dilation in config.dilations)
        self.norm = nn.LayerNorm(config.dim)
        self.unfold = nn.Linear(config.dim, config.hidden)
        outs = [BandLinear(n, config.hidden + width * per_bin, width * outputs) for n, width in config.bands]
        for out in outs:
            nn.init.zeros_(out.weight)
        self.outputs = nn.ModuleList(outs)

    def forward(self, spectrum: Tensor, mask: Tensor) -> Tensor:
        """[batch, channels, 2, frames, bins] and [batch, channels, frames, bins] → as the spectrum, to be added."""
        features = self._features(spectrum, mask)
        banded = self._in_bands(features)
        x = torch.cat([embed(part) for embed, part in zip(self.embed, banded, strict=True)])
        batch, frames = features.shape[:2]
        x = x.view(self.config.band_count, batch, frames, self.config.dim).permute(1, 2, 0, 3).contiguous()
        for block in self.blocks:
            x = block(x)
        x = functional.gelu(self.unfold(self.norm(x))).permute(2, 0, 1, 3)
        return self._out_of_bands(x.reshape(self.config.band_count, batch * frames, -1), banded, spectrum.shape)

    def _features(self, spectrum: Tensor, mask: Tensor) -> Tensor:
        """→ [batch, frames, bins, channels × 4], with the level taken out."""
        bins = self.config.bins
        spectrum, mask = spectrum[..., :bins].float(), mask[..., :bins].float()
        energy = spectrum.square().sum(2) + 1e-10
        magnitude = energy ** (_COMPRESSION / 2)
        level = magnitude.mean(dim=(1, 2, 3), keepdim=True) + 1e-4
        magnitude = magnitude / level
        direction = spectrum * (energy**-0.5 * magnitude).unsqueeze(2)
        parts = torch.cat([direction, (mask * magnitude).unsqueeze(2), ((1 - mask) * magnitude).unsqueeze(2)], dim=2)
        batch, channels, _, frames, _ = parts.shape
        return parts.permute(0, 3, 4, 1, 2).reshape(batch, frames, bins, channels * _FEATURES)

    def _in_bands(self, features: Tensor) -> list[Tensor]:
        """→ for every group of equal bands [bands, batch × frames, width × features]."""
        batch, frames, _, per_bin = features.shape
        parts, first = [], 0
        for count, width in self.config.bands:
            part = features[:, :, first : first + count * width].reshape(batch * frames, count, width * per_bin)
            parts.append(part.transpose(0, 1))
            first += count * width
        return parts

    def _out_of_bands(self, x: Tensor, banded: list[Tensor], shape: torch.Size) -> Tensor:
        batch, channels, _, frames, bins = shape
        parts, first = [], 0
        for output, part in zip(self.outputs, banded, strict=True):
            count = part.shape[0]
            out = output(torch.cat([x[first : first + count], part.to(x.dtype)], dim=-1))
            parts.append(out.transpose(0, 1).reshape(batch, frames, -1, channels * 2))
            first += count
        joined = _STEP * torch.cat(parts, dim=2).float()
        joined = joined.view(batch, frames, self.config.bins, channels, 2).permute(0, 3, 4, 1, 2)
        return functional.pad(joined, (0, bins - self.config.bins))


class RefinedUNet(Network):
    """The U-Nets, and then the refiner. Before its first lesson it is the U-Nets exactly.

    `bundled`: the U-Nets' inner layers lie in a file of their own, under a licence of their own, for all to share.
    """

    ARCHITECTURE = "refined_unet"

    def __init__(self, config: RefinerConfig, unet: UNetPair, *, bundled: bool) -> None:
        super().__init__()
        if config.bins > unet.config.bins:
            raise ModelBroken(f"The refining net's {config.bins} bins are more than its U-Nets' {unet.config.bins}.")
        self.info = replace(unet.info, architecture=self.ARCHITECTURE)
        self.unet = unet
        for name, parameter in unet.named_parameters():
            parameter.requires_grad_(not _is_inner(name))
        self.refiner = Refiner(config)
        self._bundled = bundled
        if bundled:
            self.register_state_dict_post_hook(_without_inner)  # type: ignore[no-untyped-call]
            self.register_load_state_dict_post_hook(_inner_is_there)  # type: ignore[no-untyped-call]

    def to_config(self) -> Mapping[str, Any]:
        return {
            "refiner": self.refiner.config.to_config(),
            "unet": None if self._bundled else dict(self.unet.to_config()),
        }

    def analyse(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """→ spectrum as real and imaginary [batch, 2, 2, frames, bins the U-Nets see], and whole."""
        _, spectrum = self.unet.analyse(audio)
        heard = spectrum[..., : self.unet.config.bins]
        return torch.stack([heard.real, heard.imag], dim=2), spectrum

    def core(self, features: Tensor) -> Tensor:
        """→ complex mask of the voice, as the features."""
        mask = self.unet.core(features.square().sum(2).sqrt()).float()
        correction = self.refiner(features, mask)
        return torch.stack([correction[:, :, 0] + mask, correction[:, :, 1]], dim=2)

    def synthesise(self, spectrum: Tensor, masks: Tensor, samples: int) -> Tensor:
        """Above the bins that the U-Nets see, the mean of their highest bins goes on, as in theirs."""
        config = self.unet.config
        batch, channels, frames, bins = spectrum.shape
        beyond = masks[..., -config.bins // 16 :].mean(-1, keepdim=True).expand(-1, -1, -1, -1, bins - config.bins)
        mask = torch.cat([masks, beyond], dim=-1).float()
        masked = spectrum * torch.complex(mask[:, :, 0], mask[:, :, 1])
        audible = torch.stack([masked, spectrum - masked], dim=1).reshape(-1, frames, bins).transpose(1, 2)
        window = self.unet.window
        audio = torch.istft(audible, config.n_fft, config.hop, window=window, length=(frames - 1) * config.hop)
        return audio[:, :samples].reshape(batch, 2, channels, samples)


def _is_inner(name: str) -> bool:
    """Of the U-Nets' layers, the two deepest on the way down and on the way up; norms are never inner."""
    part = re.search(r"(?:^|\.)(downs|ups)\.(\d+)\.", name)
    return part is not None and (int(part[2]) >= _OUTER_DOWNS if part[1] == "downs" else int(part[2]) < _INNER_UPS)


def _without_inner(_network: nn.Module, state: dict[str, Tensor], _prefix: str, _metadata: object) -> None:
    for name in [name for name in state if _is_inner(name)]:
        del state[name]


def _inner_is_there(_network: nn.Module, keys: Any) -> None:
    keys.missing_keys[:] = [name for name in keys.missing_keys if not _is_inner(name)]


def build(config: Mapping[str, Any]) -> RefinedUNet:
    """`unet` is the config of U-Nets whose weights all lie beside the refiner's, or None: the bundled ones."""
    if set(config) != {"refiner", "unet"} or not isinstance(config["refiner"], Mapping):
        raise ModelBroken("A refined U-Net's config has `refiner` and `unet`, and nothing else.")
    refiner = RefinerConfig.from_config(config["refiner"])
    if config["unet"] is None:
        first = weights.load(weights.BUNDLED / "spleeter_2stems.safetensors")
        if not isinstance(first, UNetPair):
            raise ModelBroken("The bundled U-Nets are something else: install VocalVerse anew.")
        return RefinedUNet(refiner, first, bundled=True)
    return RefinedUNet(refiner, unet.build(config["unet"]), bundled=False)
