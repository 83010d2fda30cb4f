"""From the notes that a file holds to lines that somebody can sing: one note at a time, in order, none without length."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby, pairwise

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.reference.melody import BOTH, NOTES_AT_MOST, SOLO, Line, MelodyNote

_SHORTEST_S = 0.01
_TOGETHER_S = 0.03  # notes that start this close are a chord
_EARLY_S = 1.0  # a careless gap; what starts earlier comes from a fault
_REST_S = 0.5  # ends a line where the file knows no lines,
_LINE_AT_LEAST_S = 1.0  # if the line is not too short for one
_CLAUSE_ENDS = (".", ",", ";", ":", "!", "?", "…", "。", "，", "、", "！", "？")
_CLAUSE_AT_LEAST_S = 2.5
_DIGITS = 4  # of a second


class Repair(StrEnum):
    """Each is a warning, after a number of notes."""

    EMPTY = "without length, left out"
    CUT = "cut where the next one starts"
    COVERED = "under a higher one that sounds at the same time, left out"
    SORTED = "put into the order of their times"
    EARLY = "before the recording begins, cut or left out"


@dataclass(frozen=True)
class Tidied:
    lines: tuple[Line, ...]
    repairs: Counter[Repair]

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(f"Notes {repair}: {self.repairs[repair]}." for repair in Repair if self.repairs[repair])


@dataclass(frozen=True)
class _Placed:
    line: int
    note: MelodyNote


def tidy(lines: Sequence[Sequence[MelodyNote]], *, singers: frozenset[int] = SOLO) -> Tidied:
    """What one singer sings, or both together. Lines in their order, notes as the file has them."""
    repairs: Counter[Repair] = Counter()
    placed = [_Placed(index, note) for index, line in enumerate(lines) for note in line]
    if len(placed) > NOTES_AT_MOST:
        raise ReferenceBroken(f"It has {len(placed):,} notes, more than the {NOTES_AT_MOST:,} of any song.")
    placed = _from_zero(placed, repairs)
    ordered = sorted(placed, key=lambda one: (one.note.start_s, one.line))
    repairs[Repair.SORTED] += sum(one is not other for one, other in zip(placed, ordered, strict=True))
    one_by_one = _one_at_a_time(ordered, repairs)
    parts = groupby(_lines_in_order(one_by_one), key=lambda one: one.line)
    return Tidied(tuple(_line([one.note for one in part], singers) for _, part in parts), repairs)


def _from_zero(placed: Iterable[_Placed], repairs: Counter[Repair]) -> list[_Placed]:
    """Without the notes that have no length, and without what lies before the recording."""
    kept = []
    for one in placed:
        note = one.note
        if note.start_s < -_EARLY_S:
            raise ReferenceBroken(f"A note starts {-note.start_s:.2f} s before the recording: check its gap or offset.")
        repairs[Repair.EARLY] += note.start_s < 0
        start_s, end_s = round(max(0.0, note.start_s), _DIGITS), round(note.end_s, _DIGITS)
        if end_s - start_s >= _SHORTEST_S:
            kept.append(_Placed(one.line, replace(note, start_s=start_s, end_s=end_s)))
        else:
            repairs[Repair.EMPTY] += note.start_s >= 0
    return kept


def _one_at_a_time(ordered: Iterable[_Placed], repairs: Counter[Repair]) -> list[_Placed]:
    """The highest of what sounds together; a note that is held into the next one is cut."""
    kept: list[_Placed] = []
    for one in ordered:
        now: _Placed | None = one
        while kept and now and kept[-1].note.end_s > now.note.start_s:
            before, now, repair = _apart(kept.pop(), now)
            repairs[repair] += 1
            kept += [before] if before else []
        if now:
            kept.append(now)
    return kept


def _apart(before: _Placed, after: _Placed) -> tuple[_Placed | None, _Placed | None, Repair]:
    """What remains of two that overlap."""
    one, other = before.note, after.note
    higher_first = one.midi is not None and other.midi is not None and one.midi >= other.midi
    if other.start_s - one.start_s < _TOGETHER_S:
        return (before, None, Repair.COVERED) if higher_first else (None, after, Repair.COVERED)
    if higher_first and other.end_s <= one.end_s:
        return before, None, Repair.COVERED
    cut = replace(one, end_s=other.start_s)
    return _Placed(before.line, cut), after, Repair.CUT


def _lines_in_order(placed: Sequence[_Placed]) -> list[_Placed]:
    """A straggler of a line that has ended belongs to the one that has begun."""
    reached, kept = 0, []
    for one in placed:
        reached = max(reached, one.line)
        kept.append(_Placed(reached, one.note))
    return kept


def _line(notes: Sequence[MelodyNote], singers: frozenset[int]) -> Line:
    whole = whole_words(notes)
    return Line(whole[0].start_s, whole[-1].end_s, whole, singers)


def whole_words(notes: Sequence[MelodyNote]) -> tuple[MelodyNote, ...]:
    """A word ends with the last note of its last syllable, and a line ends a word."""
    ends = [note.ends_word for note in notes]
    for index in range(1, len(notes)):
        if notes[index].continues and ends[index - 1]:
            ends[index - 1], ends[index] = False, True
    ends[-1] = True
    starts = [index > 0 and note.continues for index, note in enumerate(notes)]
    return tuple(
        replace(note, ends_word=end, continues=goes_on) for note, end, goes_on in zip(notes, ends, starts, strict=True)
    )


def split_at_rests(notes: Sequence[MelodyNote]) -> list[list[MelodyNote]]:
    """Lines for a file that knows none: phrases between rests, and between the clauses of a text without any."""
    lines: list[list[MelodyNote]] = [list(notes[:1])]
    syllable = notes[0].text if notes else ""
    for before, after in pairwise(notes):
        sung_s, rest_s = before.end_s - lines[-1][0].start_s, after.start_s - before.end_s
        clause_ends = syllable.endswith(_CLAUSE_ENDS) and not after.continues
        if (rest_s >= _REST_S and sung_s >= _LINE_AT_LEAST_S) or (clause_ends and sung_s >= _CLAUSE_AT_LEAST_S):
            lines.append([])
        lines[-1].append(after)
        syllable = after.text or syllable
    return lines


def joined_duet(first: Iterable[Line], second: Iterable[Line]) -> tuple[Line, ...]:
    """Lines of both in time; what both sing alike becomes one line of two singers."""
    alone = {(line.start_s, line.notes): line for line in second}
    lines = []
    for line in first:
        same = alone.pop((line.start_s, line.notes), None)
        lines.append(replace(line, singers=BOTH) if same else line)
    return tuple(sorted([*lines, *alone.values()], key=lambda line: (line.start_s, min(line.singers))))
