"""What rules look at: every number of a take under one flat name, such as `by_itself.grid.off_cents`.

The names are the fields of `Measured` and, behind `recording.`, of `Measures`; `notes.count` and its like are how many
there are, and a word is a name of its own that holds 1 or 0: `against_song.rhythm.tendency.rushing`. `pitch` and `rhythm`
are the scores.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from vocalverse.measure.marks import Score
from vocalverse.measure.reference.melody import Melody
from vocalverse.measure.take import Measured
from vocalverse.prescreen.scores import pitch_score, rhythm_score
from vocalverse.records import Measures

Evidence = Mapping[str, float]

_Number = tuple[str, float | None]


def evidence(measured: Measured, recording: Measures | None = None) -> Evidence:
    """What is not known is not in it."""
    return {name: value for name, value in _numbers(measured, recording) if value is not None and math.isfinite(value)}


@cache
def names() -> frozenset[str]:
    """Of all that can be known."""
    return frozenset(name for name, _ in _numbers(None, None))


def _numbers(measured: Measured | None, recording: Measures | None) -> Iterator[_Number]:
    yield from _below(Score, measured and pitch_score(measured), "pitch")
    yield from _below(Score, measured and rhythm_score(measured), "rhythm")
    for field, hint in _fields(Measured).items():
        yield from _told(hint, getattr(measured, field, None), field)
    yield from _below(Measures, recording, "recording")


def _below(kind: type, value: object, name: str) -> Iterator[_Number]:
    for field, hint in _fields(kind).items():
        yield from _told(hint, getattr(value, field, None), f"{name}.{field}")


def _told(hint: Any, value: Any, name: str) -> Iterator[_Number]:
    """Whatever may be there by its type, so that names do not depend on what is."""
    for kind in get_args(hint) if _is_union(hint) else (hint,):
        if kind in (int, float, bool):
            yield name, None if value is None else float(value)
        elif get_origin(kind) is tuple:
            yield f"{name}.count", None if value is None else float(len(value))
        elif not isinstance(kind, type):
            continue
        elif issubclass(kind, Enum):
            for word in kind:
                yield f"{name}.{word.value}", None if value is None else float(value is word)
        elif is_dataclass(kind) and kind is not Melody:
            yield from _below(kind, value if isinstance(value, kind) else None, name)


def _is_union(hint: Any) -> bool:
    return type(None) in get_args(hint)


@cache
def _fields(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)
