"""Mel-Band RoFormer and BS-RoFormer, which load the public checkpoints key for key.

A spectrum is cut into bands; attention goes along time within each band, then across bands within each frame; a
small network per band gives a complex mask for every stem.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vocalverse.separate.networks import bands, configs
from vocalverse.separate.networks.configs import Architecture, RoformerConfig
from vocalverse.separate.networks.layers import (
    Attention,
    BandSplit,
    LinearAttention,
    MaskEstimator,
    RMSNorm,
    RotaryEmbedding,
    Transformer,
)
from vocalverse.separate.networks.network import Network, NetworkInfo


def build_mel_band(config: Mapping[str, Any]) -> Network:
    return Roformer(configs.from_config(config, Architecture.MEL_BAND))


def build_band_split(config: Mapping[str, Any]) -> Network:
    return Roformer(configs.from_config(config, Architecture.BAND_SPLIT))


class Roformer(Network):
    """Features are [batch, frames, inputs], masks [batch, stems, frames, inputs].

    Their last axis goes band after band, within each bin by bin, channel by channel, real part before imaginary.
    """

    hann: Tensor  # [window]
    rows: Tensor  # [inputs / 2]: bin × channels + channel of every complex input
    places: Tensor  # [most bands that share a bin, bins × channels]: where among the inputs they stand
    shares: Tensor  # as `places`: what each counts for in the mean

    def __init__(self, config: RoformerConfig) -> None:
        super().__init__()
        self.config = config
        self.info = NetworkInfo(
            config.architecture.value, config.sample_rate_hz, config.channels, config.stems, config.chunk
        )
        mel = config.architecture is Architecture.MEL_BAND
        self.bands = (
            bands.mel(config.mel_bands, sample_rate_hz=config.sample_rate_hz, n_fft=config.n_fft)
            if mel
            else bands.adjacent(config.band_bins)
        )
        self._keep_tables()
        # One for each axis; a tuple, because the checkpoints list them under every layer and nowhere else.
        self.rotary = (RotaryEmbedding(config.head_dim), RotaryEmbedding(config.head_dim))
        self.layers = nn.ModuleList(self._layer(norm_output=mel) for _ in range(config.depth))
        self.final_norm = nn.Identity() if mel else RMSNorm(config.dim)
        widths = tuple(2 * config.channels * width for width in self.bands.widths)
        self.band_split = BandSplit(config.dim, widths)
        self.mask_estimators = nn.ModuleList(
            MaskEstimator(config.dim, widths, hidden=config.mask_widths) for _ in config.stems
        )

    def to_config(self) -> Mapping[str, Any]:
        return configs.to_config(self.config)

    def analyse(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """The spectrum is [batch, channels, bins, frames]."""
        spectrum = torch.stft(audio.float().flatten(0, 1), **self._spectrum_options(), return_complex=True)
        spectrum = spectrum.view(*audio.shape[:2], *spectrum.shape[1:])
        # [batch, frames, bins, channels] first, because every later step goes frame by frame.
        rows = spectrum.permute(0, 3, 2, 1).flatten(2)
        if self._has_overlap:
            rows = rows.index_select(2, self.rows)
        return torch.view_as_real(rows.contiguous()).flatten(2), spectrum

    def core(self, features: Tensor) -> Tensor:
        x = self.band_split(features)
        batch, band_count, frames, dim = x.shape
        along_time, along_bands = self.rotary[0](frames), self.rotary[1](band_count)
        for layer in self.layers:
            *linear, time_transformer, frequency_transformer = layer.children()
            for transformer in linear:
                x = transformer(x.reshape(batch, -1, dim), along_time).view(batch, band_count, frames, dim)
            x = time_transformer(x.reshape(-1, frames, dim), along_time)
            x = x.view(batch, band_count, frames, dim).transpose(1, 2)
            x = frequency_transformer(x.reshape(-1, band_count, dim), along_bands)
            x = x.view(batch, frames, band_count, dim).transpose(1, 2)
        x = self.final_norm(x)
        return torch.stack([estimate(x) for estimate in self.mask_estimators], dim=1)

    def synthesise(self, spectrum: Tensor, masks: Tensor, samples: int) -> Tensor:
        masks = torch.view_as_complex(masks.float().reshape(*masks.shape[:-1], -1, 2))
        if self._has_overlap:
            shared = zip(self.places, self.shares, strict=True)
            masks = torch.stack([masks.index_select(-1, places) * share for places, share in shared]).sum(0)
        batch, channels, bins, frames = spectrum.shape
        masks = masks.view(batch, -1, frames, bins, channels).permute(0, 1, 4, 3, 2)
        stems = torch.istft((spectrum.unsqueeze(1) * masks).flatten(0, 2), **self._spectrum_options(), length=samples)
        return stems.view(batch, -1, channels, samples)

    @property
    def _has_overlap(self) -> bool:
        return len(self.bands.bins) > self.bands.spectrum_bins

    def _spectrum_options(self) -> dict[str, Any]:
        return {
            "n_fft": self.config.n_fft,
            "hop_length": self.config.hop,
            "win_length": self.config.window,
            "normalized": self.config.normalised,
            "window": self.hann,
        }

    def _keep_tables(self) -> None:
        """Beside the weights, and on the CPU even while the rest is built on the meta device."""
        channels = self.config.channels
        offsets = np.arange(channels)
        places = self.bands.places
        shares = (places >= 0) / self.bands.overlap
        inputs = np.maximum(places, 0)[..., None] * channels + offsets
        tables = {
            "rows": (self.bands.bins[:, None] * channels + offsets).ravel(),
            "places": inputs.reshape(len(places), -1),
            "shares": np.repeat(shares, channels, axis=-1).astype(np.float32),
        }
        for name, table in tables.items():
            self.register_buffer(name, torch.tensor(table, device="cpu"), persistent=False)
        self.register_buffer("hann", torch.hann_window(self.config.window, device="cpu"), persistent=False)

    def _layer(self, *, norm_output: bool) -> nn.ModuleList:
        config = self.config
        heads, head_dim, dim = config.heads, config.head_dim, config.dim

        def rotating(depth: int, rotary: RotaryEmbedding) -> Transformer:
            attentions = [Attention(dim, heads=heads, head_dim=head_dim, rotary_embed=rotary) for _ in range(depth)]
            return Transformer(attentions, dim=dim, norm_output=norm_output)

        linear = [LinearAttention(dim, heads=heads, head_dim=head_dim) for _ in range(config.linear_depth)]
        return nn.ModuleList(
            [
                *([Transformer(linear, dim=dim, norm_output=norm_output)] if linear else []),
                rotating(config.time_depth, self.rotary[0]),
                rotating(config.frequency_depth, self.rotary[1]),
            ]
        )
