"""Files of others, read with suspicion: only plain ones, and only as long as they stay what they were."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from vocalverse.agent.faults import FileChanged, NotPlain

_BLOCK = 256 * 2**10  # of a read for hashing


@dataclass(frozen=True, order=True)
class Identity:
    """What tells one content of a path from another without reading it."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        return cls._of(os.lstat(path))

    @classmethod
    def of_open(cls, file: BinaryIO) -> Self:
        return cls._of(os.fstat(file.fileno()))

    @classmethod
    def _of(cls, found: os.stat_result) -> Self:
        return cls(found.st_size, found.st_mtime_ns)


def is_plain(path: Path) -> bool:
    """A regular file and no link to one."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def open_plain(path: Path) -> BinaryIO:
    """Open a regular file for reading; a link, pipe or device is refused, also one slipped in meanwhile."""
    before = os.lstat(path)
    if not stat.S_ISREG(before.st_mode):
        raise NotPlain(f"{path.name} is a link or a device, not a plain file: put a copy of the file there.")
    file = path.open("rb")
    if not _is_same(before, os.fstat(file.fileno())):
        file.close()
        raise FileChanged(f"{path.name} was replaced while it was opened.")
    return file


def _is_same(one: os.stat_result, other: os.stat_result) -> bool:
    """Not by st_dev, which Windows has reported differently for a path and for an open file."""
    return (one.st_ino, one.st_size, one.st_mtime_ns) == (other.st_ino, other.st_size, other.st_mtime_ns)


@dataclass(frozen=True)
class Slice:
    """`length` bytes from `start` of a file that has to stay as it was when it was identified."""

    path: Path
    identity: Identity
    start: int
    length: int

    @classmethod
    def whole(cls, path: Path, identity: Identity) -> Self:
        return cls(path, identity, 0, identity.size)

    def blocks(self, size: int = _BLOCK) -> Iterator[bytes]:
        """The bytes in order. Raises FileChanged when the file is another one before or after."""
        with open_plain(self.path) as file:
            self._must_be_unchanged(file)
            file.seek(self.start)
            left = self.length
            while left and (block := file.read(min(size, left))):
                left -= len(block)
                yield block
            if left:
                raise FileChanged(f"{self.path.name} became shorter while it was read.")
            self._must_be_unchanged(file)

    def sha256(self, breathe: Callable[[], None]) -> bytes:
        """The digest; `breathe` is called between blocks and may raise."""
        digest = hashlib.sha256()
        for block in self.blocks():
            breathe()
            digest.update(block)
        return digest.digest()

    def _must_be_unchanged(self, file: BinaryIO) -> None:
        if Identity.of_open(file) != self.identity:
            raise FileChanged(f"{self.path.name} changed after it was taken: it is looked at again when it rests.")
