"""Sound that comes again exactly: a loop. Nobody sings the same phrase twice so that its waves are the same."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.signal import find_peaks

from vocalverse.measure.frames import BIN_HZ, HOP, HOP_S, RATE_HZ, Frames, Heard

_EDGES_HZ = (300, 510, 770, 1_080, 1_480, 2_000, 2_700, 3_700)
_FLOOR_DB = 40.0  # below the loudest: what is softer is silence, and silences are all alike
_SHORTEST = 150  # frames: what comes again sooner is a held tone
_REMAINS = 200  # frames that both overlap by, at least
_LEAST = 0.05  # of what moves: both overlap by that
_LAGS = 4
_ALIKE = 0.35  # of the bands' course: songs repeat themselves by that much
_WINDOW = RATE_HZ  # samples
_REACH = 2 * HOP  # samples: a lag is known to a frame
_WINDOWS = 24
_VOICED = 0.5  # of a window
_WAVES_ALIKE = 0.45  # of the waves, treble raised by 12 dB an octave: two singings have up to 0.2

Curve = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Repetition:
    share: float  # of the voice: it was heard before, wave for wave
    after_s: float | None  # how long before, where most does; None where nothing comes again


def measure_repetition(heard: Heard) -> Repetition:
    alike = _alike(heard.dry)
    lags = _lags(alike)
    starts = _windows(heard, len(alike))
    if not len(lags) or not len(starts):
        return Repetition(0.0, None)
    treble = np.diff(heard.dry.samples, n=2, prepend=np.zeros(2, np.float32))
    found = np.stack([_waves_alike(treble, starts, int(lag) * HOP) for lag in lags])
    again = found > _WAVES_ALIKE
    if not again.any():
        return Repetition(0.0, None)
    most = max(range(len(lags)), key=lambda at: (again[at].sum(), -lags[at]))
    return Repetition(float(again.any(axis=0).mean()), float(lags[most]) * HOP_S)


def _alike(frames: Frames) -> Curve:
    """[lags]: how alike the take is to itself later, by the course of its bands: 1 is the same."""
    edges = np.rint(np.asarray(_EDGES_HZ) / BIN_HZ).astype(np.intp)
    bands = np.add.reduceat(frames.power, edges, axis=1)[:, :-1]
    levels_db = 10 * np.log10(np.maximum(bands, 1e-12))
    levels_db = np.maximum(levels_db, levels_db.max() - _FLOOR_DB)
    heard = levels_db.max(axis=1, keepdims=True) > levels_db.min()
    mean_db = (levels_db * heard).sum(axis=0) / max(1, heard.sum())
    moves = np.where(heard, levels_db - mean_db, 0).astype(np.float32)
    count = len(moves)
    size = fft.next_fast_len(2 * count, real=True)
    power = np.square(np.abs(fft.rfft(moves, size, axis=0))).sum(axis=1)
    products = fft.irfft(power, size)[:count].astype(np.float64)
    energy = np.concatenate([[0], np.cumsum(np.square(moves, dtype=np.float64).sum(axis=1))])
    before, after = energy[::-1][:count], energy[-1] - energy[:count]
    alike: Curve = products / np.maximum(np.sqrt(before * after), max(_LEAST * energy[-1], 1e-9))
    return alike


def _lags(alike: Curve) -> Places:
    """In frames, the most alike first."""
    last = len(alike) - _REMAINS
    if last <= _SHORTEST:
        return np.zeros(0, np.intp)
    here = alike[:last]
    peaks = find_peaks(here, height=_ALIKE, distance=20)[0]
    peaks = peaks[peaks >= _SHORTEST]
    best: Places = peaks[np.argsort(-here[peaks], kind="stable")][:_LAGS]
    return best


def _windows(heard: Heard, count: int) -> Places:
    """[windows]: where some begin that are mostly voiced, in samples, evenly chosen."""
    wide = _WINDOW // HOP
    voiced = np.concatenate([[0], np.cumsum(heard.pitch.voiced[:count])])
    starts = np.arange(0, count - wide, wide // 2)
    mostly = starts[voiced[starts + wide] - voiced[starts] >= _VOICED * wide]
    some: Places = mostly[:: max(1, -(-len(mostly) // _WINDOWS))] * HOP
    return some


def _waves_alike(sound: npt.NDArray[np.float32], starts: Places, lag: int) -> Curve:
    """[windows]: each against what was `lag` samples before, wherever within reach both fit best; 0 without a before."""
    size = fft.next_fast_len(_WINDOW + 2 * _REACH, real=True)
    found = np.zeros(len(starts))
    able = starts - lag - _REACH >= 0
    for at, start in zip(np.flatnonzero(able), starts[able], strict=True):
        now = sound[start : start + _WINDOW]
        before = sound[start - lag - _REACH : start - lag + _WINDOW + _REACH]
        products = fft.irfft(fft.rfft(before, size) * np.conj(fft.rfft(now, size)), size)[: 2 * _REACH + 1]
        squares = np.concatenate([[0], np.cumsum(np.square(before, dtype=np.float64))])
        energy = (squares[_WINDOW:] - squares[:-_WINDOW])[: len(products)] * np.square(now, dtype=np.float64).sum()
        found[at] = float((products[: len(energy)] / np.sqrt(np.maximum(energy, 1e-20))).max())
    return found
