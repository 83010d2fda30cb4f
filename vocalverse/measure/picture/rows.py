"""How a take is cut into rows: where nobody sings, so that each begins and ends with a phrase."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.phrases import Span
from vocalverse.measure.picture.asked import Asked
from vocalverse.measure.take import Measured

LONGEST_S = 30.0
_SHORTEST_S = 18.0  # rather than shorter, a phrase is cut
_BESIDE_S = 0.6  # of silence at both ends
_PAUSE_S = 10.0  # a longer one is left out
_LEAST_SEMITONES, _MOST_SEMITONES = 14, 40
_BESIDE_SEMITONES = 2
_STRAYS = 1.5  # percent of what is sung at either end that may lie outside: octave errors, cracks

Values = npt.NDArray[np.float64]  # [things]


@dataclass(frozen=True)
class Row:
    start_s: float
    end_s: float
    low_midi: int
    high_midi: int  # with it

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    def overlaps(self, start_s: float, end_s: float) -> bool:
        return end_s > self.start_s and start_s < self.end_s


@dataclass(frozen=True)
class _Span:
    start_s: float
    end_s: float


def rows_of(measured: Measured, asked: Asked) -> tuple[Row, ...]:
    """At least one, and all that is sung or asked for is in one of them."""
    things = _things(measured, asked)
    if not things:
        whole = _Span(0.0, min(max(1.0, len(measured.pitch.voiced) * HOP_S), LONGEST_S))
        return (_row(whole, measured, asked),)
    return tuple(_row(span, measured, asked) for span in _cut(things))


def _things(measured: Measured, asked: Asked) -> list[_Span]:
    """What is not to be cut, in the order of its beginnings."""
    things: Iterable[Span] = (*measured.phrases, *measured.notes, *measured.breathing.breaths, *asked.lines)
    spans = (_Span(max(0.0, one.start_s), one.end_s) for one in things if one.end_s > 0)
    return sorted(spans, key=lambda span: (span.start_s, span.end_s))


def _cut(things: Sequence[_Span]) -> Iterator[_Span]:
    starts_s, ends_s = (np.asarray([getattr(one, name) for one in things]) for name in ("start_s", "end_s"))
    last_s, at_s = float(ends_s.max()), 0.0
    while at_s < last_s - _BESIDE_S:
        busy_from_s = max(at_s, float(starts_s[ends_s > at_s + _BESIDE_S].min(initial=last_s)) - _BESIDE_S)
        until_s = _next_cut(starts_s, ends_s, busy_from_s)
        sung_until_s = float(ends_s[(starts_s < until_s) & (ends_s > busy_from_s)].max(initial=busy_from_s))
        yield _Span(busy_from_s, min(until_s, sung_until_s + _BESIDE_S))
        at_s = until_s


def _next_cut(starts_s: Values, ends_s: Values, from_s: float) -> float:
    """After a long pause; else where the fewest things are cut, the later the better."""
    here = (ends_s > from_s) & (starts_s < from_s + LONGEST_S)
    reached_s = np.maximum.accumulate(ends_s[here])
    pauses = np.flatnonzero(starts_s[here][1:] - reached_s[:-1] > _PAUSE_S)
    if len(pauses):
        return float(reached_s[pauses[0]]) + 2 * _BESIDE_S
    candidates_s = np.append(ends_s, from_s + LONGEST_S)
    candidates_s = candidates_s[(candidates_s > from_s + _SHORTEST_S) & (candidates_s <= from_s + LONGEST_S)]
    cut = [int(((starts_s < at_s) & (ends_s > at_s)).sum()) for at_s in candidates_s]
    best = min(range(len(cut)), key=lambda at: (cut[at], -candidates_s[at]))
    return float(candidates_s[best])


def _row(span: _Span, measured: Measured, asked: Asked) -> Row:
    written = [
        note.midi
        for line in asked.lines
        for note in line.notes
        if note.midi is not None and note.end_s > span.start_s and note.start_s < span.end_s
    ]
    sung = measured.pitch.midi[round(span.start_s / HOP_S) : round(span.end_s / HOP_S) + 1]
    sung = sung[np.isfinite(sung)]
    edges = np.percentile(sung, (_STRAYS, 100 - _STRAYS)).tolist() if len(sung) else []
    pitches = np.asarray([*written, *edges] or [60.0])
    middle = float(np.median(pitches))
    low = max(int(np.floor(pitches.min())) - _BESIDE_SEMITONES, round(middle) - _MOST_SEMITONES // 2)
    high = min(int(np.ceil(pitches.max())) + _BESIDE_SEMITONES, round(middle) + _MOST_SEMITONES // 2)
    lacking = max(0, _LEAST_SEMITONES - (high - low))
    return Row(span.start_s, span.end_s, low - lacking // 2, high + (lacking + 1) // 2)
