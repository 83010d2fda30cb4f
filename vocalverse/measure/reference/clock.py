"""When a beat, a tick or a quarter note sounds, where the tempo changes on the way."""

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from vocalverse.errors import ReferenceBroken


@dataclass(frozen=True)
class Tempo:
    at: float  # in the units of the clock
    s_per_unit: float


@dataclass(frozen=True)
class Clock:
    """Of one tempo between two changes. The first goes back to before the beginning."""

    tempos: tuple[Tempo, ...]
    seconds_at: tuple[float, ...]

    @classmethod
    def of(cls, tempos: Iterable[Tempo], *, zero_s: float = 0.0) -> "Clock":
        """Of changes in any order; the last of those at one place holds. Place 0 sounds at `zero_s`."""
        told = {tempo.at: tempo for tempo in tempos}
        ordered = tuple(told[at] for at in sorted(told))
        seconds, now_s = [], zero_s + min(0.0, ordered[0].at) * ordered[0].s_per_unit
        place, pace = min(0.0, ordered[0].at), ordered[0].s_per_unit
        for tempo in ordered:
            now_s += (tempo.at - place) * pace
            seconds.append(now_s)
            place, pace = tempo.at, tempo.s_per_unit
        return cls(ordered, tuple(seconds))

    def seconds(self, place: float) -> float:
        index = max(0, bisect_right(self.tempos, place, key=lambda tempo: tempo.at) - 1)
        tempo = self.tempos[index]
        return self.seconds_at[index] + (place - tempo.at) * tempo.s_per_unit


def seconds_per_beat(beats_per_minute: float) -> float:
    """Raises ReferenceBroken for what is no tempo."""
    if not (math.isfinite(beats_per_minute) and _SLOWEST_BPM <= beats_per_minute <= _FASTEST_BPM):
        raise ReferenceBroken(
            f"a tempo of {beats_per_minute:g} beats in a minute; between {_SLOWEST_BPM:g} and {_FASTEST_BPM:g} it may be"
        )
    return 60.0 / beats_per_minute


_SLOWEST_BPM = 1.0
_FASTEST_BPM = 20_000.0  # charts take a fine grid for a fast tempo; the finest seen is 2,000
