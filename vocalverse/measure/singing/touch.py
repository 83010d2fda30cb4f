"""How a voice comes to its notes, and how still it holds them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.notes import Note
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.runs import frames_between
from vocalverse.measure.singing.vibrato import Passage, Vibrato

_SHORTEST_S = 0.2
_MIDDLE = (0.3, 0.9)  # of a note, where it is held
_ARRIVING_S = (0.02, 0.1)  # after its beginning: clean voices are there, others are on their way
_FARTHEST_CENTS = 200.0  # a slide from another note: farther is no worse
_TIED_S = 0.5  # a leap has its two notes in one breath

_HELD_S, _EDGE_S = 0.3, 0.07  # a note, and what belongs to its beginning and its end
_VOICED = 0.8
_MOST_CENTS = 80.0  # beyond it is another note
_BENT = 2  # a note may rise and fall once
_OWN_RATES_HZ = (-0.8, -0.4, 0.0, 0.4, 0.8)  # beside the singer's own vibrato
_SWINGS = 0.55  # of a note's movement, by one sine: then that is what it does
# Together, notes of less than a second tell of a vibrato, too: where many move, and one rate says most of how.
_TELLS_ALONE_S, _SWINGING_CENTS, _SWINGING_NOTES, _SWINGS_ALIKE = 1.0, 20.0, 5, 0.7
_RATES_HZ = np.arange(4.5, 7.6, 0.25)

Curve = npt.NDArray[np.float64]  # [frames], cents


@dataclass(frozen=True)
class Touch:
    """Of one note."""

    note: int
    start_s: float
    end_s: float
    arrives_off_cents: float | None  # in its first tenth of a second, from where it is held then
    leap_semitones: float | None  # from the note before it, in the same breath
    wobble_cents: float | None  # RMS, without drift and vibrato; None where it is not held long enough


def measure_touch(pitch: Pitch, notes: Sequence[Note], vibrato: Vibrato) -> tuple[Touch, ...]:
    passages = {passage.note: passage for passage in vibrato.passages}
    touched = [(index, note) for index, note in enumerate(notes) if note.duration_s >= _SHORTEST_S]
    moves = {index: moved for index, note in touched if (moved := _moves(pitch, note)) is not None}
    own_hz = vibrato.rate_hz or _common_rate_hz(list(moves.values()))
    return tuple(
        Touch(
            index,
            note.start_s,
            note.end_s,
            _arrives_off(pitch, note),
            _leap(notes[index - 1], note) if index else None,
            _wobble(moves[index], passages.get(index), own_hz) if index in moves else None,
        )
        for index, note in touched
    )


def _leap(before: Note, note: Note) -> float | None:
    return note.midi - before.midi if note.start_s - before.end_s < _TIED_S else None


def _arrives_off(pitch: Pitch, note: Note) -> float | None:
    first, last = (note.start_s + share * note.duration_s for share in _MIDDLE)
    held, arriving = _midi(pitch, first, last), _midi(pitch, *(note.start_s + after_s for after_s in _ARRIVING_S))
    if np.isnan(held).all() or np.isnan(arriving).all():
        return None
    off = 100 * np.abs(arriving - np.nanmedian(held))
    return min(_FARTHEST_CENTS, float(np.nanmean(off)))


def _moves(pitch: Pitch, note: Note) -> Curve | None:
    """How the pitch moves around a note that is held; None where none is."""
    if note.duration_s < _HELD_S:
        return None
    midi = _midi(pitch, note.start_s + _EDGE_S, note.end_s - _EDGE_S)
    there = np.flatnonzero(~np.isnan(midi))
    if len(there) < _VOICED * len(midi) or len(there) <= 2 * _BENT:
        return None
    cents = 100 * np.interp(np.arange(len(midi)), there, midi[there])
    return _without(cents, np.vander(np.linspace(-1, 1, len(cents)), _BENT + 1))


def _wobble(moves: Curve, passage: Passage | None, own_hz: float | None) -> float:
    """Vibrato is no wobble: of a note that swings, how much its middle moves."""
    if passage:
        moves = _smoothed(moves, round(1 / (passage.rate_hz * HOP_S)))
    elif own_hz:
        least = min((_without_swing(moves, own_hz + beside_hz) for beside_hz in _OWN_RATES_HZ), key=_rms)
        moves = least if _left(least, moves) < 1 - _SWINGS else moves
    return min(_MOST_CENTS, _rms(moves))


def _common_rate_hz(moves: Sequence[Curve]) -> float | None:
    """Of a singer whose notes are too short to tell of a vibrato one by one, and who swings at the same rate on all."""
    some = [each for each in moves if _rms(each) >= _SWINGING_CENTS and len(each) * HOP_S < _TELLS_ALONE_S]
    if len(some) < _SWINGING_NOTES:
        return None
    left = np.mean([[_left(_without_swing(each, rate_hz), each) for rate_hz in _RATES_HZ] for each in some], axis=0)
    best = int(left.argmin())
    inside = 0 < best < len(_RATES_HZ) - 1
    return float(_RATES_HZ[best]) if inside and left[best] < 1 - _SWINGS_ALIKE else None


def _without_swing(moves: Curve, rate_hz: float) -> Curve:
    """What a sine leaves that is as high all through, or grows."""
    turns = 2 * np.pi * rate_hz * HOP_S * np.arange(len(moves))
    swing = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    growing = np.linspace(0, 1, len(moves))[:, None]
    return min((_without(moves, swing), _without(moves, growing * swing)), key=_rms)


def _left(rest: Curve, whole: Curve) -> float:
    return float(np.square(rest).sum() / max(np.square(whole).sum(), 1e-9))


def _midi(pitch: Pitch, from_s: float, to_s: float) -> Curve:
    return pitch.midi[frames_between(from_s, to_s, count=len(pitch.midi))].astype(np.float64)


def _without(curve: Curve, shapes: Curve) -> Curve:
    left: Curve = curve - shapes @ np.linalg.lstsq(shapes, curve, rcond=None)[0]
    return left


def _smoothed(curve: Curve, wide: int) -> Curve:
    """Over one swing, nothing is left of it."""
    wide = min(wide | 1, len(curve))
    inside: Curve = np.convolve(curve, np.full(wide, 1 / wide), mode="valid")
    return inside


def _rms(curve: Curve) -> float:
    return float(np.sqrt(np.square(curve).mean()))
