"""How fast to send and how long to wait."""

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from vocalverse.agent.faults import Stopped

LONGEST_WAIT_S = 60.0  # a server that is back is noticed within this
LONGEST_RETRY_AFTER_S = 3600.0  # a server that asks for more is asked again after this
_BLOCK = 64 * 2**10


class Bandwidth:
    """A token bucket on what is sent. Asking for tokens is also where a stop is noticed."""

    def __init__(
        self, bytes_per_s: int | None, stop: threading.Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = bytes_per_s
        self._stop = stop
        self._clock = clock
        self._tokens = 0.0
        self._filled_at = clock()

    @property
    def block(self) -> int:
        """Small enough that a slow line still moves several times a second."""
        return _BLOCK if self._rate is None else max(256, min(_BLOCK, self._rate // 8))

    def breathe(self) -> None:
        if self._stop.is_set():
            raise Stopped("The agent is ending.")

    def take(self, size: int) -> None:
        """Wait until `size` bytes may be sent."""
        self.breathe()
        if self._rate is None:
            return
        self._fill(self._rate)
        self._tokens -= size
        if self._tokens < 0 and self._stop.wait(-self._tokens / self._rate):
            self.breathe()

    def _fill(self, rate: int) -> None:
        now = self._clock()
        self._tokens = min(float(self.block), self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now


def backoff_s(failures: int, *, first_s: float = 1.0, at_least_s: float | None = None) -> float:
    """Doubling, with jitter; never before the server's Retry-After, and not all agents in the same second."""
    jittered = min(LONGEST_WAIT_S, first_s * 2.0 ** min(failures, 30)) * random.uniform(0.5, 1.0)  # noqa: S311 -- no secret
    if at_least_s is None:
        return jittered
    asked = min(at_least_s, LONGEST_RETRY_AFTER_S)
    return asked + min(jittered, 1.0 + 0.1 * asked)


def parse_retry_after(text: str | None) -> float | None:
    """Seconds or a date, as HTTP allows; None when it is neither."""
    if not text:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return float(text)
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (then - datetime.now(UTC)).total_seconds()) if then.tzinfo else None


class Rests:
    """Who has to wait until when: one recording, or all of them."""

    def __init__(self, first_s: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._first_s = first_s
        self._clock = clock
        self._failures: dict[int | None, int] = {}
        self._until: dict[int | None, float] = {}

    def put_off(self, item: int | None, *, at_least_s: float | None = None) -> float:
        """None stands for all. Says for how many seconds."""
        self._failures[item] = self._failures.get(item, 0) + 1
        wait_s = backoff_s(self._failures[item] - 1, first_s=self._first_s, at_least_s=at_least_s)
        self._until[item] = self._clock() + wait_s
        return wait_s

    def clear(self, item: int) -> None:
        """It went well: so the server answers, too."""
        for key in (item, None):
            self._failures.pop(key, None)
            self._until.pop(key, None)

    @property
    def all_rest(self) -> bool:
        return self._until.get(None, 0.0) > self._clock()

    @property
    def resting(self) -> frozenset[int]:
        now = self._clock()
        return frozenset(item for item, until in self._until.items() if item is not None and until > now)
