"""What a mask leaves together, places in the stereo image can still part: one turn of a multichannel Wiener filter.

After Duong, Vincent and Gribonval (2010) as norbert has it, but with the mask itself as the power of each stem:
where both channels are alike, what comes out is the masked spectrum.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_LOADING = 1e-2  # of a bin's power: what neither place explains, the mask divides
_SILENCE = 1e-20
_AT_ONCE = 15_000  # complex values: so few stay in a processor's cache from the first step to the last


@dataclass(frozen=True)
class _Place:
    """Where a stem sounds, for each bin [batch, 1, bins]: its power's parts left and right, and how they go together."""

    left: Tensor
    right: Tensor
    across: Tensor  # [2, batch, 1, bins]


def placed(spectrum: Tensor, mask: Tensor) -> Tensor:
    """The voice's spectrum, of a complex one and its mask [batch, 2, frames, bins]; backing is what remains."""
    count = 1 if spectrum.is_cuda else -(-spectrum.numel() // 2 // _AT_ONCE)
    blocks = list(zip(spectrum.chunk(count, 2), mask.chunk(count, 2), strict=True))
    voice, backing = (_place(sum(sums)) for sums in zip(*(_sums(*block) for block in blocks), strict=True))
    return torch.cat([_apart(*block, voice, backing) for block in blocks], 2)


def _sums(spectrum: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Over time, of either stem: power left and right, and one channel times the other [4, batch, 1, bins]."""
    x, y = _real(spectrum)
    power, together = _power(x, y), _times(x, _conjugate(y))
    return _sum(mask, power, together), _sum(1 - mask, power, together)


def _sum(mask: Tensor, power: Tensor, together: Tensor) -> Tensor:
    powers = (mask.square() * power).sum(2, keepdim=True)
    across = (mask[:, 0] * mask[:, 1] * together).sum(2, keepdim=True)
    return torch.cat([powers.movedim(1, 0), across])


def _place(sums: Tensor) -> _Place:
    normal = sums / ((sums[0] + sums[1]) / 2 + _SILENCE)
    return _Place(normal[0], normal[1], normal[2:])


def _apart(spectrum: Tensor, mask: Tensor, voice: _Place, backing: _Place) -> Tensor:
    x, y = _real(spectrum)
    power = _power(x, y)
    # Of the power, 2 being all of it: what is not the voice's is the backing's.
    share = 2 * (mask * power).sum(1) / (power.sum(1) + _SILENCE)
    left = (voice.left - backing.left) * share + (2 * backing.left + _LOADING)
    right = (voice.right - backing.right) * share + (2 * backing.right + _LOADING)
    across = (voice.across - backing.across) * share + 2 * backing.across
    whole = left * right - across.square().sum(0)
    u = (right * x - _times(across, y)) / whole
    w = (left * y - _times(_conjugate(across), x)) / whole
    loaded = (mask * _LOADING).unbind(1)
    heard = [
        (share * voice.left + loaded[0]) * u + share * _times(voice.across, w),
        (share * voice.right + loaded[1]) * w + share * _times(_conjugate(voice.across), u),
    ]
    return torch.view_as_complex(torch.stack(heard, 2).movedim(0, -1).contiguous())


def _real(spectrum: Tensor) -> tuple[Tensor, Tensor]:
    """Both channels, each [2, batch, frames, bins]: real and imaginary parts apart are reckoned with far sooner."""
    x, y = torch.view_as_real(spectrum).movedim(-1, 0).contiguous().unbind(2)
    return x, y


def _power(x: Tensor, y: Tensor) -> Tensor:
    return torch.stack([x.square().sum(0), y.square().sum(0)], 1)


def _times(one: Tensor, other: Tensor) -> Tensor:
    (a, b), (c, d) = one, other
    return torch.stack([a * c - b * d, a * d + b * c])


def _conjugate(number: Tensor) -> Tensor:
    return torch.stack([number[0], -number[1]])
