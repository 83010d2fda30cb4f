"""Which sung note is meant for which note of the song, and how far it is off."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from vocalverse.measure.against.align import Aligned
from vocalverse.measure.against.line_search import folded, frame_of
from vocalverse.measure.frames import HOP_S
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.melody import Melody, MelodyNote, NoteKind

# A note that is sung this far off in time or in pitch may still be the one that is meant, but each costs, and to have
# no partner costs as much as half of both.
_OFF_S = 0.4
_OFF_SEMITONES = 3.0
_ALONE = 0.5
_STABLE_FROM_S, _STABLE_TO_S = 0.06, 0.04  # scoops and glides lie at a note's ends
_STABLE_PART = 0.5  # of a short note, its middle
_STABLE_AT_LEAST_S = 0.05
_STRAY_CENTS = 150.0  # from the note's median: a crack or the next note

Offs = npt.NDArray[np.float64]


class SungNote(Protocol):
    """As it was found in the voice."""

    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...
    @property
    def midi(self) -> float: ...


@dataclass(frozen=True)
class Matched:
    """A note of the song that has a place in the take."""

    line: int
    note: int  # in its line
    start_s: float  # where it should be in the take
    end_s: float
    late_s: float | None  # its onset; None where no note begins for it
    cents: float | None  # sharp of its line's key, octaves aside; None where it is not sung long enough to tell
    stable_s: float  # of it was heard
    counts: int  # how often: a golden note twice


@dataclass(frozen=True)
class _Due:
    number: int
    start_s: float  # as this line is sung
    end_s: float
    written_s: float  # long
    note: MelodyNote


def match(aligned: Aligned, melody: Melody, notes: Sequence[SungNote], pitch: Pitch) -> tuple[Matched, ...]:
    """All notes that count of the lines that are sung. `notes` in the order of their times."""
    midi, starts_s = pitch.midi.astype(np.float64), np.asarray([note.start_s for note in notes])
    matched: list[Matched] = []
    for index, (line, sung) in enumerate(zip(melody.lines, aligned.lines, strict=True)):
        if not sung.found:
            continue
        due = []
        for number, note in enumerate(line.notes):
            start_s, end_s = aligned.take_s(note.start_s, index), aligned.take_s(note.end_s, index)
            if note.kind is not NoteKind.FREESTYLE and start_s is not None and end_s is not None:
                due.append(_Due(number, start_s + sung.shift_s, end_s + sung.shift_s, end_s - start_s, note))
        if not due:
            continue
        first, last = np.searchsorted(starts_s, (due[0].start_s - _OFF_S, due[-1].end_s + _OFF_S))
        key = aligned.semitones_in(index)
        late_s = _partners(due, notes[first:last], key)
        ends_s = _ends(due, late_s)
        matched += [
            _held_against(replace(one, end_s=end_s), late, index, sung.shift_s, midi, key)
            for one, late, end_s in zip(due, late_s, ends_s, strict=True)
        ]
    return tuple(matched)


def _partners(due: Sequence[_Due], sung: Sequence[SungNote], key: int) -> list[float | None]:
    """How late each is, along the cheapest way through both in their order."""
    if not sung:
        return [None] * len(due)
    late_s = np.asarray([note.start_s for note in sung]) - np.asarray([one.start_s for one in due])[:, None]
    written = np.asarray([np.nan if one.note.midi is None else one.note.midi + key for one in due])
    off = np.nan_to_num(np.abs(folded(np.asarray([note.midi for note in sung]) - written[:, None])))
    cost = np.hypot(late_s / _OFF_S, off / _OFF_SEMITONES)
    chosen = _cheapest(cost)
    return [None if column is None else float(late_s[row, column]) for row, column in enumerate(chosen)]


def _cheapest(cost: Offs) -> list[int | None]:
    """[rows]: its column, each later than the one before, or none."""
    rows, columns = cost.shape
    total = np.zeros((rows + 1, columns + 1))
    total[1:, 0] = _ALONE * np.arange(1, rows + 1)
    total[0, 1:] = _ALONE * np.arange(1, columns + 1)
    for row in range(rows):
        # Best without this row's column, then what columns that stay alone cost on top.
        ways = np.minimum(total[row, 1:] + _ALONE, total[row, :-1] + np.where(cost[row] <= 1, cost[row], np.inf))
        alone = _ALONE * np.arange(columns + 1)
        total[row + 1] = np.minimum.accumulate(np.append(total[row + 1, 0], ways) - alone) + alone
    chosen: list[int | None] = [None] * rows
    row, column = rows, columns
    while row and column:
        if np.isclose(total[row, column], total[row - 1, column] + _ALONE):
            row -= 1
        elif np.isclose(total[row, column], total[row, column - 1] + _ALONE):
            column -= 1
        else:
            row, column = row - 1, column - 1
            chosen[row] = column
    return chosen


def _ends(due: Sequence[_Due], late_s: Sequence[float | None]) -> list[float]:
    """Of each, as late as its onset is, but for where the next one is begun already."""
    begins_s = [one.start_s + (late or 0.0) for one, late in zip(due, late_s, strict=True)]
    ends_s = [one.end_s + (late or 0.0) for one, late in zip(due, late_s, strict=True)]
    return [
        max(min(end, after), begin) for begin, end, after in zip(begins_s, ends_s, [*begins_s[1:], np.inf], strict=True)
    ]


def _held_against(one: _Due, late_s: float | None, line: int, shift_s: float, midi: Offs, key: int) -> Matched:
    later_s = late_s or 0.0
    cents, stable_s = None, 0.0
    if one.note.midi is not None:
        cents, stable_s = _stable(midi, one.start_s + later_s, one.end_s, one.note.midi + key)
    return Matched(
        line=line,
        note=one.number,
        start_s=one.start_s - shift_s,
        end_s=one.start_s - shift_s + one.written_s,
        late_s=None if late_s is None else late_s + shift_s,
        cents=cents,
        stable_s=stable_s,
        counts=one.note.kind.counts,
    )


def _stable(midi: Offs, start_s: float, end_s: float, written: float) -> tuple[float | None, float]:
    """Cents and seconds of what is held between a note's beginning and its end."""
    edges_s = min(1.0, (1 - _STABLE_PART) * (end_s - start_s) / (_STABLE_FROM_S + _STABLE_TO_S))
    first = frame_of(start_s + edges_s * _STABLE_FROM_S)
    last = frame_of(end_s - edges_s * _STABLE_TO_S)
    held = midi[max(0, first) : max(0, last) + 1]
    held = held[~np.isnan(held)]
    if len(held) * HOP_S < _STABLE_AT_LEAST_S:
        return None, 0.0
    cents = 100 * folded(held - written)
    middle = float(np.median(cents))
    beside = 100 * folded((100 * (held - written) - middle) / 100)
    return middle + float(np.clip(beside, -_STRAY_CENTS, _STRAY_CENTS).mean()), len(held) * HOP_S
