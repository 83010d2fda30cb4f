"""How unlike neighbouring periods of a voice are: in length (jitter) and in height (shimmer)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from vocalverse.measure.frames import HOP, RATE_HZ, Signal
from vocalverse.measure.runs import runs

_CYCLES_AT_LEAST = 50
_STRETCH = 10  # frames: longer, the marks wander off from the pulses
_SHORTEST = 6  # frames
_MOST_STRETCHES = 250  # evenly chosen, 25 s of voice
_LAGS_LEAST, _LAGS_SHARE = 3, 0.06  # samples, and of a period: how much longer or shorter one may be
_PARTS = 24  # of a period, to find where in it the pulse lies
_WINDOW = 0.6  # of a period: wider, neighbouring periods get into each other
_IN_A_ROW = 3
_ALIKE = 0.6  # correlation of neighbours: below, the voice is not in cycles there
_MOST_UNLIKE = 0.2  # of a period: more is a slip, not jitter

Curve = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Cycles:
    jitter: float  # RAP, share of a period
    shimmer: float  # APQ3, share of the height


def measure_cycles(samples: Signal, hz: npt.NDArray[np.float32], steady: npt.NDArray[np.bool_]) -> Cycles | None:
    """Of three in a row: what runs evenly, as vibrato and swells do, is not unlike. None where too few are clear."""
    stretches = [stretch for run in runs(steady) for stretch in _cut(run)]
    some = stretches[:: max(1, -(-len(stretches) // _MOST_STRETCHES))]
    found = [_unlike(samples, hz[stretch.start : stretch.stop], stretch.start * HOP) for stretch in some]
    unlike = np.concatenate([np.zeros((2, 0)), *found], axis=1)
    if unlike.shape[1] < _CYCLES_AT_LEAST:
        return None
    return Cycles(*(float(mean) for mean in unlike.mean(axis=1)))


def _cut(run: range) -> list[range]:
    parts = [range(at, min(at + _STRETCH, run.stop)) for at in range(run.start, run.stop, _STRETCH)]
    return [part for part in parts if len(part) >= _SHORTEST]


def _unlike(samples: Signal, hz: npt.NDArray[np.float32], first: int) -> Curve:
    """[2, cycles]: how far lengths and heights are from their neighbours', where all three are clear."""
    marks, period = _marks(samples, hz, first)
    wide, lags = round(_WINDOW * period), _LAGS_LEAST + round(period * _LAGS_SHARE)
    reach = wide // 2 + lags
    marks = marks[(marks >= reach) & (marks + wide - wide // 2 + lags < len(samples))]
    if len(marks) < _IN_A_ROW + 1:
        return np.zeros((2, 0))
    around = samples[marks[:, None] + np.arange(-reach, wide - wide // 2 + lags)].astype(np.float64)
    shape = np.hanning(wide + 2)[1:-1]
    shifted = sliding_window_view(around[1:], wide, axis=1)  # [cycles, lags, samples]
    here = around[:-1, lags : lags + wide] * shape
    energy = np.square(shifted) @ shape
    alike = np.einsum("cw,clw->cl", here, shifted)
    alike /= np.sqrt((np.square(around[:-1, lags : lags + wide]) @ shape)[:, None] * energy) + 1e-20
    lag, clear = _summits(alike)
    lengths = np.diff(marks) + lag - lags
    heights = np.sqrt(energy[:, lags])
    three = clear[:-2] & clear[1:-1] & clear[2:]
    unlike = np.stack([_from_neighbours(lengths), _from_neighbours(heights)])[:, three]
    return unlike[:, unlike[0] < _MOST_UNLIKE]


def _marks(samples: Signal, hz: npt.NDArray[np.float32], first: int) -> tuple[Places, float]:
    """The samples at which the pulses lie, by the tracked pitch, and the mean period."""
    count = (len(hz) - 1) * HOP
    along = np.interp(np.arange(count) / HOP, np.arange(len(hz)), hz)
    turned = np.cumsum(along) / RATE_HZ
    here = samples[first : first + count]
    turned = turned[: len(here)]
    if not len(here):
        return np.zeros(0, np.intp), 1.0
    part = (turned % 1 * _PARTS).astype(np.intp)
    energy = np.bincount(part, np.square(here, dtype=np.float64), _PARTS)
    loudest = int((energy + np.roll(energy, 1) + np.roll(energy, -1)).argmax()) / _PARTS
    whole = np.arange(np.ceil(turned[0] - loudest), turned[-1] - loudest)
    marks = first + np.rint(np.interp(whole + loudest, turned, np.arange(len(turned)))).astype(np.intp)
    return marks, RATE_HZ / float(along.mean())


def _summits(alike: Curve) -> tuple[Curve, npt.NDArray[np.bool_]]:
    """[cycles]: where between the lags each is highest, and whether it is a summit worth the name."""
    best = alike.argmax(axis=1)
    inside = np.clip(best, 1, alike.shape[1] - 2)
    rows = np.arange(len(alike))
    left, top, right = alike[rows, inside - 1], alike[rows, inside], alike[rows, inside + 1]
    bend = np.minimum(left - 2 * top + right, -1e-9)
    lag: Curve = inside + np.clip((left - right) / (2 * bend), -1, 1)
    return lag, (best == inside) & (top > _ALIKE)


def _from_neighbours(values: Curve) -> Curve:
    """Each one's distance from the mean of itself and both neighbours, as a share of that mean."""
    mean = (values[:-2] + values[1:-1] + values[2:]) / 3
    unlike: Curve = np.abs(values[1:-1] - mean) / np.maximum(mean, 1e-12)
    return unlike
