"""What attacks are made of, and what each of them needs to be made."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.synthesis.singing import RATE_HZ, Sound, Tone

_LEVEL = 0.1  # RMS, -20 dBFS

Mono = npt.NDArray[np.float64]  # [samples]


@dataclass(frozen=True)
class Material:
    tones: Sequence[Tone]  # a melody
    sung: Sound  # an honest take: what is looped and played back
    backing: Sound
    seconds: float = 30.0

    @property
    def frames(self) -> int:
        return round(self.seconds * RATE_HZ)

    @property
    def melody(self) -> list[Tone]:
        """From its beginning again until the time is over."""
        lasting, at_s = [], 0.0
        for tone in itertools.cycle(self.tones):
            lasting.append(tone)
            at_s += tone.rest_s + tone.length_s
            if at_s >= self.seconds:
                break
        return lasting

    @property
    def played(self) -> Sound:
        return looped(self.backing, self.frames)


Maker = Callable[[Material, np.random.Generator], Sound]


def over(sound: Sound, backing: Sound, *, above_db: float = 0.0) -> Sound:
    """Both at once, the first as much louder as said."""
    played = looped(backing, len(sound))
    gain = _rms(sound) / max(_rms(played), 1e-9) * 10 ** (-above_db / 20)
    both = sound + played * np.float32(gain)
    return np.asarray(both * min(1.0, 0.9 / np.abs(both).max()), np.float32)


def looped(sound: Sound, frames: int) -> Sound:
    return np.tile(sound, (-(-frames // len(sound)), 1))[:frames]


def levelled(mono: Mono) -> Sound:
    """In both channels, at -20 dBFS."""
    level = mono * (_LEVEL / max(float(np.sqrt(np.mean(np.square(mono)))), 1e-9))
    return np.repeat(level[:, None], 2, axis=1).astype(np.float32)


def seed_of(rng: np.random.Generator) -> int:
    return int(rng.integers(1 << 31))


def _rms(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound), dtype=np.float64)))
