"""In which key a song is sung, whether it is so all along, and in which octave."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from vocalverse.measure.against.line_search import CLASSES, folded
from vocalverse.measure.against.sung_lines import Against, Offs
from vocalverse.measure.frames import HOP_S

_NEAR = 1.5  # semitones from the key that was searched for: what is farther says nothing of its cents
_LINE_FROM_S = 1.0
_HIT = 0.75  # semitones
_CLEAR = 0.5  # of a line's frames in the other key,
_CLEARER = 0.2  # and this much more than in the song's
_LINES = 3  # one after the other: a slip of one line is no other key


@dataclass(frozen=True)
class Key:
    semitones: int  # -6 … 6, beside octaves
    cents: float  # -50 … 50, beside semitones
    octave: int


@dataclass(frozen=True)
class OtherKey:
    """Lines that are sung in another key than the song."""

    first_line: int
    last_line: int  # with it
    semitones: int  # above the key of the take, -6 … 6


def key_of(off: Offs, searched: int) -> Key:
    """Of how far all that is sung lies above what is written. What is far off lies in no key."""
    beside = folded(off - searched)
    near = np.abs(beside) < _NEAR
    exact = float(searched + np.median(beside[near])) if near.any() else float(searched)
    semitones = round(float(folded(exact)))
    cents = 100 * float(folded(exact - semitones))
    octave = int(np.median(np.rint((off - exact_in(semitones, cents)) / CLASSES))) if len(off) else 0
    return Key(semitones, cents, octave)


def exact_in(semitones: int, cents: float) -> float:
    return semitones + cents / 100


def other_keys(lines: Sequence[Against], key: Key) -> tuple[OtherKey, ...]:
    """Checked line by line; those in which too little is sung go with the line before."""
    told: list[tuple[int, int]] = []
    for index, line in enumerate(lines):
        here = _other(line.off, exact_in(key.semitones, key.cents))
        if here is not None:
            told.append((index, here))
    found = []
    for semitones, run in groupby(told, key=lambda one: one[1]):
        numbers = [index for index, _ in run]
        if semitones and len(numbers) >= _LINES:
            found.append(OtherKey(numbers[0], numbers[-1], semitones))
    return tuple(found)


def other_in(line: int, keys: Sequence[OtherKey]) -> int:
    """Semitones from the key of the take: 0 where a line is sung in it."""
    return next((key.semitones for key in keys if key.first_line <= line <= key.last_line), 0)


def _other(off: Offs, key: float) -> int | None:
    """0 in the song's key; None where it cannot be told."""
    if len(off) * HOP_S < _LINE_FROM_S:
        return None
    beside = off - key
    shares = [float((np.abs(folded(beside - semitones)) < _HIT).mean()) for semitones in range(CLASSES)]
    best = int(np.argmax(shares))
    if shares[best] < _CLEAR or shares[best] < shares[0] + _CLEARER:
        return 0 if shares[0] >= _CLEAR else None
    return round(float(folded(best)))
