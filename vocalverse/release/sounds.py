"""A take as encoders hear it: one channel, the voice alone or all of the recording."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from vocalverse.audio.waveform import Samples
from vocalverse.models.encoders.sound import F0, Sound


@dataclass(frozen=True)
class Sounds:
    voice: Sound
    mix: Sound

    @classmethod
    def of(cls, voice: Samples, mix: Samples, rate_hz: int, *, f0: Callable[[], F0] | None = None) -> Self:
        """Of [frames, channels] each, which may be the same. `f0` is the voice's, where it is known already."""
        heard = Sound(voice.mean(axis=1), rate_hz, f0=f0)
        return cls(heard, heard if mix is voice else Sound(mix.mean(axis=1), rate_hz, f0=f0))
