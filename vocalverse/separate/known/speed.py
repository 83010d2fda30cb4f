"""How much faster a backing was played than its file, and so how much higher, told by which notes are loud when."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft
from scipy.ndimage import uniform_filter1d

from vocalverse.audio.waveform import Samples
from vocalverse.separate.known.whitened import RATE_HZ, at_low_rate

MOST_SEMITONES = 6
_SIZE = 2_048
_HOP = RATE_HZ // 25
_LOWEST_HZ = 110.0
_NOTES = 60
_WINDOW = 500  # frames: 20 s from the middle of the recording
_AROUND = 125  # frames: what stays as loud for 5 s is the loudspeaker's colour and no note
_FRAMES_AT_ONCE = 1_024
_FAINT = 1e-4  # of the mean power: what is fainter is all one
_SIGNIFICANT = 6.0  # deviations; another song reaches 4.6, a backing under a voice as loud in a room 14

_Notes = npt.NDArray[np.float32]  # [notes, frames], how much louder each is than it is around that time


def semitones_higher(
    recording: Samples, backing: Samples, *, sample_rate_hz: int, tick: Callable[[], None] = lambda: None
) -> int:
    """By how many semitones `backing` sounds sped up in `recording`; 0 where no such speed stands out."""
    heard = _notes(recording, sample_rate_hz, tick)
    written = _notes(backing, sample_rate_hz, tick)
    middle = heard[:, max(0, (heard.shape[1] - _WINDOW) // 2) :][:, :_WINDOW]
    best, found = _SIGNIFICANT, 0
    for semitones in range(-MOST_SEMITONES, MOST_SEMITONES + 1):
        if (likeness := _likeness(middle, written, semitones)) > best:
            best, found = likeness, semitones
        tick()
    return found


def _likeness(heard: _Notes, written: _Notes, semitones: int) -> float:
    """How far the best of all places stands out, in deviations."""
    ratio = 2 ** (semitones / 12)
    at = np.arange(int((written.shape[1] - 1) / ratio)) * ratio
    before = at.astype(int)
    past = (at - before).astype(np.float32)
    played = written[:, before] * (1 - past) + written[:, before + 1] * past
    low, high = max(0, semitones), min(_NOTES, _NOTES + semitones)
    size = fft.next_fast_len(played.shape[1] + heard.shape[1], real=True)
    if not played.size:
        return 0.0
    spectrum = fft.rfft(played[low - semitones : high - semitones], size) * np.conj(fft.rfft(heard[low:high], size))
    places = fft.irfft(spectrum.sum(axis=0), size)
    return float(places.max() / (places.std() + 1e-12))


def _notes(samples: Samples, sample_rate_hz: int, tick: Callable[[], None]) -> _Notes:
    low = np.pad(at_low_rate(samples, sample_rate_hz), _SIZE // 2)
    tick()
    windows = sliding_window_view(low, _SIZE)[::_HOP]
    shape = np.hanning(_SIZE + 1)[:_SIZE].astype(np.float32)
    power = np.empty((_NOTES, len(windows)), np.float32)
    for first in range(0, len(windows), _FRAMES_AT_ONCE):
        spectrum = fft.rfft(windows[first : first + _FRAMES_AT_ONCE] * shape, axis=1)
        power[:, first : first + _FRAMES_AT_ONCE] = _NEAR @ np.square(np.abs(spectrum)).T
        tick()
    loudness = np.log(power + np.float32(_FAINT * power.mean() + 1e-12))
    notes: _Notes = loudness - uniform_filter1d(loudness, _AROUND, axis=1, mode="nearest")
    return notes


def _near() -> npt.NDArray[np.float32]:
    """[notes, bins]: triangles a semitone wide either way."""
    hz = np.maximum(fft.rfftfreq(_SIZE, 1 / RATE_HZ), 1.0)
    away = 12 * np.log2(hz / _LOWEST_HZ) - np.arange(_NOTES)[:, None]
    near: npt.NDArray[np.float32] = np.maximum(0, 1 - np.abs(away)).astype(np.float32)
    return near


_NEAR = _near()
