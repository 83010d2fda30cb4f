"""How well a take's notes are in tune with its song, once key and octave are taken out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from vocalverse.measure.against.matching import Matched
from vocalverse.measure.marks import Score, marks, middle_spread, score, weighted_median

FULL_TO_CENTS, NONE_FROM_CENTS = 25.0, 100.0  # listeners notice from about 25, and 100 is another note
_IN_TUNE_CENTS = 50.0


@dataclass(frozen=True)
class NoteIntonation:
    line: int
    note: int
    start_s: float
    end_s: float
    cents: float  # sharp


@dataclass(frozen=True)
class PhraseIntonation:
    line: int
    start_s: float
    end_s: float
    bias_cents: float
    spread_cents: float | None  # of one note there is none
    mark: float  # 0 … 1


@dataclass(frozen=True)
class Intonation:
    score: Score
    bias_cents: float  # all of it, sharp
    spread_cents: float | None  # beside that: half of the span of the middle 68 %
    in_tune_share: float  # within half a semitone, by time
    heard_s: float
    notes: tuple[NoteIntonation, ...]
    phrases: tuple[PhraseIntonation, ...]


def intonation(matched: Sequence[Matched], *, tuning_cents: float = 0.0) -> Intonation | None:
    """`tuning_cents`: how far above A4 = 440 Hz the backing is. None where no note was heard long enough."""
    heard = [(one, one.cents - tuning_cents) for one in matched if one.cents is not None]
    cents = np.asarray([cents for _, cents in heard])
    weight = np.asarray([one.stable_s for one, _ in heard])
    given = marks(cents, full_to=FULL_TO_CENTS, none_from=NONE_FROM_CENTS)
    whole = score(given, weight * [one.counts for one, _ in heard], [one.line for one, _ in heard])
    if whole is None:
        return None
    return Intonation(
        score=whole,
        bias_cents=weighted_median(cents, weight),
        spread_cents=middle_spread(cents, weight) if len(cents) > 1 else None,
        in_tune_share=float(weight[np.abs(cents) <= _IN_TUNE_CENTS].sum() / weight.sum()),
        heard_s=float(weight.sum()),
        notes=tuple(NoteIntonation(one.line, one.note, one.start_s, one.end_s, cents) for one, cents in heard),
        phrases=tuple(_phrase(list(part)) for _, part in groupby(heard, key=lambda each: each[0].line)),
    )


def _phrase(heard: Sequence[tuple[Matched, float]]) -> PhraseIntonation:
    cents = np.asarray([cents for _, cents in heard])
    weight = np.asarray([one.stable_s for one, _ in heard])
    given = marks(cents, full_to=FULL_TO_CENTS, none_from=NONE_FROM_CENTS)
    first, last = heard[0][0], heard[-1][0]
    return PhraseIntonation(
        line=first.line,
        start_s=first.start_s,
        end_s=last.end_s,
        bias_cents=weighted_median(cents, weight),
        spread_cents=middle_spread(cents, weight) if len(cents) > 1 else None,
        mark=float((given * weight).sum() / weight.sum()),
    )
