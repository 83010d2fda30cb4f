"""One set of frames that every measure reads, so that no spectrum is made twice."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft

from vocalverse.audio.waveform import Samples

if TYPE_CHECKING:
    from vocalverse.measure.pitch.track import Pitch

STAGE = "measure"  # what progress is told of
RATE_HZ = 16_000  # what a voice tells lies below 8 kHz
HOP = 160
HOP_S = HOP / RATE_HZ
WINDOW = 1_024
BIN_HZ = RATE_HZ / WINDOW
SILENT_DB = -120.0
_AT_ONCE = 256  # frames: what a core keeps at hand

Signal = npt.NDArray[np.float32]  # [samples] at RATE_HZ
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Frames:
    """Frame i is centred on i × 10 ms."""

    samples: Signal
    power: Floats  # [frames, bins]; a sine of full scale sums up to 1/2 over its bins
    level_db: Floats  # [frames], RMS against full scale, under the same window

    @classmethod
    def of(cls, samples: Samples, *, sample_rate_hz: int = 44_100) -> Self:
        """Of a sound [frames, channels], its channels averaged."""
        return cls.of_signal(_resampled(samples, sample_rate_hz))

    @classmethod
    def of_signal(cls, signal: Signal) -> Self:
        count = len(signal) // HOP + 1
        padded = np.pad(signal, (WINDOW // 2, WINDOW // 2 + HOP))
        windows = sliding_window_view(padded, WINDOW)[::HOP][:count]
        shape = np.hanning(WINDOW + 1)[:WINDOW].astype(np.float32)
        scale = np.float32(2 / (WINDOW * np.square(shape, dtype=np.float64).sum()))
        power = np.empty((count, WINDOW // 2 + 1), np.float32)
        for first in range(0, count, _AT_ONCE):
            spectrum = fft.rfft(windows[first : first + _AT_ONCE] * shape, axis=1)
            power[first : first + _AT_ONCE] = (np.square(spectrum.real) + np.square(spectrum.imag)) * scale
        return cls(signal, power, _db(power.sum(axis=1)))

    def __len__(self) -> int:
        return len(self.power)

    @property
    def seconds(self) -> npt.NDArray[np.float64]:
        """[frames]: where each is centred."""
        seconds: npt.NDArray[np.float64] = np.arange(len(self), dtype=np.float64) * HOP_S
        return seconds

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE_HZ

    def band_db(self, low_hz: float, high_hz: float) -> Floats:
        """[frames]: the level between two frequencies."""
        bins = slice(round(low_hz / BIN_HZ), round(high_hz / BIN_HZ) + 1)
        return _db(self.power[:, bins].sum(axis=1))


@dataclass(frozen=True)
class Heard:
    """What is measured of a take: all of the same length."""

    dry: Frames  # the voice without its room
    wet: Frames  # the voice as it was in the room: dereverberation takes breath noises for reverberation
    mix: Frames  # the whole recording
    pitch: "Pitch"  # of the dry voice


def _resampled(samples: Samples, sample_rate_hz: int) -> Signal:
    channels = samples.shape[1]
    mono = samples @ np.full(channels, 1 / channels, np.float32)  # numpy's mean takes six times as long
    signal: Signal = soxr.resample(mono, sample_rate_hz, RATE_HZ).astype(np.float32, copy=False)
    return signal


def _db(power: Floats) -> Floats:
    level: Floats = np.maximum(10 * np.log10(np.maximum(power, 1e-30)), SILENT_DB).astype(np.float32)
    return level
