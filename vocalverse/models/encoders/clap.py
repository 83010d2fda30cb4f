"""CLAP's audio tower over whole songs: consecutive windows of 10 s, each frame a third of a second.

The published extractor takes a random 10 s of what is longer, and fuses random crops where a checkpoint is made for that;
here every window is heard as a clip that is not longer. The last one reaches back to be whole; only a recording of less
than 10 s is repeated, as in training. The mean over a window's frames is the tower's pooled output.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vocalverse.errors import ModelBroken
from vocalverse.models.encoders.borrowed import Borrowed, build
from vocalverse.models.encoders.checkpoint import CONFIG, PREPROCESSOR, index_files, read_config, weight_files
from vocalverse.models.encoders.encoder import Encoder
from vocalverse.models.encoders.mel import MelOptions, Scale, power_mel
from vocalverse.models.encoders.opening import Opening, Size, info_of, ready, require_type
from vocalverse.models.encoders.sound import Mono, Sound
from vocalverse.models.encoders.windows import Grid, Window, Windowed, samples_of

_AUDIO = Borrowed("ClapAudioConfig", "ClapAudioModel", prefixes=("audio_model.",))
_QUIETEST = 1e-10  # power
_CROPS = 4  # mels that a checkpoint made for fusion takes: of a clip that is not longer, four times the same


@dataclass(frozen=True)
class Extractor:
    """How sound becomes what the tower hears; as published where a checkpoint does not say it."""

    sampling_rate: int = 48_000
    max_length_s: int = 10
    fft_window_size: int = 1024
    hop_length: int = 480
    feature_size: int = 64
    frequency_min: float = 0.0
    frequency_max: float = 14_000.0

    @classmethod
    def read(cls, folder: Path) -> "Extractor":
        said = read_config(folder, PREPROCESSOR) if (folder / PREPROCESSOR).exists() else {}
        known = {name: said[name] for name in cls.__dataclass_fields__ if name in said}
        if any(isinstance(value, bool) or not isinstance(value, int | float) for value in known.values()):
            raise ModelBroken(f"{folder / PREPROCESSOR} says of {', '.join(known)} what are no numbers.")
        return cls(**known)

    @property
    def samples(self) -> int:
        return self.sampling_rate * self.max_length_s

    def mel_options(self, *, fused: bool) -> MelOptions:
        """Those that fuse were trained with torchaudio's triangles, the others with librosa's."""
        return MelOptions(
            rate_hz=self.sampling_rate,
            window=self.fft_window_size,
            hop=self.hop_length,
            bands=self.feature_size,
            low_hz=self.frequency_min,
            high_hz=self.frequency_max,
            scale=Scale.HTK if fused else Scale.SLANEY,
        )


def files(folder: Path) -> tuple[Path, ...]:
    told = (folder / PREPROCESSOR,) if (folder / PREPROCESSOR).exists() else ()
    return (folder / CONFIG, *told, *index_files(folder), *weight_files(folder, _AUDIO.prefixes))


def open_encoder(folder: Path, opening: Opening) -> Encoder:
    said = read_config(folder)
    require_type(said, ("clap",), folder)
    net = build(_AUDIO, said.get("audio_config") or {}, folder)
    fused = bool(net.config.enable_fusion)
    extractor = Extractor.read(folder)
    options = extractor.mel_options(fused=fused)
    frames = _frames_in_a_window(net.config)
    grid = Grid(extractor.sampling_rate, extractor.samples // frames, needs=1, window=frames, full=True)
    info = info_of(opening, files(folder), grid, Size(net.config.hidden_size, layers=0))
    ready(net, opening)

    def prepare(sound: Sound, window: Window) -> Tensor:
        mel = _decibels(_repeated(samples_of(sound, window, grid.rate_hz), extractor.samples), options)
        return torch.stack([mel] * (_CROPS if fused else 1))

    def hear(mels: Tensor, _: Window) -> Tensor:
        longer = torch.zeros(len(mels), 1, dtype=torch.bool, device=mels.device)
        said: Tensor = net(mels, is_longer=longer).last_hidden_state.mean(dim=2).transpose(1, 2)
        return said if info.layer is not None else said[:, :, None]

    return Windowed(info, grid, net, prepare, hear, opening.batch)


def _frames_in_a_window(config: Any) -> int:
    """Time is folded into the square that the network sees, and halved by every stage but the last."""
    stages = 2 ** (len(config.depths) - 1)
    return int(config.spec_size // config.num_mel_bins * config.spec_size // stages // config.patch_stride[1])


def _repeated(samples: Mono, wanted: int) -> Mono:
    """As often as it goes in whole, then silence."""
    often = np.tile(samples, wanted // len(samples))
    return np.pad(often, (0, wanted - len(often)))


def _decibels(samples: Mono, options: MelOptions) -> Tensor:
    """[frames, bands]."""
    return 10 * power_mel(torch.from_numpy(samples), options).clamp_min(_QUIETEST).log10().T
