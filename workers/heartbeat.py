"""Keeps the lease of a running task while it gets on, and stops the task when it is no longer ours."""

import logging
import threading
import time
from types import TracebackType
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from vocalverse.errors import LeaseLost
from vocalverse.queue.lease import Lease
from workers.pulse import Beat, Pulse

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.5
_TELL_EVERY_S = 1.0


class Heartbeat:
    """`progress` is what the stages call; a thread renews the lease for as long as it is called.

    A stage that hangs calls nothing, so its lease runs out and another worker takes the task.
    """

    def __init__(self, lease: Lease, pulse: Pulse) -> None:
        self._lease = lease
        self._pulse = pulse
        self._stage: str | None = None
        self._fraction: float | None = None
        self._calls = 0
        self._lost = False
        self._told_at = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew_while_it_gets_on, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._pulse.tell(Beat.START)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(timeout=5)
        self._pulse.tell(Beat.END)

    def progress(self, stage: str, fraction: float) -> None:
        """A stage got on. Raises `LeaseLost` once the task has been taken away."""
        if self._lost:
            raise LeaseLost(f"Recording {self._lease.recording_id} was taken away while it was in {stage}.")
        self._stage, self._fraction = stage, min(1.0, max(0.0, fraction))
        self._calls += 1
        if time.monotonic() - self._told_at >= _TELL_EVERY_S:
            self._told_at = time.monotonic()
            self._pulse.tell(Beat.PROGRESS)

    def _renew_while_it_gets_on(self) -> None:
        renewed_calls = 0
        every_s = min(_LOOK_EVERY_S, self._lease.options.run_lease_s / 4)
        while not self._over.wait(every_s) and not self._lost:
            if self._calls != renewed_calls:
                renewed_calls = self._calls
                self._renew()

    def _renew(self) -> None:
        try:
            self._lost = not self._lease.renew(self._stage, self._fraction)
        except SQLAlchemyError as away:  # the lease runs on for a while: Postgres may be back in time
            log.warning("lease not renewed: %s", away, extra={"action": "renew_failed", **self._lease.log_fields})
