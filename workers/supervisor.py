"""Keeps worker processes alive: restarts the one that ended, kills the one that hangs, stops all with grace.

A process of its own, because a timeout inside C code is never delivered to the process that hangs there.
"""

import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from types import FrameType

from vocalverse.processes import usable_cores
from vocalverse.records import WorkerClass
from vocalverse.settings import Settings
from workers.pulse import Heard

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.25
_LONGEST_REST_S = 10.0
_STEADY_S = 30.0  # a worker that lived so long is started again at once
_OVERTIME_S = 3.0  # beyond the grace, for handing back


@dataclass
class _Worker:
    """One place on the bench, and who works there now."""

    process: subprocess.Popen[bytes] | None = None
    heard: Heard | None = None
    started_at: float = 0.0
    rest_s: float = 0.0
    start_at: float = 0.0


@dataclass
class Supervisor:
    settings: Settings
    worker_class: WorkerClass
    processes: int
    _workers: list[_Worker] = field(default_factory=list)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _stopping: bool = False

    def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request_stop)
        self._workers = [_Worker() for _ in range(self.processes)]
        while not self._stopping:
            for worker in self._workers:
                self._tend(worker)
            self._listen()
        self._stop_all()

    def _request_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _tend(self, worker: _Worker) -> None:
        if worker.process is None:
            if time.monotonic() >= worker.start_at:
                self._start(worker)
        elif worker.process.poll() is not None:
            self._clear(worker)
        elif worker.heard and (why := self._overdue(worker.heard)):
            log.error("killing worker %d: %s", worker.process.pid, why, extra={"action": "worker_killed"})
            worker.process.kill()
            worker.process.wait()
            self._clear(worker)

    def _overdue(self, heard: Heard) -> str | None:
        return heard.overdue(task_limit_s=self.settings.task_limit_s, stall_limit_s=self.settings.stall_limit_s)

    def _start(self, worker: _Worker) -> None:
        ours, theirs = os.pipe()
        os.set_blocking(ours, False)
        os.set_blocking(theirs, False)
        threads = max(1, usable_cores() // self.processes)  # more than there are cores would stand in each other's way
        command = [sys.executable, "-m", "workers.worker", "--class", self.worker_class.value]
        worker.process = subprocess.Popen(
            [*command, "--threads", str(threads), "--pulse", str(theirs), "--parent", str(os.getpid())],
            pass_fds=[theirs],
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C on a terminal reaches the supervisor alone, which then stops them
        )
        os.close(theirs)
        worker.heard = Heard(ours)
        worker.started_at = time.monotonic()
        self._selector.register(ours, selectors.EVENT_READ, worker.heard)
        log.info("worker %d started", worker.process.pid, extra={"action": "worker_started"})

    def _clear(self, worker: _Worker) -> None:
        """The worker is gone, whatever its exit status: one that lived long is replaced at once, else after a rest."""
        assert worker.process is not None
        assert worker.heard is not None
        self._selector.unregister(worker.heard.fd)
        os.close(worker.heard.fd)
        lived_s = time.monotonic() - worker.started_at
        worker.rest_s = 0.0 if lived_s > _STEADY_S else min(_LONGEST_REST_S, max(0.25, worker.rest_s * 2))
        worker.start_at = time.monotonic() + worker.rest_s
        log.warning(
            "worker %d ended (%s), the next one starts in %.1f s",
            worker.process.pid,
            worker.process.returncode,
            worker.rest_s,
            extra={"action": "worker_ended"},
        )
        worker.process = worker.heard = None

    def _listen(self) -> None:
        for key, _ in self._selector.select(timeout=_LOOK_EVERY_S):
            heard: Heard = key.data
            if not heard.read():
                time.sleep(0.05)  # the worker's end is closed: it is about to be seen as ended

    def _stop_all(self) -> None:
        running = [worker.process for worker in self._workers if worker.process and worker.process.poll() is None]
        for process in running:
            process.terminate()
        until = time.monotonic() + self.settings.grace_s + _OVERTIME_S
        for process in running:
            try:
                process.wait(timeout=max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
