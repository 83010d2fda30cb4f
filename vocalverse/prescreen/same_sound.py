"""Which recordings are one and the same singing, however they were encoded or cut before and after it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.pitch.track import Pitch

_POINTS = 128
_VOICED_AT_LEAST = 24  # points: fewer may be alike by chance
_SAME_LENGTH_S = 0.15
# The same sound in other encodings keeps more than 80 % of its points so near, even of a few seconds; who sings the same
# line twice as alike as possible, half of them.
_ALIKE_CENTS = 15.0
_ALIKE_SHARE = 0.7
_UNVOICED = -32_768

Cents = npt.NDArray[np.int16]  # [points]


@dataclass(frozen=True)
class Signature:
    """How the voice goes, from where it begins to where it ends."""

    length_s: float
    cents: Cents  # above A4, at points as far from each other; a large negative where there is no voice


def signature(pitch: Pitch) -> Signature | None:
    """None where there is too little voice to tell."""
    voiced = np.flatnonzero(pitch.voiced)
    if not len(voiced):
        return None
    at = np.rint(np.linspace(voiced[0], voiced[-1], _POINTS)).astype(np.intp)
    midi = pitch.midi[at].astype(np.float64)
    if np.isfinite(midi).sum() < _VOICED_AT_LEAST:
        return None
    cents = np.where(np.isnan(midi), _UNVOICED, np.rint(100 * (np.nan_to_num(midi) - 69)))
    return Signature(float(voiced[-1] - voiced[0]) * HOP_S, cents.astype(np.int16))


def originals(signatures: Sequence[Signature | None]) -> list[int | None]:
    """Of each, the first before it that is the same; None of what is there for the first time."""
    told = [index for index, one in enumerate(signatures) if one]
    told.sort(key=lambda index: _of(signatures, index).length_s)
    lengths = np.asarray([_of(signatures, index).length_s for index in told])
    cents = np.asarray([_of(signatures, index).cents for index in told]).reshape(-1, _POINTS)
    first: list[int | None] = [None] * len(signatures)
    for place, index in enumerate(told):
        near = slice(*np.searchsorted(lengths, (lengths[place] - _SAME_LENGTH_S, lengths[place] + _SAME_LENGTH_S)))
        same = [told[near.start + other] for other in np.flatnonzero(_same(cents[place], cents[near]))]
        if min(same) < index:
            first[index] = min(same)
    return first


def _of(signatures: Sequence[Signature | None], index: int) -> Signature:
    one = signatures[index]
    assert one is not None
    return one


def _same(one: Cents, others: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    voiced = (one != _UNVOICED) | (others != _UNVOICED)  # by either: who breathes elsewhere sings another time
    alike = voiced & (np.abs(others.astype(np.int32) - one) <= _ALIKE_CENTS)
    found: npt.NDArray[np.bool_] = alike.sum(axis=1) >= _ALIKE_SHARE * voiced.sum(axis=1)
    return found
