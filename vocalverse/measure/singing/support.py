"""How evenly the breath carries what is held: slow waves of loudness and pitch, without vibrato and without a swell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from vocalverse.measure.frames import HOP_S, Heard
from vocalverse.measure.notes import Note
from vocalverse.measure.runs import frames_between

_LEAST_S = 0.6
_ATTACK_S, _RELEASE_S = 0.1, 0.1
_TURN = 19  # frames: one turn of a vibrato, which leaves nothing of it
_VOICED_SHARE = 0.9

Curve = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Carried:
    """A note of 0.6 s or more."""

    note: int
    start_s: float
    end_s: float
    level_db: float  # RMS around a straight line: a crescendo is none
    cents: float  # likewise

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


def measure_support(heard: Heard, notes: Sequence[Note]) -> tuple[Carried, ...]:
    """In order."""
    long = [(index, note) for index, note in enumerate(notes) if note.duration_s >= _LEAST_S]
    return tuple(tone for index, note in long if (tone := _carried(heard, index, note)) is not None)


def _carried(heard: Heard, index: int, note: Note) -> Carried | None:
    """None where the voice is off within it."""
    here = frames_between(note.start_s + _ATTACK_S, note.end_s - _RELEASE_S, count=len(heard.dry))
    voiced = heard.pitch.voiced[here]
    if len(voiced) * HOP_S < _LEAST_S - _ATTACK_S - _RELEASE_S - HOP_S or voiced.mean() < _VOICED_SHARE:
        return None
    sung = np.flatnonzero(voiced)
    midi = np.interp(np.arange(len(voiced)), sung, heard.pitch.midi[here][sung].astype(np.float64))
    level_db = heard.dry.level_db[here].astype(np.float64)
    return Carried(index, note.start_s, note.end_s, _waves(level_db), 100 * _waves(midi))


def _waves(curve: Curve) -> float:
    smooth = uniform_filter1d(curve, _TURN, mode="nearest")
    at = np.arange(len(smooth))
    return float(np.std(smooth - np.polyval(np.polyfit(at, smooth, 1), at)))
