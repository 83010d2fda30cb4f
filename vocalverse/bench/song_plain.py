"""The chain of usual tools that a whole song runs against, as people write it: Spleeter's two nets as they were published,
librosa's pYIN, WORLD, and Whisper's encoder through transformers.
"""

import copy
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalverse.bench.encode import through_transformers
from vocalverse.bench.measure_plain import analyse
from vocalverse.models.encoders.shelf import BUNDLED
from vocalverse.models.encoders.whisper import read_net
from vocalverse.models.encoders.whisper_mel import RATE_HZ
from vocalverse.separate.networks.unet import Affine, UNet, UNetPair
from vocalverse.separate.options import EarOptions
from vocalverse.separate.precision import Precision
from vocalverse.separate.weights import load

_WHISPER = BUNDLED / "whisper-tiny-en"
_NEVER_ZERO = 1e-10


class PlainUNet(nn.Module):
    """With norms that stand by themselves, as the ports to torch have it."""

    def __init__(self, ours: UNet) -> None:
        super().__init__()
        self.downs, self.ups = copy.deepcopy(ours.downs), copy.deepcopy(ours.ups)
        self.down_norms, self.up_norms = _norms(ours.down_norms), _norms(ours.up_norms)
        self.out = copy.deepcopy(ours.out)

    def forward(self, magnitudes: Tensor) -> Tensor:
        x, skips = magnitudes, []
        for down, norm in zip(self.downs, [*self.down_norms, nn.Identity()], strict=True):
            skips.append(down(functional.pad(x, (1, 2, 1, 2))))
            x = functional.leaky_relu(norm(skips[-1]), 0.2)
        x = skips.pop()
        for number, (up, norm) in enumerate(zip(self.ups, self.up_norms, strict=True)):
            joined = torch.cat([skips.pop(), x], dim=1) if number else x
            x = norm(functional.relu(up(joined)[..., :-1, :-1]))
        heard: Tensor = torch.sigmoid(self.out(x)) * magnitudes
        return heard


def _norms(ours: nn.ModuleList) -> nn.ModuleList:
    norms = nn.ModuleList()
    for affine in ours:
        assert isinstance(affine, Affine)
        norm = nn.BatchNorm2d(len(affine.gain), eps=0.0)
        norm.weight.data, norm.bias.data = affine.gain.detach().flatten(), affine.shift.detach().flatten()
        norms.append(norm)
    return norms.eval()


class PlainSeparator:
    """The whole song at once through one net, then the other."""

    def __init__(self, pair: UNetPair) -> None:
        self._config, self._window = pair.config, pair.window
        self._voice, self._backing = (PlainUNet(net).eval() for net in (pair.voice, pair.backing))

    @torch.inference_mode()
    def voice(self, mix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """[frames, 2] → [frames, 2]."""
        config = self._config
        audio = torch.from_numpy(np.ascontiguousarray(mix.T))
        spectrum = torch.stft(audio, config.n_fft, config.hop, window=self._window, return_complex=True)
        frames = spectrum.shape[-1]
        padded = functional.pad(spectrum[:, : config.bins].abs(), (0, -frames % config.frames))
        parts = padded.reshape(*padded.shape[:2], -1, config.frames).permute(2, 0, 3, 1)  # [parts, 2, frames, bins]
        voice, backing = self._voice(parts).square(), self._backing(parts).square()
        masks = ((voice + _NEVER_ZERO / 2) / (voice + backing + _NEVER_ZERO)).permute(1, 3, 0, 2).flatten(2)
        masks = functional.pad(masks[..., :frames], (0, 0, 0, spectrum.shape[1] - config.bins))
        sound = torch.istft(spectrum * masks, config.n_fft, config.hop, window=self._window, length=len(mix))
        heard: npt.NDArray[np.float32] = sound.T.numpy()
        return heard


def judge_plainly(file: Path) -> dict[str, float]:
    """Seconds by tool, with all models open before. As far as these tools go: what they found is judged by nobody."""
    pair = load(EarOptions().separator)
    assert isinstance(pair, UNetPair)
    separator, net = PlainSeparator(pair), read_net(_WHISPER)
    marks = [time.perf_counter()]
    mix, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    marks.append(time.perf_counter())
    voice = separator.voice(mix).mean(axis=1)
    marks.append(time.perf_counter())
    parts = analyse(voice.astype(np.float64), rate_hz, clock=time.perf_counter)
    marks.append(time.perf_counter())
    through_transformers(net, soxr.resample(voice, rate_hz, RATE_HZ), Precision.FP32, "cpu").hear()
    marks.append(time.perf_counter())
    reading, separating, _, encoding = np.diff(marks).tolist()
    return {"read": reading, "Spleeter as published": separating, **parts, "Whisper through transformers": encoding}
