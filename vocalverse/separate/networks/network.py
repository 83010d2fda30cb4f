"""What every separating network is to the rest of the house: three steps, of which only the middle one is heavy."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class NetworkInfo:
    """What a caller has to know of a network to feed it."""

    architecture: str
    sample_rate_hz: int
    channels: int
    stems: tuple[str, ...]  # in the order of its output
    chunk: int  # samples that it is given at once


class Network(nn.Module, ABC):
    """audio → features → masks → stems. Backends compile or convert `core` alone: it is real, and of fixed shape."""

    info: NetworkInfo

    @abstractmethod
    def to_config(self) -> Mapping[str, Any]:
        """What `networks.build` makes the same network from: JSON's types only."""

    @abstractmethod
    def analyse(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """[batch, channels, samples] → real features for `core`, and the complex spectrum that masks apply to."""

    @abstractmethod
    def core(self, features: Tensor) -> Tensor:
        """Features → masks, both real."""

    @abstractmethod
    def synthesise(self, spectrum: Tensor, masks: Tensor, samples: int) -> Tensor:
        """→ [batch, stems, channels, samples]."""

    @torch.inference_mode()
    def separate(self, audio: Tensor) -> Tensor:
        """All three, without gradients."""
        stems: Tensor = self(audio)
        return stems

    def forward(self, audio: Tensor) -> Tensor:
        features, spectrum = self.analyse(audio)
        return self.synthesise(spectrum, self.core(features), audio.shape[-1])
