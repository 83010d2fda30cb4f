"""What a failure means for its task: decided here, in one table, and nowhere else."""

from dataclasses import dataclass
from enum import StrEnum

from vocalverse.errors import (
    DigestMismatch,
    HandedBack,
    LeaseLost,
    StaleDelivery,
    Undecodable,
    VocalVerseError,
)


class Fate(StrEnum):
    RETRY = "retry"  # ready again after a backoff; dead once its starts are used up
    REJECT = "reject"  # the file itself is at fault: trying again would end the same
    HAND_BACK = "hand_back"  # nobody's fault: ready at once, the start refunded
    LEAVE = "leave"  # the task is no longer ours: write nothing


# The first row that fits decides.
FATES: tuple[tuple[type[BaseException], Fate], ...] = (
    (StaleDelivery, Fate.LEAVE),
    (LeaseLost, Fate.LEAVE),
    (HandedBack, Fate.HAND_BACK),
    (Undecodable, Fate.REJECT),
    (DigestMismatch, Fate.RETRY),  # a bad read or a bad disk: another worker may read it well
    (Exception, Fate.RETRY),
)


@dataclass(frozen=True)
class Failure:
    """What is written down about a try that failed."""

    fate: Fate
    reason: str
    message: str


def judge(error: BaseException) -> Failure:
    fate = next((fate for kind, fate in FATES if isinstance(error, kind)), Fate.RETRY)
    reason = error.code if isinstance(error, VocalVerseError) else f"unexpected:{type(error).__name__}"
    return Failure(fate, reason, str(error)[:2000].replace("\x00", ""))


def backoff_s(starts: int, *, first_s: float) -> float:
    """How long a task rests after its n-th start: doubled each time, an hour at most."""
    return min(3600.0, first_s * 2.0 ** max(0, starts - 1))
