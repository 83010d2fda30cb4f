"""What was measured of a take as one JSON object: the fields of `Measured` by their own names.

```
{"version": 1, "voiced_s": …, "notes": [{"start_s": …, "end_s": …, "midi": …}, …], "phrases": [{…, "notes": [0, 7]}],
 "vibrato": {…}, "long_tones": {…}, "support": […], "ornaments": […], "touch": […], "dynamics": {…}, "compass": {…},
 "ring": {…}, "voice": {…}, "colour": {…}, "air": {…}, "breathing": {…}, "room": {…}, "by_itself": {…},
 "against_song": {…} | "nothing_sung" | null, "authenticity": {…}}
```
Seconds are in the recording's time, units stand in the names, null is what cannot be known. A range is [first, behind the
last]. The song's own melody and the pitch of each frame are left out. Where it is kept, its notes stand beside it.
"""

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.reference.melody import Melody
from vocalverse.measure.take import Measured

VERSION = 1
_DIGITS = 6


def as_json(measured: Measured) -> Mapping[str, Any]:
    rest = {field.name: _plain(getattr(measured, field.name)) for field in fields(measured) if field.name != "pitch"}
    return {"version": VERSION, "voiced_s": round(float(measured.pitch.voiced.sum()) * HOP_S, _DIGITS), **rest}


def packed(measured: Measured) -> bytes:
    """All but the notes, which are kept as columns: zlib of JSON in UTF-8."""
    told = {name: value for name, value in as_json(measured).items() if name != "notes"}
    return zlib.compress(json.dumps(told, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode(), 9)


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            plain = value.value
        case range():
            plain = [value.start, value.stop]
        case float() | np.floating():
            plain = round(float(value), _DIGITS) if math.isfinite(value) else None
        case np.ndarray():
            plain = [_plain(one) for one in value.tolist()]
        case frozenset():
            plain = sorted(value)
        case tuple() | list():
            plain = [_plain(one) for one in value]
        case _ if is_dataclass(value):
            plain = {
                field.name: _plain(there)
                for field in fields(value)
                if not isinstance(there := getattr(value, field.name), Melody)
            }
        case _:
            plain = value
    return plain
