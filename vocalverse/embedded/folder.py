"""The data folder: one owner at a time, its secrets, and room enough on its disk."""

import errno
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from vocalverse.embedded.identity import Identity, identity
from vocalverse.embedded.server import write_private
from vocalverse.errors import BadSettings, Busy, DiskFull

_LEAST_FREE_BYTES = 256 * 2**20


class DataFolder:
    """Where everything lies that has to outlive the processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"
        self.stack = path / "stack.json"
        self._secrets = path / "secrets.json"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """For us alone, as long as this lasts; `Busy` where another process has it."""
        self._make()
        self._check_room()
        with (self.path / "owner.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise self._held(lock.name) from None
            lock.truncate(0)
            lock.write(json.dumps({"pid": os.getpid(), "since": datetime.now().astimezone().isoformat("T", "seconds")}))
            lock.flush()
            yield

    def secret(self, name: str) -> str:
        """A password of 192 random bits, made when it is first asked for."""
        known = json.loads(self._secrets.read_text()) if self._secrets.is_file() else {}
        if name not in known:
            known[name] = secrets.token_urlsafe(24)
            write_private(self._secrets, json.dumps(known, indent=2))
        found: str = known[name]
        return found

    def write_stack(self, stack: dict[str, object]) -> None:
        """Tell every other command where the servers are."""
        write_private(self.stack, json.dumps(stack, indent=2))

    def _make(self) -> None:
        # Where even root's servers run as nobody, they have to get through to their own folders.
        mode = 0o711 if identity() is Identity.NOBODY else 0o700
        if not self.path.is_dir():
            self.path.mkdir(parents=True, mode=mode)
        if (owner := self.path.stat().st_uid) != os.geteuid():
            raise BadSettings(
                f"{self.path} belongs to the user with id {owner}: run this as that user, or choose another folder with"
                " --data."
            )
        self.logs.mkdir(mode=0o700, exist_ok=True)

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.path).free
        if free < _LEAST_FREE_BYTES:
            raise DiskFull(
                f"The disk with {self.path} has {free // 2**20} MB left, {_LEAST_FREE_BYTES // 2**20} MB are needed:"
                " make room there, or choose another folder with --data."
            )

    def _held(self, lock: str) -> Busy:
        try:
            holder = json.loads(Path(lock).read_text())
        except ValueError:  # it has just begun
            holder = {"pid": "another", "since": "just now"}
        return Busy(
            f"Process {holder['pid']} has been running on {self.path} since {holder['since']}. Stop it (Ctrl-C where it"
            f" runs, or kill {holder['pid']}), or choose another folder with --data."
        )


@contextmanager
def explaining(folder: Path) -> Iterator[None]:
    """What goes wrong with files, as a sentence that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in DiskFull.errnos:
            raise DiskFull(f"The disk with {folder} is full: make room there and start again.") from error
        if isinstance(error, PermissionError | NotADirectoryError) or error.errno == errno.EROFS:
            raise BadSettings(
                f"{error.filename or folder} may not be written to ({error.strerror}): choose another folder with --data."
            ) from error
        raise
