"""What encoders are timed with: networks that learnt nothing, and a voice that nobody sang."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from vocalverse.models.encoders.sound import Mono

RATE_HZ = 16_000

_Net = TypeVar("_Net", bound=nn.Module)


def random_net(build: Callable[[], _Net]) -> _Net:
    """The same numbers every time; speed does not depend on them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = build().eval().requires_grad_(False)
        for parameter in net.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=parameter[0].numel() ** -0.5)
            else:
                parameter.fill_(1)
    return net


def made_voice(seconds: int) -> Mono:
    """A glide in noise: no window is like another."""
    t = np.arange(seconds * RATE_HZ) / RATE_HZ
    glide = np.sin(2 * np.pi * (200 + 2 * t) * t)
    return (0.2 * glide + 0.02 * np.random.default_rng(0).standard_normal(len(t))).astype(np.float32)
