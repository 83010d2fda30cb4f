"""What is sung in one breath, or as one line of the lyrics."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.notes import Note

PAUSE_S = 0.3  # of no voice: a consonant is shorter
SHORTEST_S = 1.0
_BELONGS_WITHIN_S = 2.0  # a short cry after a longer pause stands alone
_BESIDE_LINE_S = 0.5  # singers are that much early or late


class Span(Protocol):
    """A breath, or a line of the lyrics in the take's time."""

    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


@dataclass(frozen=True)
class Phrase:
    start_s: float
    end_s: float
    notes: range  # which of the take's
    line: int | None = None  # which of the lyrics'

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


def find_phrases(
    notes: Sequence[Note], *, breaths: Iterable[Span] = (), lines: Sequence[Span] = ()
) -> tuple[Phrase, ...]:
    """All notes belong to one each. Lines, where given, go before breaths and pauses."""
    if not notes:
        return ()
    middles = sorted((breath.start_s + breath.end_s) / 2 for breath in breaths)
    line_of = [_line_of(note, lines) for note in notes]
    first, phrases = 0, []
    for after in range(1, len(notes) + 1):
        if after < len(notes) and not _starts(notes, after, line_of, middles):
            continue
        phrases.append(_phrase(notes, range(first, after), line_of[first]))
        first = after
    return tuple(_merged(notes, phrases))


def _starts(notes: Sequence[Note], index: int, line_of: Sequence[int | None], breaths: Sequence[float]) -> bool:
    before, note = notes[index - 1], notes[index]
    if line_of[index] is not None or line_of[index - 1] is not None:
        return line_of[index] != line_of[index - 1]
    paused = note.start_s - before.end_s > PAUSE_S - HOP_S / 2
    return paused or any(before.end_s <= breath <= note.start_s for breath in breaths)


def _line_of(note: Note, lines: Sequence[Span]) -> int | None:
    """The one that it shares most time with, or that is next to it."""
    if not lines:
        return None
    shared = [min(note.end_s, line.end_s) - max(note.start_s, line.start_s) for line in lines]
    best = max(range(len(lines)), key=shared.__getitem__)  # below 0: how far away
    return best if shared[best] > -_BESIDE_LINE_S else None


def _merged(notes: Sequence[Note], phrases: list[Phrase]) -> list[Phrase]:
    """Short ones go to the nearer neighbour; lines of the lyrics are lines, however short."""
    while True:
        pairs = [pair for pair in itertools.pairwise(phrases) if _belong(*pair)]
        if not pairs:
            return phrases
        left, right = min(pairs, key=lambda pair: pair[1].start_s - pair[0].end_s)
        at = phrases.index(left)
        both = range(left.notes.start, right.notes.stop)
        phrases = [*phrases[:at], _phrase(notes, both, None), *phrases[at + 2 :]]


def _belong(left: Phrase, right: Phrase) -> bool:
    if left.line is not None or right.line is not None:
        return False
    short = min(left.duration_s, right.duration_s) < SHORTEST_S
    return short and right.start_s - left.end_s < _BELONGS_WITHIN_S


def _phrase(notes: Sequence[Note], which: range, line: int | None) -> Phrase:
    return Phrase(notes[which.start].start_s, notes[which.stop - 1].end_s, which, line)
