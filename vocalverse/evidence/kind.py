"""What a piece of evidence is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from vocalverse.measure.take import Measured


class Unit(StrEnum):
    CENTS = "cents"
    CENTS_PER_S = "cents/s"
    DB = "dB"
    HZ = "Hz"
    MS = "ms"
    S = "s"
    SEMITONES = "semitones"
    SHARE = "share"  # 0 to 1
    PER_MINUTE = "per minute"
    COUNT = "count"
    MARK = "mark"  # 0 to 100


@dataclass(frozen=True)
class Moment:
    """Where in the recording it shows, and what the same measurement says there alone."""

    from_s: float
    to_s: float
    value: float


@dataclass(frozen=True)
class Found:
    """What a take has of it. A take that has nothing of it has none of these."""

    value: float
    amount: float  # on how much it rests: phrases, notes, seconds; how much is enough says the release
    moments: tuple[Moment, ...] = ()  # a few of them, in the take's order: the plainest on either side


@dataclass(frozen=True)
class Kind:
    name: str  # that of its column, too
    unit: Unit
    find: Callable[[Measured], Found | None]

    @property
    def amount_column(self) -> str:
        return amount_column(self.name)


def amount_column(name: str) -> str:
    return f"{name}_amount"
