"""The parts of open uploads, in the gateway's data folder: hence one gateway per data folder.

`parts/<venue>/<sha-256 of the upload id>/<number>.<sha-256 of the part>`: nothing of a name from outside reaches a
path, and a part's name says all that is asked about it.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import UUID, uuid4

from vocalverse.durable import to_disk
from vocalverse.errors import Busy
from vocalverse.store.blobs import disk_errors, make_folders


@dataclass(frozen=True)
class Part:
    number: int
    size: int
    sha256: str
    path: Path


class Parts:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._lock = -1

    def open(self) -> Self:
        """Take the folder, and clear away what a gateway that was killed was just writing."""
        with disk_errors():
            self._root.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(
                    f"Another gateway works with {self._root.parent}. Stop it, or set VOCALVERSE_DATA to another folder."
                ) from None
            shutil.rmtree(self._incoming, ignore_errors=True)
            self._incoming.mkdir(exist_ok=True)
        return self

    def close(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def incoming(self) -> Path:
        """Where a body may be written: a path of its own."""
        return self._incoming / uuid4().hex

    def place(self, written: Path, venue_id: UUID, upload_id: str, number: int, sha256: str) -> None:
        """Give a durable file its place; another content under the same number makes way."""
        folder = self._folder(venue_id, upload_id)
        with disk_errors():
            make_folders(folder, under=self._root)
            for before in folder.glob(f"{number}.*"):
                if before.name != f"{number}.{sha256}":
                    before.unlink(missing_ok=True)
            written.replace(folder / f"{number}.{sha256}")
            to_disk(folder)

    def of(self, venue_id: UUID, upload_id: str) -> list[Part]:
        """What has arrived, in order."""
        return sorted(self._found(self._folder(venue_id, upload_id)), key=lambda part: part.number)

    def remove(self, venue_id: UUID, upload_id: str) -> None:
        shutil.rmtree(self._folder(venue_id, upload_id), ignore_errors=True)

    def remove_older(self, seconds: float) -> None:
        """Folders that no upload will ask for again: their rows are gone, or a crash forgot to remove them."""
        limit = time.time() - seconds
        for folder in self._root.glob("*/*"):
            with suppress(FileNotFoundError, NotADirectoryError):
                if folder.parent != self._incoming and folder.is_dir() and folder.stat().st_mtime < limit:
                    shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, venue_id: UUID, upload_id: str) -> Path:
        return self._root / str(venue_id) / hashlib.sha256(upload_id.encode()).hexdigest()

    def _found(self, folder: Path) -> Iterator[Part]:
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                number, _, sha256 = entry.name.partition(".")
                with suppress(FileNotFoundError):  # replaced while we look
                    yield Part(int(number), entry.stat().st_size, sha256, Path(entry.path))
