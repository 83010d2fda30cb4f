"""How well a take's notes begin in time with its song, once the recording's delay is taken out."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import numpy as np

from vocalverse.measure.against.matching import Matched
from vocalverse.measure.marks import Score, marks, middle_spread, score

FULL_TO_MS, NONE_FROM_MS = 50.0, 200.0
_NOTES_AT_LEAST = 8  # the delay is their median, and takes all that fewer could tell
_PHRASE_NOTES = 3
_PHRASE_OFF_MS = 60.0  # of a whole phrase: past what a note may be off and nobody hears it
_OFTEN = 0.2  # of phrases,
_OFTENER = 2.0  # and as many times as the other way round


class Tendency(StrEnum):
    STEADY = "steady"
    RUSHING = "rushing"
    DRAGGING = "dragging"
    UNSTEADY = "unsteady"  # some phrases early, others late


@dataclass(frozen=True)
class NoteTiming:
    line: int
    note: int
    start_s: float  # where it should begin
    late_ms: float


@dataclass(frozen=True)
class PhraseTiming:
    line: int
    start_s: float
    end_s: float
    bias_ms: float  # late; the median of its notes
    spread_ms: float
    mark: float  # 0 … 1
    tendency: Tendency


@dataclass(frozen=True)
class Rhythm:
    score: Score
    delay_ms: float  # beside the latency that the alignment found: taken out before anything is judged
    spread_ms: float  # half of the span of the middle 68 % of notes
    in_time_share: float  # of notes, within 50 ms
    rushing_share: float  # of phrases
    dragging_share: float
    tendency: Tendency
    notes: tuple[NoteTiming, ...]
    phrases: tuple[PhraseTiming, ...]  # those of three notes or more


def rhythm(matched: Sequence[Matched]) -> Rhythm | None:
    """None where too few notes begin anywhere near their time."""
    begun = [(one, 1_000 * one.late_s) for one in matched if one.late_s is not None]
    if len(begun) < _NOTES_AT_LEAST:
        return None
    delay_ms = float(np.median([late_ms for _, late_ms in begun]))
    late = np.asarray([late_ms - delay_ms for _, late_ms in begun])
    notes = tuple(
        NoteTiming(one.line, one.note, one.start_s + delay_ms / 1_000, float(late_ms))
        for (one, _), late_ms in zip(begun, late, strict=True)
    )
    given = marks(late, full_to=FULL_TO_MS, none_from=NONE_FROM_MS)
    whole = score(given, [one.counts for one, _ in begun], [note.line for note in notes])
    if whole is None:
        return None
    parts = [list(part) for _, part in groupby(notes, key=lambda note: note.line)]
    phrases = tuple(_phrase(part) for part in parts if len(part) >= _PHRASE_NOTES)
    rushing, dragging = (_share(phrases, tendency) for tendency in (Tendency.RUSHING, Tendency.DRAGGING))
    return Rhythm(
        score=whole,
        delay_ms=delay_ms,
        spread_ms=middle_spread(late, np.ones(len(late))),
        in_time_share=float((np.abs(late) <= FULL_TO_MS).mean()),
        rushing_share=rushing,
        dragging_share=dragging,
        tendency=_over_the_song(rushing, dragging),
        notes=notes,
        phrases=phrases,
    )


def _phrase(notes: Sequence[NoteTiming]) -> PhraseTiming:
    late = np.asarray([note.late_ms for note in notes])
    bias_ms = float(np.median(late))
    tendency = Tendency.STEADY
    if abs(bias_ms) > _PHRASE_OFF_MS:
        tendency = Tendency.DRAGGING if bias_ms > 0 else Tendency.RUSHING
    return PhraseTiming(
        line=notes[0].line,
        start_s=notes[0].start_s,
        end_s=notes[-1].start_s,
        bias_ms=bias_ms,
        spread_ms=middle_spread(late, np.ones(len(late))),
        mark=float(marks(late, full_to=FULL_TO_MS, none_from=NONE_FROM_MS).mean()),
        tendency=tendency,
    )


def _share(phrases: Sequence[PhraseTiming], tendency: Tendency) -> float:
    return sum(phrase.tendency is tendency for phrase in phrases) / max(1, len(phrases))


def _over_the_song(rushing: float, dragging: float) -> Tendency:
    if rushing >= _OFTEN and rushing >= _OFTENER * dragging:
        return Tendency.RUSHING
    if dragging >= _OFTEN and dragging >= _OFTENER * rushing:
        return Tendency.DRAGGING
    return Tendency.UNSTEADY if min(rushing, dragging) >= _OFTEN else Tendency.STEADY
