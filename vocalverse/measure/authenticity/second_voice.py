"""Another pitch beside the voice's own: a second singer, or what is left of a band."""

from dataclasses import dataclass

import numpy as np

from vocalverse.measure.frames import BIN_HZ, HOP_S, Floats, Heard
from vocalverse.measure.reference.melody import Melody
from vocalverse.measure.singing.voice_quality import steady_frames

_LINE = 2  # bins at either side, as wide as a held tone's line
_HZ = (120.0, 2_500.0)
_PEAKS_DB = 12.0  # below the voice's own strongest line
_STANDS_OUT_DB = 12.0  # from what lies around: noise does not
_AROUND = 6  # bins
_LINES_AT_LEAST = 2
_LEAST_S = 1.0


@dataclass(frozen=True)
class SecondVoice:
    share: float | None  # of the steady voice: lines that are none of its harmonics; None where too little is steady
    singers_asked: int  # of the song; 1 where none is known


def measure_second_voice(heard: Heard, melody: Melody | None = None) -> SecondVoice:
    asked = len(melody.singers) if melody else 1
    steady = steady_frames(heard)
    if steady.sum() * HOP_S < _LEAST_S:
        return SecondVoice(None, asked)
    power, hz = heard.dry.power[steady], heard.pitch.hz[steady]
    return SecondVoice(float((_lines(power, hz) >= _LINES_AT_LEAST).mean()), asked)


def _lines(power: Floats, hz: Floats) -> Floats:
    """[frames]: how many."""
    first, last = (round(limit / BIN_HZ) for limit in _HZ)
    bins = np.arange(first, last)
    order = np.maximum(np.rint(bins * BIN_HZ / hz[:, None]), 1)
    beside = np.abs(bins - order * hz[:, None] / BIN_HZ) > _LINE
    band = power[:, first:last]
    own = np.where(beside, 0, band).max(axis=1, keepdims=True)
    left, right = power[:, first - 1 : last - 1], power[:, first + 1 : last + 1]
    floor = np.minimum(power[:, first - _AROUND : last - _AROUND], power[:, first + _AROUND : last + _AROUND])
    peaks = beside & (band > left) & (band >= right) & (band > own * 10 ** (-_PEAKS_DB / 10))
    peaks &= band > floor * 10 ** (_STANDS_OUT_DB / 10)
    count: Floats = peaks.sum(axis=1)
    return count
