"""Python runs this before all else: where a test says so, every wall clock that Python code can read is wrong.

What Postgres says and what measures durations stays as it is.
"""

import datetime as dt
import os
import time
from typing import Any


def set_clocks_off(by_s: float) -> None:
    true_time, true_time_ns, true_datetime = time.time, time.time_ns, dt.datetime
    off_by = dt.timedelta(seconds=by_s)

    class AnyDatetime(type):
        """Real datetimes pass for ours."""

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, true_datetime)

    class Wrong(true_datetime, metaclass=AnyDatetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return super().now(tz) + off_by

        @classmethod
        def utcnow(cls) -> Any:
            return super().now(dt.UTC).replace(tzinfo=None) + off_by

    time.time = lambda: true_time() + by_s
    time.time_ns = lambda: true_time_ns() + round(by_s * 1e9)
    dt.datetime = Wrong  # type: ignore[misc]


if off := os.environ.get("VOCALVERSE_CLOCK_OFF_BY_S"):
    set_clocks_off(float(off))
