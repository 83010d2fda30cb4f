"""A voice as encoders hear it: what several of them need of it is made once."""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import soxr

Mono = npt.NDArray[np.float32]  # [samples], full scale = 1
F0 = npt.NDArray[np.float32]  # [frames], Hz, 0 where nothing is sung

F0_RATE_HZ = 100

_Made = TypeVar("_Made")


class Sound:
    """One channel, at whatever rate is asked for. `f0` is asked once, by the first encoder that wants it."""

    def __init__(self, voice: Mono, rate_hz: int, *, f0: Callable[[], F0] | None = None) -> None:
        self._voice = np.ascontiguousarray(voice, np.float32)
        self.rate_hz = rate_hz
        self._f0 = f0
        self._made: dict[object, Any] = {}

    @property
    def duration_s(self) -> float:
        return len(self._voice) / self.rate_hz

    @property
    def digest(self) -> str:
        """Of what is heard, in hex."""
        return self.made("digest", lambda: hashlib.sha256(b"%d " % self.rate_hz + self._voice.data).hexdigest())

    def at(self, rate_hz: int) -> Mono:
        """All of it, resampled; read-only."""
        if rate_hz == self.rate_hz:
            return self._voice
        return self.made(("rate", rate_hz), lambda: soxr.resample(self._voice, self.rate_hz, rate_hz, quality="HQ"))

    def f0_hz(self) -> F0:
        """A hundred a second."""
        return self.made("f0", self._f0 or self._tracked)

    def made(self, key: object, make: Callable[[], _Made]) -> _Made:
        """What was made before under that key, or is made now and kept: a mel spectrogram that two encoders share."""
        if key not in self._made:
            self._made[key] = make()
        made: _Made = self._made[key]
        return made

    def _tracked(self) -> F0:
        from vocalverse.measure.frames import RATE_HZ, Frames
        from vocalverse.measure.pitch.tracker import PitchTracker

        pitch = PitchTracker.open(threads=1).track(Frames.of_signal(self.at(RATE_HZ)))
        return np.where(pitch.voiced, pitch.hz, 0.0).astype(np.float32)
