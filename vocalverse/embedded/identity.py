"""As whom the embedded servers run. Postgres refuses to be root, and whom it finds no name for; we may be either."""

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import IO

from vocalverse.embedded.launch import NOBODY

_LAUNCH = str(Path(__file__).with_name("launch.py"))


class Identity(StrEnum):
    PLAIN = "plain"  # an ordinary user: as themselves
    NAMESPACE = "namespace"  # called nobody in a user namespace, ourselves outside: works where only we may enter
    NOBODY = "nobody"  # root where namespaces are forbidden: setuid, for which everything has to be in nobody's reach

    @property
    def owner(self) -> int:
        """Whose the servers' files have to be, seen from outside."""
        return NOBODY if self is Identity.NOBODY else os.geteuid()


@cache
def identity() -> Identity:
    """The least change that lets Postgres run."""
    is_root = os.geteuid() == 0
    if not is_root and _has_a_name(os.geteuid()):
        return Identity.PLAIN
    tried = subprocess.run(launched(Identity.NAMESPACE, signal.SIGKILL, [sys.executable, "-I", "-c", ""]), check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    if tried.returncode == 0:
        return Identity.NAMESPACE
    return Identity.NOBODY if is_root else Identity.PLAIN


def _has_a_name(uid: int) -> bool:
    """Containers run under any number; initdb wants to know who that is."""
    try:
        return bool(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return False


def launched(who: Identity, by: signal.Signals, command: Sequence[str]) -> list[str]:
    """`command`, to be run as `who` and to be signalled `by` when this process ends.

    To be started by the main thread: Linux counts the end of the thread that forked as the end of the parent.
    """
    return [sys.executable, "-I", _LAUNCH, who.value, str(int(by)), str(os.getpid()), *command]


def start(
    command: Sequence[str],
    *,
    who: Identity,
    ends_by: signal.Signals,
    output: IO[bytes] | int,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start it in a session of its own, so that Ctrl-C on the terminal reaches us alone and we stop all in order."""
    return subprocess.Popen(
        launched(who, ends_by, command),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=None if environment is None else dict(environment),
        start_new_session=True,
    )
