"""A voice taken apart by WORLD every 5 ms, and put together again: at another pitch, at another time."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vocalverse.audio.waveform import Samples
from vocalverse.errors import Unavailable
from vocalverse.measure.frames import HOP_S
from vocalverse.measure.pitch.track import Pitch
from vocalverse.synthesis.singing import RATE_HZ

STEP_S = 0.005

Curve = npt.NDArray[np.floating]  # [steps] or [steps, bins]


@dataclass(frozen=True)
class Vocoded:
    """3 MB a second."""

    hz: Curve  # [steps], 0 where there is only noise
    envelope: Curve  # [steps, bins], power
    noise: Curve  # [steps, bins], the share of it: aperiodicity

    def sung(self, semitones: Curve) -> "Vocoded":
        """Higher by so much at each step; vowels stay."""
        return replace(self, hz=self.hz * 2 ** (semitones / 12))

    def taken_from(self, steps: Curve) -> "Vocoded":
        """What is there at these places. Between two steps the pitch is between theirs; a mean of spectra is too smooth."""
        nearest = np.clip(np.rint(steps).astype(np.intp), 0, len(self.hz) - 1)
        sung = np.flatnonzero(self.hz > 0)
        hz = np.interp(steps, sung, self.hz[sung]) if len(sung) else self.hz[nearest]
        return Vocoded(np.where(self.hz[nearest] > 0, hz, 0.0), self.envelope[nearest], self.noise[nearest])

    def whispered(self) -> "Vocoded":
        """Without its tone."""
        return replace(self, hz=np.zeros_like(self.hz), noise=np.ones_like(self.noise))

    def coloured(self, envelope: Curve) -> "Vocoded":
        return replace(self, envelope=envelope)

    def sound(self, *, like: Samples) -> Samples:
        """As long as that, and the same in each of its channels."""
        import pyworld

        hz, envelope, noise = (np.ascontiguousarray(part, np.float64) for part in (self.hz, self.envelope, self.noise))
        mono = pyworld.synthesize(hz, envelope, noise, RATE_HZ, STEP_S * 1_000)[: len(like)]
        mono = np.pad(mono, (0, len(like) - len(mono))).astype(np.float32)
        return np.repeat(mono[:, None], like.shape[1], axis=1)


def vocoded(samples: Samples, pitch: Pitch) -> Vocoded:
    """Of the channels' mean."""
    try:
        import pyworld
    except ImportError as missing:
        raise Unavailable(f"pyworld is not installed here ({missing}): pip install 'vocalverse[hear]'.") from missing
    mono = samples.mean(axis=1, dtype=np.float64)
    seconds = np.arange(int(len(mono) / RATE_HZ / STEP_S) + 1) * STEP_S
    hz = _pitch_at(seconds, pitch)
    envelope = pyworld.cheaptrick(mono, hz, seconds, RATE_HZ)
    return Vocoded(hz, envelope, pyworld.d4c(mono, hz, seconds, RATE_HZ))


def _pitch_at(seconds: Curve, pitch: Pitch) -> npt.NDArray[np.float64]:
    """At each step."""
    sung = np.flatnonzero(pitch.voiced)
    frame = seconds / HOP_S
    nearest = np.minimum(np.rint(frame).astype(np.intp), len(pitch.voiced) - 1)
    if not len(sung):
        return np.zeros(len(seconds))
    return np.where(pitch.voiced[nearest], np.exp(np.interp(frame, sung, np.log(pitch.hz[sung]))), 0.0)
