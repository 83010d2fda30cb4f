"""A voice cut into its periods, and laid together again at another pitch, at another time (TD-PSOLA). No vocoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from vocalverse.audio.waveform import Samples
from vocalverse.measure.frames import HOP_S
from vocalverse.synthesis.damage.intact import Intact
from vocalverse.synthesis.singing import RATE_HZ

_UNVOICED = 0.008 * RATE_HZ  # samples from grain to grain, where there is no period
_LEAST_WEIGHT = 0.3  # where grains lie far apart, the gap between them stays one

Signal = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grains:
    sound: Signal  # [samples], mono
    at: Signal  # [grains], the middle of each in samples
    period: Signal  # [grains], in samples
    voiced: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, take: Intact) -> Self:
        sound = take.samples.mean(axis=1, dtype=np.float64)
        periods = np.where(take.pitch.voiced, RATE_HZ / np.maximum(take.pitch.hz, 20.0), _UNVOICED)
        at, place = [], 0.0
        while place < len(sound):
            at.append(place)
            place += periods[min(round(place / RATE_HZ / HOP_S), len(periods) - 1)]
        frame = np.minimum(np.rint(np.asarray(at) / RATE_HZ / HOP_S).astype(np.intp), len(periods) - 1)
        return cls(sound, np.asarray(at), periods[frame], take.pitch.voiced[frame])

    def laid(self, semitones: Signal, source: Signal, *, like: Samples) -> Samples:
        """`semitones` [grains] higher; `source` [samples]: which sample is heard at each."""
        heard, weight = np.zeros(len(self.sound)), np.zeros(len(self.sound))
        place = 0.0
        while place < len(heard):
            grain = int(np.searchsorted(self.at, source[int(place)]).clip(0, len(self.at) - 1))
            self._lay(grain, round(place), heard, weight)
            place += self.period[grain] / (2 ** (semitones[grain] / 12) if self.voiced[grain] else 1)
        mono = (heard / np.maximum(weight, _LEAST_WEIGHT)).astype(np.float32)
        return np.repeat(mono[:, None], like.shape[1], axis=1)

    def _lay(self, grain: int, place: int, heard: Signal, weight: Signal) -> None:
        """A grain is two periods long."""
        half, middle = round(self.period[grain]), round(self.at[grain])
        before = min(half, middle, place)
        after = min(half, len(self.sound) - middle, len(heard) - place)
        window = 0.5 + 0.5 * np.cos(np.pi * np.arange(-before, after) / half)
        heard[place - before : place + after] += window * self.sound[middle - before : middle + after]
        weight[place - before : place + after] += window

    def of_notes(self, notes: Sequence[tuple[float, float]], semitones: Signal) -> Signal:
        """[grains]: what each is moved by, where a note is; elsewhere nothing."""
        moved = np.zeros(len(self.at))
        seconds = self.at / RATE_HZ
        for (start_s, end_s), by in zip(notes, semitones, strict=True):
            moved[(seconds >= start_s) & (seconds < end_s)] = by
        return moved
