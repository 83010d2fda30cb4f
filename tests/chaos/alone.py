"""Run a command without a network, and as an ordinary user where root asks for one.

    python alone.py UID FOLDER[:FOLDER...] PROGRAM [ARGUMENT]...

The folders are what the program is made of. Where one lies behind a folder that only root may enter, the program gets
a view of its own in which it does not: no mode of any real folder is changed.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

NEWNS, NEWUSER, NEWNET = 0x0002_0000, 0x1000_0000, 0x4000_0000
REMOUNT, _BIND, _REC, _PRIVATE = 32, 4096, 16384, 1 << 18
ALL_PRIVATE = _REC | _PRIVATE
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)


def leave_the_network(*, as_root: bool) -> None:
    uid, gid = os.geteuid(), os.getegid()
    if as_root:
        unshare(NEWNET | NEWNS)
    else:
        unshare(NEWUSER | NEWNET)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            Path("/proc/self", name).write_text(text)
    with socket.socket() as any_socket:
        asked = struct.pack("16sH14x", b"lo", 0)
        _, flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, asked))
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def open_up(folders: list[Path]) -> None:
    """Lay an open folder over each closed one, with nothing in it but what was asked for."""
    mount(None, "/", None, ALL_PRIVATE)
    behind: dict[Path, list[Path]] = {}
    for folder in folders:
        closed = [one for one in reversed(folder.parents) if not one.stat().st_mode & 0o001]
        if closed:
            behind.setdefault(closed[0], []).append(folder)
    for closed_one, wanted in behind.items():
        held = {folder: os.open(folder, os.O_PATH | os.O_DIRECTORY) for folder in wanted}
        mount("none", str(closed_one), "tmpfs", 0, "mode=755")
        for folder, descriptor in held.items():
            folder.mkdir(parents=True, exist_ok=True)
            mount(f"/proc/self/fd/{descriptor}", str(folder), None, _BIND | _REC)
            os.close(descriptor)


def become(uid: int) -> None:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def main(uid: str, folders: str, *command: str) -> None:
    is_root = os.geteuid() == 0
    try:
        leave_the_network(as_root=is_root)
    except OSError as forbidden:
        print(f"The network is still there: {forbidden}.", file=sys.stderr)
    if is_root and int(uid):
        open_up([Path(folder) for folder in folders.split(":")])
        become(int(uid))
    os.execv(command[0], command)


def unshare(what: int) -> None:
    if _libc.unshare(what) != 0:
        raise OSError(ctypes.get_errno(), "a namespace of its own is not permitted")


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    said = [text.encode() if text is not None else None for text in (source, target, kind)]
    if _libc.mount(*said, ctypes.c_ulong(flags), options.encode() if options else None) != 0:
        raise OSError(ctypes.get_errno(), f"mount on {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
