"""Spleeter's two U-Nets: one hears the voice, one the backing, and what each hears decides the mask.

They see magnitudes of 1024 of 2049 bins, up to 11 kHz. As they estimate shares of the same magnitude, voice's part
of the power is v² / (v² + b²) of those shares.

What they hear depends on its level: 12 dB from where they hear best they lose a decibel or more. So every chunk comes
to them at one level. Only masks leave them, so the recording keeps its own.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalverse.errors import ModelBroken
from vocalverse.separate.networks.network import Network, NetworkInfo
from vocalverse.separate.networks.wiener import placed

_KERNEL = 5
_NEVER_BOTH_ZERO = 1e-10
_MOST_GAIN = 100.0  # what is 40 dB too quiet is no music


@dataclass(frozen=True)
class UNetConfig:
    """Spleeter's own values and the level that it hears best; tests take smaller ones."""

    widths: tuple[int, ...] = (16, 32, 64, 128, 256, 512)  # channels after each halving
    bins: int = 1024  # that the nets see, from 0 Hz
    n_fft: int = 4096
    hop: int = 1024
    frames: int = 512  # of a chunk
    sample_rate_hz: int = 44100
    level: float = 5.0  # root mean square of the magnitudes of a chunk as the nets hear it: -21 dBFS at 4096 points

    def __post_init__(self) -> None:
        sizes = (*self.widths, self.bins, self.n_fft, self.hop, self.frames, self.sample_rate_hz)
        whole = all(type(value) is int and value > 0 for value in sizes)
        if not whole or not 1 <= len(self.widths) <= 8 or max(self.widths) > 4096:
            raise ModelBroken("A U-Net's config consists of whole numbers above 0, with 1 to 8 widths up to 4096.")
        if self.n_fft % self.hop or self.hop * 4 > self.n_fft or self.n_fft > 32768:
            raise ModelBroken(f"A window of {self.n_fft} samples does not go with a hop of {self.hop}.")
        if self.bins > self.n_fft // 2 + 1 or self.bins % self.multiple or self.frames % self.multiple:
            raise ModelBroken(f"{self.bins} bins and {self.frames} frames have to be multiples of {self.multiple}.")
        if self.frames > 65536:
            raise ModelBroken(f"No U-Net hears {self.frames} frames at once.")
        if type(self.level) not in {int, float} or not 0 < self.level < 1e6:
            raise ModelBroken(f"A level of {self.level!r} is nothing to hear at.")

    @property
    def multiple(self) -> int:
        """What frames and bins are divisible by."""
        return int(2 ** len(self.widths))

    @property
    def chunk(self) -> int:
        """Samples: the frames' centres lie on its ends."""
        return (self.frames - 1) * self.hop


class Affine(nn.Module):
    """A batch norm that has stopped learning. It stands where nothing can take it in: after skips, before padding."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.shift, x, self.gain)


class UNet(nn.Module):
    """Magnitudes [batch, 2, frames, bins] → the share of them that is its own."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        down = (2, *widths)
        up = (*reversed(widths), 1)
        depth = len(widths)
        self.downs = nn.ModuleList(nn.Conv2d(down[i], down[i + 1], _KERNEL, 2) for i in range(depth))
        # The innermost norm is Spleeter's too, but nothing follows it: its skip is all that goes on.
        self.down_norms = nn.ModuleList(Affine(width) for width in widths[:-1])
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(up[i] * (2 if i else 1), up[i + 1], _KERNEL, 2, padding=1) for i in range(depth)
        )
        self.up_norms = nn.ModuleList(Affine(width) for width in up[1:])
        self.out = nn.Conv2d(1, 2, 4, dilation=2, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for i, down in enumerate(self.downs):
            if i:
                x = functional.leaky_relu(self.down_norms[i - 1](x), 0.2)
            x = down(functional.pad(x, (1, 2, 1, 2)))
            skips.append(x)
        x = skips.pop()
        for i, (up, norm) in enumerate(zip(self.ups, self.up_norms, strict=True)):
            if i:
                x = torch.cat([skips.pop(), x], dim=1)
            x = norm(functional.relu(up(x)[..., :-1, :-1]))
        return torch.sigmoid(self.out(x))


class UNetPair(Network):
    """Stems sum up to what came in."""

    window: Tensor

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        self.info = NetworkInfo("unet_pair", config.sample_rate_hz, 2, ("voice", "backing"), config.chunk)
        self.voice = UNet(config.widths)
        self.backing = UNet(config.widths)
        self.register_buffer("window", torch.hann_window(config.n_fft), persistent=False)

    def to_config(self) -> Mapping[str, Any]:
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self.config).items()}

    def analyse(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """→ magnitudes at the nets' level [batch, 2, frames, bins], spectrum [batch, 2, frames, all bins]."""
        config = self.config
        batch, channels, samples = audio.shape
        frames = -(-samples // config.hop) + 1
        frames += -frames % config.multiple
        padded = functional.pad(audio, (0, (frames - 1) * config.hop - samples)).reshape(batch * channels, -1)
        spectrum = torch.stft(padded, config.n_fft, config.hop, window=self.window, return_complex=True)
        spectrum = spectrum.transpose(1, 2).reshape(batch, channels, frames, -1)
        magnitudes = spectrum[..., : config.bins].abs()
        heard = magnitudes.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        return magnitudes * (config.level / heard.clamp_min(config.level / _MOST_GAIN)), spectrum

    def core(self, features: Tensor) -> Tensor:
        """→ the voice's mask [batch, 2, frames, bins]."""
        voice, backing = self.voice(features).square(), self.backing(features).square()
        mask: Tensor = voice / (voice + backing + _NEVER_BOTH_ZERO)
        return mask

    def synthesise(self, spectrum: Tensor, masks: Tensor, samples: int) -> Tensor:
        """Above the bins that the nets see, the mean of their highest bins goes on."""
        config = self.config
        above = spectrum.shape[-1] - config.bins
        beyond = masks[..., -config.bins // 16 :].mean(-1, keepdim=True).expand(-1, -1, -1, above)
        voice = placed(spectrum, torch.cat([masks, beyond], dim=-1).to(spectrum.real.dtype))
        # One after the other: the windows of both at once are what would take most memory of a whole song's.
        return torch.stack([self._sound(voice, samples), self._sound(spectrum - voice, samples)], dim=1)

    def _sound(self, spectrum: Tensor, samples: int) -> Tensor:
        config = self.config
        batch, channels, frames, _ = spectrum.shape
        windows, length = spectrum.flatten(0, 1).transpose(1, 2), (frames - 1) * config.hop
        audio = torch.istft(windows, config.n_fft, config.hop, window=self.window, length=length)
        return audio[:, :samples].reshape(batch, channels, samples)


def build(config: Mapping[str, Any]) -> UNetPair:
    known = {field.name for field in fields(UNetConfig)}
    if set(config) != known or not isinstance(config["widths"], list | tuple):
        raise ModelBroken(f"A U-Net's config has {', '.join(sorted(known))}, and nothing else.")
    return UNetPair(UNetConfig(**{**config, "widths": tuple(config["widths"])}))
