"""Run a command as root of a view of the file system that is all its own, in which it may mount what it likes.

    python -m tests.chaos.own_view PROGRAM [ARGUMENT]...

A process of its own, because Linux lets only one with a single thread enter a user namespace.
"""

import os
import sys
from pathlib import Path

from tests.chaos.alone import ALL_PRIVATE, NEWNS, NEWUSER, mount, unshare


def main(*command: str) -> None:
    uid, gid = os.geteuid(), os.getegid()
    unshare(NEWNS if uid == 0 else NEWUSER | NEWNS)
    if uid:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            Path("/proc/self", name).write_text(text)
    mount(None, "/", None, ALL_PRIVATE)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
