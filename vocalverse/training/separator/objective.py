"""What a separating network is trained to make small: the error in the waveform, and in the magnitudes."""

import torch
from torch import Tensor

_BEST_DB = 30.0  # an error this far under the mix is as good as none: easy mixtures do not pull
_COMPRESSION = 0.3
_MAGNITUDE_SHARE = 20.0  # decibels per unit of compressed magnitude error
_RESOLUTIONS = ((2048, 512), (512, 256))  # n_fft, hop


def loss(estimate: Tensor, voice: Tensor, mix: Tensor) -> Tensor:
    """All [batch, channels, samples]; in decibels, about: the error's level against the mix's, and magnitudes'."""
    return error_db(estimate, voice, mix).mean() + _MAGNITUDE_SHARE * magnitude_error(estimate, voice, mix)


def error_db(estimate: Tensor, voice: Tensor, mix: Tensor) -> Tensor:
    """[batch]. Against the mix, since a voice may pause for a whole excerpt."""
    error = (estimate - voice).square().sum(dim=(1, 2))
    whole = mix.square().sum(dim=(1, 2)) + 1e-6
    return 10 * torch.log10(error / whole + 10 ** (-_BEST_DB / 10))


def magnitude_error(estimate: Tensor, voice: Tensor, mix: Tensor) -> Tensor:
    total = estimate.new_zeros(())
    for n_fft, hop in _RESOLUTIONS:
        level = _magnitudes(mix, n_fft, hop).mean()
        total = total + (_magnitudes(estimate, n_fft, hop) - _magnitudes(voice, n_fft, hop)).abs().mean() / level
    return total / len(_RESOLUTIONS)


def _magnitudes(audio: Tensor, n_fft: int, hop: int) -> Tensor:
    """Of mid alone: half the work, and the sides hold little voice."""
    window = torch.hann_window(n_fft, device=audio.device)
    spectrum = torch.stft(audio.mean(dim=1), n_fft, hop, window=window, center=False, return_complex=True)
    energy = torch.view_as_real(spectrum).square().sum(-1)
    result: Tensor = (energy + 1e-7) ** (_COMPRESSION / 2)
    return result
