"""How a guide vocal is stored: its melody's JSON with one field more, so that who reads only melodies can read it.

`"contour"` is base64 of what zlib makes of 16-bit numbers, low byte first: each frame's pitch in 256ths of a semitone
or -1 where nobody sings, less that of the frame before.
"""

import base64
import binascii
import zlib
from typing import Any

import numpy as np

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.frames import HOP_S
from vocalverse.measure.reference import stored
from vocalverse.measure.reference.guide import Contour, Guide
from vocalverse.measure.reference.melody import LONGEST_S

_STEPS = 256  # of a semitone: what is lost is a fifth of a cent
_NOBODY = -1
_HIGHEST = 127 * _STEPS
_BYTES_AT_MOST = 2 * (round(LONGEST_S / HOP_S) + 1)


def to_json(guide: Guide) -> dict[str, Any]:
    steps = np.nan_to_num(np.clip(np.rint(guide.contour.midi * _STEPS), 0, _HIGHEST), nan=_NOBODY).astype("<i2")
    packed = zlib.compress(np.diff(steps, prepend=steps.dtype.type(0)).tobytes(), 9)
    return {**stored.to_json(guide.melody), "contour": base64.b64encode(packed).decode("ascii")}


def from_json(told: Any) -> Guide:
    """Raises ReferenceBroken for what this version did not write."""
    melody = stored.from_json(told)
    try:
        steps = np.cumsum(np.frombuffer(_unpacked(told["contour"]), "<i2"), dtype="<i2")
    except (KeyError, TypeError, ValueError, binascii.Error, zlib.error) as error:
        raise ReferenceBroken(f"A stored guide vocal is not whole ({error!r}): import it anew.") from None
    if len(steps) and not (steps.min() >= _NOBODY and steps.max() <= _HIGHEST):
        raise ReferenceBroken("A stored guide vocal has pitches that nobody sings: import it anew.")
    return Guide(melody, Contour(np.where(steps == _NOBODY, np.nan, steps / _STEPS).astype(np.float32)))


def _unpacked(contour: str) -> bytes:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(base64.b64decode(contour, validate=True), _BYTES_AT_MOST)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError("longer than any song, or cut off")
    return data
