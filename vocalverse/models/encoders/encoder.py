"""What every encoder is to those who use it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from vocalverse.models.encoders.sound import Sound
from vocalverse.records import Progress, no_progress
from vocalverse.separate.precision import Precision


class Family(StrEnum):
    """Architectures whose published checkpoints are loaded."""

    WHISPER = "whisper"
    QWEN2_AUDIO = "qwen2_audio"
    SAMOYE = "samoye"  # Whisper PPG, HuBERT-soft units and coarse F0 side by side
    SAMOYE_PRIOR = "samoye_prior"  # enc_p on top of them
    WAV2VEC2 = "wav2vec2"
    HUBERT = "hubert"
    WAVLM = "wavlm"
    MUQ = "muq"
    M2D = "m2d"
    CLAP = "clap"
    PITCH_HISTOGRAM = "pitch_histogram"  # which pitches are held for how long; nothing in it is learnt
    TEXT = "text"  # RoBERTa, or CLAP's text tower: reads, where all others hear


@dataclass(frozen=True)
class EncoderInfo:
    family: Family
    revision: str  # sha256 of all that was loaded, in hex
    sample_rate_hz: int  # of the sound that it hears
    frame_rate_hz: float  # of the frames that it gives
    width: int  # of each
    layers: int  # that may be asked for: 0 is what enters the first block, `layers` the last one's output
    layer: int | None  # the one that is given; None: all of them, for a mix that is learnt
    precision: Precision


@dataclass(frozen=True)
class Span:
    """A stretch of a recording."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Frames:
    """What an encoder gives of the spans, in their order."""

    values: npt.NDArray[np.float32]  # [frames, width], or [frames, layers + 1, width] where all layers were asked for
    start_s: npt.NDArray[np.float64]  # [frames], in the recording
    seconds: npt.NDArray[np.float32]  # [frames], the time that each stands for: what a mean weighs it by


class Encoder(Protocol):
    @property
    def info(self) -> EncoderInfo: ...

    def encode(self, sound: Sound, spans: Sequence[Span], *, progress: Progress = no_progress) -> Frames:
        """All of every span, in windows of the encoder's own, with nothing of a window's padding in the frames."""
        ...


def whole(sound: Sound) -> tuple[Span, ...]:
    return (Span(0.0, sound.duration_s),)
