"""What is known of a file before it is trusted: its sha256, or as much of it as somebody published."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vocalverse.errors import BadInput, DigestMismatch, NotFound
from vocalverse.records import Progress, no_progress

STAGE = "hash"

_BLOCK_BYTES = 2**20
_LENGTH = 64
_FEWEST = 8  # digits; fewer of them prove nothing at all


@dataclass(frozen=True)
class Pin:
    """The sha256 that a file has to have, in hexadecimal digits, whole or its beginning and end."""

    begins: str
    ends: str = ""

    def __post_init__(self) -> None:
        digits = self.begins + self.ends
        if not re.fullmatch(r"[0-9a-f]*", digits) or not _FEWEST <= len(digits) <= _LENGTH:
            raise BadInput(f"{digits!r} is no sha256: it has 64 digits from 0 to f, of which at least 8 must be known.")

    @property
    def whole(self) -> bool:
        return len(self.begins) == _LENGTH

    def matches(self, sha256: str) -> bool:
        return sha256.startswith(self.begins) and sha256.endswith(self.ends)

    def expect(self, sha256: str, what: str) -> None:
        if not self.matches(sha256):
            raise DigestMismatch(
                f"{what} has sha256 {sha256}, but should have {self}: it is not what was published. Fetch it anew, or"
                " look whether that hash is of another file."
            )

    def __str__(self) -> str:
        return self.begins if self.whole else f"{self.begins}…{self.ends}"


def pin(sha256: str) -> Pin:
    """A whole one, as somebody typed it."""
    digits = sha256.strip().lower().removeprefix("sha256:")
    if len(digits) != _LENGTH:
        raise BadInput(f"A sha256 has {_LENGTH} digits, this one {len(digits)}.")
    return Pin(digits)


def sha256_of(file: BinaryIO, *, progress: Progress = no_progress) -> str:
    """Of the whole of it; its position is at its start afterwards."""
    size = file.seek(0, 2)
    file.seek(0)
    digest = hashlib.sha256()
    for block in _blocks(file):
        digest.update(block)
        progress(STAGE, file.tell() / size)
    file.seek(0)
    return digest.hexdigest()


def sha256_of_path(path: Path, *, progress: Progress = no_progress) -> str:
    try:
        with path.open("rb") as file:
            return sha256_of(file, progress=progress)
    except OSError as error:
        raise NotFound(f"{path} cannot be read ({error.strerror}).") from None


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK_BYTES):
        yield block
