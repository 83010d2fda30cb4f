"""The product's own processes: started, watched, started again when they end, and stopped together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vocalverse.embedded.identity import Identity, start

_LONGEST_REST_S = 10.0
_STEADY_S = 30.0  # a child that lived so long is started again at once
_LARGEST_LOG = 16 * 2**20


@dataclass
class Child:
    """One command of ours and the process that runs it."""

    name: str
    arguments: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    rest_s: float = 0.0
    ends: int = 0  # how often it ended without being told to

    def last_word(self) -> str:
        return (self.log.read_text(errors="replace")[-4096:].strip().splitlines() or ["nothing"])[-1].strip()


class Children:
    """In the order in which they are stopped. Only for the main thread, see `identity.launched`."""

    def __init__(
        self,
        logs: Path,
        environment: Mapping[str, str],
        commands: Mapping[str, Sequence[str]],
        say: Callable[[str], None],
    ) -> None:
        self._environment = environment
        self._say = say
        self.all = [Child(name, arguments, logs / f"{name}.log") for name, arguments in commands.items()]

    def tend(self) -> None:
        """Start what does not run. To be called often."""
        for child in self.all:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child)
            if child.process is None and time.monotonic() >= child.start_at:
                self._start(child)

    def stop(self, *, within_s: float) -> None:
        """All at once, the first first; whoever is not done in time is killed, and so is all that it started."""
        running = [child.process for child in self.all if child.process is not None and child.process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        until = time.monotonic() + within_s
        for process in running:
            try:
                process.wait(timeout=max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for child in self.all:
            child.process = None

    def _start(self, child: Child) -> None:
        if child.log.is_file() and child.log.stat().st_size > _LARGEST_LOG:
            child.log.replace(child.log.with_suffix(".log.1"))
        with child.log.open("ab") as log:
            child.process = start(
                [sys.executable, "-m", "vocalverse", *child.arguments],
                who=Identity.PLAIN,
                # The servers that it stands on go in the same moment, so there is nothing to hand back to.
                ends_by=signal.SIGKILL,
                output=log,
                environment=self._environment,
            )
        child.started_at = time.monotonic()

    def _bury(self, child: Child) -> None:
        assert child.process is not None
        child.ends += 1
        lived_s = time.monotonic() - child.started_at
        child.rest_s = 0.0 if lived_s > _STEADY_S else min(_LONGEST_REST_S, max(0.25, child.rest_s * 2))
        child.start_at = time.monotonic() + child.rest_s
        self._say(f"The {child.name} ended ({_how(child.process.returncode)}); it is started again. See {child.log}.")
        child.process = None


def _how(status: int) -> str:
    return f"exit {status}" if status >= 0 else f"by {signal.Signals(-status).name}"
