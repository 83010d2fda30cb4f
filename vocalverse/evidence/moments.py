"""Which moments of a take are told: a few, the plainest on either side."""

from collections.abc import Sequence

from vocalverse.evidence.kind import Moment

_MOST = 12


def plainest(moments: Sequence[Moment]) -> tuple[Moment, ...]:
    """Half of them the highest, half the lowest, in the take's order."""
    ranked = sorted(moments, key=lambda moment: moment.value)
    told = ranked if len(ranked) <= _MOST else [*ranked[: _MOST // 2], *ranked[-_MOST // 2 :]]
    return tuple(sorted(told, key=lambda moment: moment.from_s))
