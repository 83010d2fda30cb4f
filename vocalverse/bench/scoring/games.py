"""How games score a take, after what is published of their rules: 10,000 points at most, for the pitch at each moment.

None of them looks for a latency, or for another key than the octave: the game has told the singer both.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.melody import Line, Melody, MelodyNote

MOST = 10_000.0
EASY, MEDIUM, HARD = 2, 1, 0  # semitones that UltraStar lets a singer be off
_LINE_BONUS = 1_000.0
_FULL_SEMITONES, _NONE_SEMITONES = 0.5, 1.5  # Performous'
_OCTAVE = 12

Values = npt.NDArray[np.floating]


def ultrastar(melody: Melody, pitch: Pitch, *, beat_s: float, tolerance: int) -> float:
    """9,000 points for the beats that are hit, 1,000 for lines, each as far as its beats are hit."""
    hits, beats = zip(*(_beats(line, pitch, beat_s, tolerance) for line in _counted(melody)), strict=True)
    got, possible = np.asarray(hits), np.asarray(beats)
    share = got.sum() / possible.sum()
    return float((MOST - _LINE_BONUS) * share + _LINE_BONUS * np.mean(got / possible))


def performous(melody: Melody, pitch: Pitch) -> float:
    """Full points within half a semitone, fewer the farther away."""
    got = possible = 0.0
    for line in _counted(melody):
        for note in line.notes:
            at = note.start_s + HOP_S * np.arange(max(1, round((note.end_s - note.start_s) / HOP_S)))
            near = (_NONE_SEMITONES - np.abs(_off(note, pitch, at))) / (_NONE_SEMITONES - _FULL_SEMITONES)
            got += note.kind.counts * float(np.clip(near, 0, 1).sum())
            possible += note.kind.counts * len(at)
    return MOST * got / possible


def _counted(melody: Melody) -> Iterator[Line]:
    return (line for line in melody.lines if any(note.kind.counts for note in line.notes))


def _beats(line: Line, pitch: Pitch, beat_s: float, tolerance: int) -> tuple[float, float]:
    """Those hit and all, golden ones twice."""
    got = possible = 0.0
    for note in line.notes:
        count = max(1, round((note.end_s - note.start_s) / beat_s))
        middles_s = note.start_s + (np.arange(count) + 0.5) * beat_s
        off = _off(note, pitch, middles_s, whole=True)
        got += note.kind.counts * float((np.abs(off) <= tolerance).sum())
        possible += note.kind.counts * count
    return got, possible


def _off(note: MelodyNote, pitch: Pitch, at_s: Values, *, whole: bool = False) -> Values:
    """[moments] semitones, octaves aside; of rap any pitch is right, and none is infinitely far."""
    frames = np.minimum(np.rint(at_s / HOP_S).astype(np.intp), len(pitch.voiced) - 1)
    sung = pitch.midi[frames].astype(np.float64)
    within = at_s < len(pitch.voiced) * HOP_S
    if note.midi is None:
        off = np.zeros(len(sung))
    else:
        tones = np.rint(sung) - round(note.midi) if whole else sung - note.midi
        off = (tones + _OCTAVE / 2) % _OCTAVE - _OCTAVE / 2
    return np.where(pitch.voiced[frames] & within, off, np.inf)
