"""What loudspeaker and room made of a backing, learnt from a recording in which somebody sings over it.

Per frequency the backing reaches the microphone as a sum of its own past frames. The weights of that sum are found by
least squares in which a frame counts the less the louder the voice is there (the voice is the noise of this problem),
and in which every weight is expected to be as small as its neighbours at other frequencies turn out to be. Both are
learnt in turns, so that a backing that is not in the recording ends with weights of nought.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import uniform_filter

from vocalverse.separate.known.spectra import HOP, SIZE, Spectrum

EARLY = 2  # frames by which the sound may come before the delay found, which may be that of a reflection
EDGE = SIZE // HOP - 1  # frames at either end that a recording only half fills: nothing is learnt from them
PASSES = 3
_BINS_AT_ONCE = 32
# Seconds of reverberation that are followed, up to each frequency: air and walls swallow the high ones first.
_TAILS = ((3_000.0, 1.2), (8_000.0, 0.8), (16_000.0, 0.4), (float("inf"), 0.2))
_MEMORY = 0.7  # of what was learnt from the song so far: rooms change slowly, gains may
_FLOOR = 1e-3  # of the loudness around: no frame counts more than that makes it
_AROUND = (5, 101)  # bins, frames
_SMOOTH = (3, 3)
_LEAST = 1e-10

_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Band:
    bins: slice
    taps: int


@dataclass
class Room:
    """What was learnt so far; goes along from piece to piece of a song."""

    expected: dict[int, _Floats]  # first bin of a band → [taps × channels], mean square of its weights
    normal: dict[int, Spectrum]
    crossed: dict[int, Spectrum]


def unheard() -> Room:
    return Room({}, {}, {})


def tail_frames() -> int:
    """How far back the longest response reaches."""
    return max(_taps(seconds) for _, seconds in _TAILS) - 1 - EARLY


@dataclass(frozen=True)
class Heard:
    echo: Spectrum  # the backing as it sounds in the recording
    rest: _Floats  # [bins, frames], power of all else as far as it is known


def hear(
    recording: Spectrum, backing: Spectrum, room: Room, *, passes: int = PASSES, tick: Callable[[], None] = lambda: None
) -> Heard:
    """The backing in `recording` [bins, channels, frames]; `room` has learnt from it afterwards.

    `backing` has `tail_frames()` more frames in front and EARLY more behind. Both may hold the lowest bins only.
    `tick` is called many times a second.
    """
    result = np.zeros_like(recording)
    rest = _audible(_power(recording))
    for turn in range(passes):
        unsure = np.zeros(rest.shape, np.float32)
        for band in _bands(len(recording)):
            _learn(recording, backing, rest, band, room, last=turn == passes - 1).apply(result, unsure)
            tick()
        rest = _audible(_power(recording - result) + unsure)
    return Heard(result, rest)


@dataclass(frozen=True)
class _Learnt:
    band: _Band
    sources: Spectrum  # [bins, taps × channels, frames]
    weights: Spectrum  # [bins, taps × channels, microphones]
    variances: _Floats  # [bins, taps × channels]

    def apply(self, result: Spectrum, unsure: _Floats) -> None:
        np.matmul(self.weights.transpose(0, 2, 1), self.sources, out=result[self.band.bins])
        unsure[self.band.bins] = np.matmul(self.variances[:, None], np.square(np.abs(self.sources)))[:, 0]


def _learn(recording: Spectrum, backing: Spectrum, rest: _Floats, band: _Band, room: Room, *, last: bool) -> _Learnt:
    sources = _sources(backing[band.bins], band.taps, recording.shape[2])
    weighted = np.conj(sources)
    weighted /= rest[band.bins, None]
    weighted[:, :, :EDGE] = weighted[:, :, -EDGE:] = 0
    normal = np.matmul(weighted, sources.transpose(0, 2, 1))
    crossed = np.matmul(weighted, recording[band.bins].transpose(0, 2, 1))
    key = band.bins.start
    if key in room.normal:
        normal += _MEMORY * room.normal[key]
        crossed += _MEMORY * room.crossed[key]
    if last:
        room.normal[key], room.crossed[key] = normal.copy(), crossed.copy()
    if key not in room.expected:
        room.expected[key] = _guess(recording[band.bins], backing[band.bins], sources.shape[1])
    diagonal = np.arange(sources.shape[1])
    normal[:, diagonal, diagonal] += 1 / np.maximum(room.expected[key], _LEAST)
    inverse = np.linalg.inv(normal.astype(np.complex128))
    weights = np.matmul(inverse, crossed).astype(np.complex64)
    variances = np.maximum(inverse[:, diagonal, diagonal].real, 0).astype(np.float32)
    room.expected[key] = (_power(weights.transpose(0, 2, 1)) + variances).mean(axis=0)
    return _Learnt(band, sources, weights, variances)


def _sources(backing: Spectrum, taps: int, frames: int) -> Spectrum:
    """[bins, channels × taps, frames]: the backing's frames that each frame of the recording may hold."""
    newest = backing.shape[2] - frames - tail_frames()
    first = tail_frames() + newest - (taps - 1)
    lagged = sliding_window_view(backing[:, :, first : first + frames + taps - 1], frames, axis=2)
    return np.ascontiguousarray(lagged).reshape(len(backing), -1, frames)


def _guess(recording: Spectrum, backing: Spectrum, weights: int) -> _Floats:
    ratio = float(_power(recording).mean()) / (float(_power(backing).mean()) + 1e-20)
    return np.full(weights, ratio / weights + _LEAST, np.float32)


def _power(spectrum: Spectrum) -> _Floats:
    """[bins, frames], of all channels on average."""
    mean: _Floats = (np.square(spectrum.real) + np.square(spectrum.imag)).mean(axis=1)
    return mean


def _audible(power: _Floats) -> _Floats:
    """`power`, smoothed and with a floor, so that no single frame decides what the room is."""
    around = uniform_filter(power, _AROUND, mode="nearest")
    audible: _Floats = np.maximum(uniform_filter(power, _SMOOTH, mode="nearest"), _FLOOR * around + 1e-12)
    return audible


def _taps(seconds: float) -> int:
    return round(seconds * 44_100 / HOP) + EARLY + 1


def _bands(bins: int) -> Iterator[_Band]:
    """Bins that are as alike as neighbours are."""
    for start in range(0, bins, _BINS_AT_ONCE):
        hz = start * 44_100 / SIZE
        seconds = next(seconds for top_hz, seconds in _TAILS if hz < top_hz)
        yield _Band(slice(start, min(start + _BINS_AT_ONCE, bins)), _taps(seconds))
