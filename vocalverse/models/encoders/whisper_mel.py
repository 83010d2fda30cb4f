"""The mel spectrogram that Whisper and all that stems from it hear."""

import numpy as np
import torch
from torch import Tensor

from vocalverse.models.encoders.mel import MelOptions, power_mel
from vocalverse.models.encoders.sound import Mono, Sound
from vocalverse.models.encoders.windows import Window, samples_of

RATE_HZ = 16_000
HOP = 160
FRAMES = 3000  # of a whole window of 30 s

_FFT = 400
_QUIETEST = 1e-10  # power
_RANGE = 8.0  # decades below the loudest that are kept


def whisper_mel(samples: Mono, bands: int) -> Tensor:
    """[bands, samples // 160] of sound at 16 kHz; what is 80 dB below the loudest is raised to that."""
    power = power_mel(torch.from_numpy(samples), MelOptions(RATE_HZ, _FFT, HOP, bands))[:, :-1]
    decades = power.clamp_min(_QUIETEST).log10()
    return (decades.clamp_min(decades.max() - _RANGE) + 4) / 4


def whisper_window(sound: Sound, window: Window, bands: int) -> Tensor:
    """All that a window's frames depend on, of the 30 s that it would be filled up to. Made once for all who ask."""
    samples = samples_of(sound, window, RATE_HZ)
    return sound.made(("whisper", bands, window.start, window.stop), lambda: _filled(samples, bands))


def _filled(samples: Mono, bands: int) -> Tensor:
    """Two frames of silence behind the last one are as far as the convolutions look."""
    frames = min(-(-len(samples) // (2 * HOP)) * 2 + 2, FRAMES)
    filled = min(frames * HOP + _FFT, FRAMES * HOP)
    return whisper_mel(np.pad(samples, (0, filled - len(samples))), bands)[:, :frames].contiguous()
