"""What a mask leaves together, places in the stereo image can still part: one turn of a multichannel Wiener filter.

After Duong, Vincent and Gribonval (2010) as norbert has it, but with the mask itself as the power of each stem:
where both channels are alike, what comes out is the masked spectrum.
"""

import torch
from torch import Tensor

_LOADING = 1e-2  # of a bin's power: what neither place explains, the mask divides
_SILENCE = 1e-20


def placed(spectrum: Tensor, mask: Tensor) -> Tensor:
    """The voice's spectrum, of a complex one and its mask [batch, 2, frames, bins]; backing is what remains."""
    power = spectrum.abs().square()
    voice, backing = (mask * power).mean(1), ((1 - mask) * power).mean(1)
    level = (voice + backing) / 2 + _SILENCE
    voice, backing = voice / level, backing / level
    left, right, across = _place(spectrum * mask)
    others = _place(spectrum - spectrum * mask)
    both_left, both_right = (
        voice * ours + backing * theirs + _LOADING for ours, theirs in zip((left, right), others[:2], strict=True)
    )
    both_across = voice * across + backing * others[2]
    whole = both_left * both_right - both_across.abs().square()
    x, y = spectrum.unbind(1)
    u = (both_right * x - both_across * y) / whole
    w = (both_left * y - both_across.conj() * x) / whole
    heard = torch.stack([voice * (left * u + across * w), voice * (right * w + across.conj() * u)], 1)
    return heard + mask * _LOADING * torch.stack([u, w], 1)


def _place(stem: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Where it sounds, for each bin [batch, 1, bins]: parts of its power left and right, and how they go together."""
    x, y = stem.unbind(1)
    left, right = (channel.abs().square().sum(1, keepdim=True) for channel in (x, y))
    power = (left + right) / 2 + _SILENCE
    return left / power, right / power, (x * y.conj()).sum(1, keepdim=True) / power
