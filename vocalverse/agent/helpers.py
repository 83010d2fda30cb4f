"""Threads that end together, on a signal or when one of them ends."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOP_WITHIN_S = 1.2  # then a helper that hangs on the network is left behind


class Helper(threading.Thread):
    """A thread that ends the others when it ends, and keeps what went wrong in it."""

    def __init__(self, name: str, stop: threading.Event, work: Callable[[], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._stop_all = stop
        self._work = work
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as failure:  # noqa: BLE001 -- it is raised again where the helpers are waited for
            self.failure = failure
        finally:
            self._stop_all.set()


def wait_for(helpers: list[Helper], stop: threading.Event) -> None:
    while not stop.wait(0.2):
        pass
    deadline = time.monotonic() + STOP_WITHIN_S
    for helper in helpers:
        helper.join(max(0.0, deadline - time.monotonic()))
    for helper in helpers:
        if helper.failure:
            raise helper.failure


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM set the event. Only the main thread may say so; elsewhere the caller ends us its own way."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    named = ("SIGINT", "SIGTERM", "SIGBREAK")  # the last is Windows' own
    numbers = [getattr(signal, name) for name in named if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
