"""The voice out of what cancelling left: a separator hears what is no voice, the echo says how much of that there can be.

A separator alone takes away some of the voice wherever it works. Where little of the backing can be left, it may take
little.
"""

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft
from scipy.ndimage import uniform_filter

from vocalverse.audio.waveform import Samples
from vocalverse.records import Progress, no_progress

_SIZE = 2_048
_HOP = _SIZE // 4
_PIECE = 20 * 44_100
_FADE = 44_100 // 4
_BINS_AT_ONCE = 64
_SMOOTH = (3, 3)
_FASTEST = 3.0  # more than the usual share of the echo that a single place may hold
_POOR = 0.03  # share of the echo left from which on the echo is no guide any more, and the separator is believed
_NOTHING = 1e-12
_NO_ECHO = 1e6  # more than this was not removed for the sake of an echo

_Spectrum = npt.NDArray[np.complex64]  # [bins, frames]
_Floats = npt.NDArray[np.float32]


def voice_of(mix: Samples, residual: Samples, separated: Samples, *, progress: Progress = no_progress) -> Samples:
    """The voice in `mix`, whose known backing was cancelled to `residual`, in which a separator heard `separated`.

    All [frames, channels] at 44.1 kHz. As the separator has it where the cancelling was poor, as the residual where
    there is no more to take, and in between by frequency and moment.
    """
    voice = np.empty_like(residual)
    fade = np.linspace(0, 1, _FADE, dtype=np.float32)[:, None]
    for start in range(0, max(1, len(mix) - _FADE), _PIECE):
        part = slice(start, min(len(mix), start + _PIECE + _FADE))
        piece = residual[part] - _taken(mix[part] - residual[part], residual[part] - separated[part])
        if start:
            rise = fade[: len(piece)]
            piece[:_FADE] = voice[start : start + _FADE] * (1 - rise) + piece[:_FADE] * rise
        voice[part] = piece
        progress("separate", 1.0)  # the separator was done before: a step back would only puzzle
    return voice


def _taken(echo: Samples, removed: Samples) -> Samples:
    """Of what the separator `removed`, so much as may be left of the `echo`."""
    taken = np.empty_like(removed)
    for channel in range(removed.shape[1]):
        spectrum = _spectrum(removed[:, channel])
        here, played = _power(spectrum), _power(_spectrum(echo[:, channel]))
        taken[:, channel] = _samples(spectrum * _trust(here, played), len(removed))
    return taken


def _trust(removed: _Floats, echo: _Floats) -> _Floats:
    """0 … 1 for each bin and frame."""
    trust = np.empty_like(removed)
    for first in range(0, len(removed), _BINS_AT_ONCE):
        band = slice(first, first + _BINS_AT_ONCE)
        ratio = np.minimum(removed[band] / (echo[band] + _NOTHING), _NO_ECHO)
        share = float(np.median(ratio))  # what was removed of the voice is in fewer places than the backing
        most = share * _FASTEST * (1 + (share / _POOR) ** 2)
        trust[band] = np.sqrt(np.minimum(1, most / (ratio + _NOTHING)))
    return trust


def _power(spectrum: _Spectrum) -> _Floats:
    power = uniform_filter(np.square(spectrum.real) + np.square(spectrum.imag), _SMOOTH, mode="nearest")
    positive: _Floats = np.maximum(power, 0)  # its running sums end a little under nought after something loud
    return positive


def _window() -> _Floats:
    return np.hanning(_SIZE + 1)[:_SIZE].astype(np.float32)


def _spectrum(sound: _Floats) -> _Spectrum:
    padded = np.pad(sound, (_SIZE, _SIZE + -len(sound) % _HOP))
    frames: _Spectrum = fft.rfft(sliding_window_view(padded, _SIZE)[::_HOP] * _window(), axis=1).T
    return frames


def _samples(spectrum: _Spectrum, length: int) -> _Floats:
    frames = fft.irfft(spectrum.T, _SIZE, axis=1) * (_window() * np.float32(_HOP / np.square(_window()).sum()))
    sound = np.zeros((len(frames) - 1) * _HOP + _SIZE, np.float32)
    for index, frame in enumerate(frames):
        sound[index * _HOP : index * _HOP + _SIZE] += frame
    return sound[_SIZE : _SIZE + length]
