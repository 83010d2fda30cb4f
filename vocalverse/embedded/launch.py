"""Become another program, as the right user, so that it ends when its parent does.

    python -I launch.py IDENTITY SIGNAL PARENT_PID PROGRAM [ARGUMENT]...

A script of its own, with nothing imported but the standard library: all of this happens between fork and exec, where
the parent's own Python, with its threads and locks, may not be trusted to run.
"""

import ctypes
import os
import sys

NOBODY = 65534
_CLONE_NEWUSER = 0x1000_0000
_PR_SET_PDEATHSIG = 1
_CANNOT_BEGIN = 126  # as a shell says of a program that cannot be run


def become_nobody_inside() -> None:
    """A user namespace in which root is called nobody: Postgres refuses root, and this root keeps what it may read."""
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{NOBODY} {uid} 1")
    _write("/proc/self/gid_map", f"{NOBODY} {gid} 1")


def become_nobody() -> None:
    """For good and everywhere: binaries and data have to lie where nobody can reach them."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def end_with_parent(parent_pid: int, number: int) -> None:
    """After the credentials have changed, which would undo it. Only Linux has such a call."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent_pid:
        sys.exit("the process that started this one has ended meanwhile")


def main(identity: str, number: str, parent_pid: str, *command: str) -> None:
    {"plain": lambda: None, "namespace": become_nobody_inside, "nobody": become_nobody}[identity]()
    end_with_parent(int(parent_pid), int(number))
    os.execv(command[0], command)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        print(f"cannot start {sys.argv[4]}: {error}", file=sys.stderr)
        sys.exit(_CANNOT_BEGIN)
