"""What moments of a take come to together, and which of them are told: a few, the plainest on either side."""

from collections.abc import Sequence

import numpy as np

from vocalverse.evidence.kind import Found, Moment

_MOST = 12


def median_of(moments: Sequence[Moment]) -> Found | None:
    """Each of them counts alike; none where there is no moment."""
    if not moments:
        return None
    return Found(float(np.median([one.value for one in moments])), len(moments), plainest(moments))


def plainest(moments: Sequence[Moment]) -> tuple[Moment, ...]:
    """Half of them the highest, half the lowest, in the take's order."""
    ranked = sorted(moments, key=lambda moment: moment.value)
    told = ranked if len(ranked) <= _MOST else [*ranked[: _MOST // 2], *ranked[-_MOST // 2 :]]
    return tuple(sorted(told, key=lambda moment: moment.from_s))
