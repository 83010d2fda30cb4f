"""The beats of a recording, from its shared spectra."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import BIN_HZ, HOP_S, Frames

_BANDS = 32
_LOWEST_HZ, _HIGHEST_HZ = 30.0, 7_500.0
_RANGE_DB = 70.0
_BEATS_AT_LEAST = 8
_SHORTEST, _LONGEST = 25, 150  # frames: 240 to 40 in a minute
_TAPPED_S = 0.5
_BARS = (1, 2, 4, 8)  # beats
_TIGHT = 100.0  # what a step that is wrong by e costs, in standard deviations of the strength
_COMES_AGAIN = 0.08  # noise has 0.03
_STANDS_OUT = 1.3  # times as strong on the beats as anywhere: less is a tempo read into nothing

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Beats:
    at_s: Values  # [beats]
    tempo_bpm: float
    stands_out: float  # how many times stronger beginnings are on them than on average


def onset_strength(frames: Frames) -> Values:
    """[frames]: by how many dB its bands grow louder, on average."""
    edges = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, _BANDS + 1) / BIN_HZ
    first = np.maximum.accumulate(np.maximum(1, np.rint(edges[:-1]).astype(np.intp)))
    first = np.unique(first)
    bands = np.add.reduceat(frames.power[:, : round(edges[-1]) + 1], first, axis=1)
    level_db = 10 * np.log10(np.maximum(bands, 1e-12))
    level_db = np.maximum(level_db, level_db.max() - _RANGE_DB)
    # Over two frames: a window is 64 ms long, and what begins in it grows over several.
    grown = np.maximum(level_db[2:] - level_db[:-2], 0).mean(axis=1)
    strength: Values = np.pad(grown, (1, 1))[: len(frames)].astype(np.float64)
    return strength


def find_beats(frames: Frames) -> Beats | None:
    """None where there is no beat to be told."""
    strength = onset_strength(frames)
    if len(strength) < 2 * _LONGEST or not strength.any():
        return None
    period, again = _period(strength)
    if again < _COMES_AGAIN:
        return None
    beats = _chain(strength / strength.std(), period)
    if len(beats) < _BEATS_AT_LEAST:
        return None
    near = np.maximum.reduce([strength[np.clip(beats + step, 0, len(strength) - 1)] for step in (-1, 0, 1)])
    stands_out = float(near.mean() / max(strength.mean(), 1e-12))
    if stands_out < _STANDS_OUT:
        return None
    return Beats(beats.astype(np.float64) * HOP_S, 60 / (period * HOP_S), stands_out)


def _period(strength: Values) -> tuple[float, float]:
    """In frames, and how much comes again after it and after 2, 4 and 8 of it, which a beat and a half does not have."""
    level = strength - strength.mean()
    size = 2 ** int(np.ceil(np.log2(2 * len(level))))
    again = np.fft.irfft(np.square(np.abs(np.fft.rfft(level, size))))
    periods = np.arange(_SHORTEST, _LONGEST, 1 / _BARS[-1])
    lags = np.arange(len(level))
    comes = np.mean([np.interp(periods * bar, lags, again[lags], right=0) for bar in _BARS], axis=0) / again[0]
    best = int((comes * np.exp(-0.5 * np.square(np.log2(periods * HOP_S / _TAPPED_S)))).argmax())
    return float(periods[best]), float(comes[best])


def _chain(strength: Values, period: float) -> npt.NDArray[np.intp]:
    """Ellis' way: the beats that are strongest together while each is about a period after the one before."""
    longest = round(2 * period)
    steps = np.arange(-longest, -round(period / 2) + 1)
    costs = _TIGHT * np.square(np.log(-steps / period))
    total, before = strength.copy(), np.full(len(strength), -1, np.intp)
    for frame in range(longest, len(strength)):
        ways = total[frame + steps[0] : frame + steps[-1] + 1] - costs
        best = int(ways.argmax())
        if ways[best] > 0:
            total[frame] += ways[best]
            before[frame] = frame + steps[best]
    last = round(period)
    chain = [len(total) - last + int(total[-last:].argmax())]
    while before[chain[-1]] >= 0:
        chain.append(int(before[chain[-1]]))
    return np.asarray(chain[::-1], np.intp)
