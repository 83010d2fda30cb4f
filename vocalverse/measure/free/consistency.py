"""Phrases that come again: who sings a chorus twice and means the same shows how well the voice does as it is told."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.phrases import Span
from vocalverse.measure.pitch.track import Pitch

_POINTS = 64  # along a phrase
_SHORTEST_S = 1.5
_LENGTHS = 1.15  # times as long, at most
_SLIDE = 4  # points: one may begin a little earlier
_ALIKE_SEMITONES, _ALIKE_SHARE = 0.8, 0.75
_MOVES_SEMITONES = 1.0  # a phrase on one note is like any other on one note
_VOICED = 0.6  # of the points of both
_SHIFT_SEMITONES = 1.5  # between two singings; farther up or down it is another phrase
_PHRASES_AT_MOST = 400

Contour = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Again:
    first_s: tuple[float, float]  # from, to
    second_s: tuple[float, float]
    apart_cents: float  # the second above the first, as a whole
    differ_cents: float  # beside that: the median of all points


@dataclass(frozen=True)
class Consistency:
    pairs: tuple[Again, ...]
    apart_cents: float  # the median of how far the whole is off, up or down
    differ_cents: float


def consistency(phrases: Sequence[Span], pitch: Pitch) -> Consistency | None:
    """None where no phrase comes again."""
    midi = pitch.midi.astype(np.float64)
    held = [phrase for phrase in phrases if phrase.end_s - phrase.start_s >= _SHORTEST_S][:_PHRASES_AT_MOST]
    moving = [(phrase, contour) for phrase in held if _moves(contour := _contour(midi, phrase)) >= _MOVES_SEMITONES]
    contours = np.asarray([contour for _, contour in moving])
    pairs = []
    for second in range(1, len(moving)):
        # The nearest before it: of a chorus sung four times there are three pairs.
        for first in np.flatnonzero(_may_be(contours[:second], contours[second]))[::-1]:
            if again := _again(moving[first], moving[second]):
                pairs.append(again)
                break
    if not pairs:
        return None
    return Consistency(
        pairs=tuple(pairs),
        apart_cents=float(np.median([abs(pair.apart_cents) for pair in pairs])),
        differ_cents=float(np.median([pair.differ_cents for pair in pairs])),
    )


def _contour(midi: Contour, phrase: Span) -> Contour:
    at = np.linspace(phrase.start_s, phrase.end_s, _POINTS, endpoint=False) / HOP_S
    contour: Contour = midi[np.clip(np.rint(at).astype(np.intp), 0, len(midi) - 1)]
    return contour


def _may_be(firsts: Contour, second: Contour) -> npt.NDArray[np.bool_]:
    """[phrases]: those of `firsts` [phrases, points] that come again at all, and some more: `_again` takes its time."""
    padded = np.pad(second, _SLIDE, constant_values=np.nan)
    off = np.abs(sliding_window_view(padded, _POINTS) - firsts[:, None])  # [phrases, slides, points]
    near = (off < _SHIFT_SEMITONES + _ALIKE_SEMITONES).sum(axis=2)
    possible: npt.NDArray[np.bool_] = (near >= _ALIKE_SHARE * (~np.isnan(off)).sum(axis=2)).any(axis=1)
    return possible


def _again(before: tuple[Span, Contour], after: tuple[Span, Contour]) -> Again | None:
    (first, one), (second, other) = before, after
    lengths = (second.end_s - second.start_s) / (first.end_s - first.start_s)
    if not 1 / _LENGTHS <= lengths <= _LENGTHS:
        return None
    slides = [other[max(0, step) : _POINTS + step] - one[max(0, -step) : _POINTS - step] for step in _slides()]
    apart = [slide[~np.isnan(slide)] for slide in slides]
    apart = [values for values in apart if len(values) >= _VOICED * _POINTS]
    if not apart:
        return None
    values = min(apart, key=lambda each: float(np.abs(each - np.median(each)).mean()))
    shift = float(np.median(values))
    beside = np.abs(values - shift)
    if abs(shift) > _SHIFT_SEMITONES or (beside < _ALIKE_SEMITONES).mean() < _ALIKE_SHARE:
        return None
    return Again(
        (first.start_s, first.end_s),
        (second.start_s, second.end_s),
        apart_cents=100 * shift,
        differ_cents=100 * float(np.median(beside)),
    )


def _slides() -> range:
    return range(-_SLIDE, _SLIDE + 1)


def _moves(contour: Contour) -> float:
    """Semitones between what lies low in it and what lies high."""
    sung = contour[~np.isnan(contour)]
    return float(np.ptp(np.percentile(sung, (15, 85)))) if len(sung) else 0.0
