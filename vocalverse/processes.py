"""What processes of ours owe each other: a child ends with its parent."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent_pid: int, *, by: signal.Signals = signal.SIGKILL) -> None:
    """Ask Linux to signal this process when its parent ends; leave at once if that has happened already.

    Elsewhere there is no such call: a supervisor that is killed leaves its children to their own leases there.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(by), 0, 0, 0)
        if os.getppid() != parent_pid:
            sys.exit(0)


def usable_cores() -> int:
    """Those that this process may run on: a container is often given fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
