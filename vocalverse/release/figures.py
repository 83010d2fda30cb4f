"""What is measured of a take, as the columns that heads and overall marks take beside what encoders hear."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import get_args, get_type_hints

from vocalverse.evidence.find import KINDS
from vocalverse.evidence.kind import Found, amount_column
from vocalverse.records import Measures
from vocalverse.sung import Figures


@cache
def columns() -> tuple[str, ...]:
    """Of all the numbers that may be known of a take."""
    told = (name for kind in (Measures, Figures) for name, hint in get_type_hints(kind).items() if _is_number(hint))
    return (*told, *(column for kind in KINDS for column in (kind.name, kind.amount_column)))


def figures(measures: Measures, sung: Figures, found: Mapping[str, Found]) -> Mapping[str, float]:
    """By column; not a number where it is not known."""
    evidence = {name: one.value for name, one in found.items()}
    amounts = {amount_column(name): one.amount for name, one in found.items()}
    told = {**asdict(measures), **asdict(sung), **evidence, **amounts}
    return {name: math.nan if told.get(name) is None else float(told[name]) for name in columns()}


def _is_number(hint: object) -> bool:
    return any(kind in (int, float) for kind in (hint, *get_args(hint)))
