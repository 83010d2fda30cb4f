"""How to wait for what comes a little later, and how long a promise may take on a machine that does other things too."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_SPIN_S = 0.05


def until(holds: Callable[[], T], what: str, *, within_s: float = 60.0) -> T:
    """What `holds` says once that is true. The deadline is for what never comes; it is no measure of speed."""
    deadline = time.monotonic() + within_s
    while not (said := holds()):
        assert time.monotonic() < deadline, f"After {within_s:g} s it still does not hold that {what}."
        time.sleep(0.02)
    return said


def allowed_s(promised_s: float) -> float:
    """What is promised of a machine of one's own, in the seconds of this one: longer by as much as others use it."""
    waiting = os.getloadavg()[0] / len(os.sched_getaffinity(0))
    return promised_s * max(1.0, waiting, _wall_per_cpu_second())


def _wall_per_cpu_second() -> float:
    """Above 1 where the processor is shared, or where a container's share of it is used up."""
    began_s, began_cpu_s = time.perf_counter(), time.thread_time()
    while time.thread_time() - began_cpu_s < _SPIN_S:
        pass
    return (time.perf_counter() - began_s) / _SPIN_S
