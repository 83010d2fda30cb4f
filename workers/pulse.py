"""What a worker tells its supervisor through a pipe: a byte for every start, sign of progress and end of a task.

A pipe, because it works when all else hangs: the supervisor needs neither Postgres nor Redis to see that a worker
has stopped getting on, and a worker stuck in C code cannot pretend.
"""

import contextlib
import os
import time
from dataclasses import dataclass
from enum import Enum


class Beat(Enum):
    START = b"s"
    PROGRESS = b"p"
    END = b"e"


class Pulse:
    """The worker's end. Without a supervisor there is no pipe, and nothing is written."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd

    def tell(self, beat: Beat) -> None:
        if self._fd is not None:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):  # full: the supervisor is behind, not blind
                os.write(self._fd, beat.value)


@dataclass
class Heard:
    """The supervisor's end: since when the present task runs, and when it last got on."""

    fd: int
    started_at: float | None = None
    progressed_at: float | None = None

    def read(self) -> bool:
        """Take in what has come; false once the worker's end is closed."""
        try:
            beats = os.read(self.fd, 4096)
        except BlockingIOError:
            return True
        now = time.monotonic()
        for beat in beats:
            match Beat(bytes([beat])):
                case Beat.START:
                    self.started_at = self.progressed_at = now
                case Beat.PROGRESS:
                    self.progressed_at = now
                case Beat.END:
                    self.started_at = self.progressed_at = None
        return bool(beats)

    def overdue(self, *, task_limit_s: float, stall_limit_s: float) -> str | None:
        """Why this worker should be killed, or None."""
        if self.started_at is None or self.progressed_at is None:
            return None
        now = time.monotonic()
        if now - self.started_at > task_limit_s:
            return f"its task has run for more than {task_limit_s:g} s"
        if now - self.progressed_at > stall_limit_s:
            return f"its task has made no progress for {stall_limit_s:g} s"
        return None
