"""How a backing is tuned: who sings with it sings in its semitones."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft

from vocalverse.measure.frames import RATE_HZ, Signal
from vocalverse.measure.pitch.track import midi_of

_WINDOW = 4_096  # its bins lie 4 Hz apart, and semitones from 150 Hz on 9
_LOWEST_HZ, _HIGHEST_HZ = 150.0, 2_000.0
_MOMENTS = 400  # all over the recording: more say the same
_STANDS_OUT_DB = 12.0  # a tone above what is around it
_AROUND = 20  # bins
_SOFTEST_DB = 50.0  # under the loudest tone
_TONES_AT_LEAST = 200
_CLEAR = 0.4  # what is left of a voice alone gathers to 0.1 to 0.3, songs to 0.5 to 0.9

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tuning:
    cents: float  # of its semitones, above A4 = 440 Hz; -50 … 50
    clear: float  # 0 … 1 where all tones lie on one grid

    def near(self, cents: float) -> float:
        """The same grid, told by the semitone of it that is nearest to these: -50 is as good as 50."""
        return self.cents + 100 * round((cents - self.cents) / 100)


def tuning_of(backing: Signal) -> Tuning | None:
    """None where no tones are heard, or none that lie on one grid: drums, a speaker's hum, the remains of a voice."""
    hz, weight = _tones(backing)
    if len(hz) < _TONES_AT_LEAST:
        return None
    mean = complex((weight * np.exp(2j * np.pi * midi_of(hz))).sum() / weight.sum())
    if abs(mean) < _CLEAR:
        return None
    return Tuning(float(np.angle(mean)) * 100 / (2 * np.pi), abs(mean))


def _tones(signal: Signal) -> tuple[Values, Values]:
    """[tones] each: where it lies, and how loud it is."""
    if len(signal) < _WINDOW or not signal.any():
        return np.empty(0), np.empty(0)
    windows = sliding_window_view(signal, _WINDOW)
    at = np.unique(np.linspace(0, len(windows) - 1, _MOMENTS).astype(np.intp))
    level = np.abs(fft.rfft(windows[at] * np.hanning(_WINDOW).astype(np.float32), axis=1))
    low, high = (round(hz * _WINDOW / RATE_HZ) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    level_db = 20 * np.log10(np.maximum(level[:, low - _AROUND : high + _AROUND], 1e-9)).astype(np.float64)
    around = np.stack([level_db[:, : -2 * _AROUND], level_db[:, 2 * _AROUND :]]).max(axis=0)
    left, peak, right = (level_db[:, _AROUND + step : level_db.shape[1] - _AROUND + step] for step in (-1, 0, 1))
    found = (peak > left) & (peak >= right) & (peak > peak.max() - _SOFTEST_DB) & (peak > around + _STANDS_OUT_DB)
    columns = np.nonzero(found)[1]
    left, peak, right = left[found], peak[found], right[found]
    beside = 0.5 * (left - right) / (left - 2 * peak + right)
    return (low + columns + beside) * RATE_HZ / _WINDOW, 10 ** (peak / 40)
