"""What a process gives up before it looks at a byte that a stranger wrote."""

import ctypes
import os
import resource
import signal
import sys
from typing import Protocol

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


class Bounds(Protocol):
    @property
    def parent_pid(self) -> int: ...  # 0 where it cannot be seen from inside
    @property
    def memory_bytes(self) -> int: ...
    @property
    def cpu_s(self) -> int: ...


def give_up_rights(job: Bounds) -> None:
    """Bounds of memory and time, no file of any size, no core, no new privileges, and no life without the parent."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CPU, job.cpu_s)
    if sys.platform == "linux":  # elsewhere the kernel does not hold a limit of address space
        _limit(resource.RLIMIT_AS, job.memory_bytes)
        _end_with_parent(job.parent_pid)


def close_doors() -> None:
    """From here on no file, socket or process can be opened: three descriptors are there, and no more may be.

    To be called once everything is imported.
    """
    _limit(resource.RLIMIT_NOFILE, 3)
    if sys.platform == "linux":
        _limit(resource.RLIMIT_NPROC, 0)


def _limit(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (bound, bound))


def _end_with_parent(parent_pid: int) -> None:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent_pid and os.getppid() != parent_pid:  # it died before we asked to be told
        os._exit(1)
