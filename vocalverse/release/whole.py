"""Releases that stand under their name verified and whole, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from vocalverse.durable import to_disk
from vocalverse.errors import BadInput, Conflict, DiskFull, ReleaseBroken
from vocalverse.release.verify import Sealed, verify

_READ_ONLY = 0o444
_FOR_ALL = 0o755  # what is made for its maker's eyes alone, workers of another user could not read


def put(folder: Path, fill: Callable[[Path], None]) -> Sealed:
    """What `fill` writes into the folder that it is given. The same release twice is no harm, and makes good what was
    damaged; another one of that name is refused.
    """
    with _disk_errors(folder), _unfinished(folder) as unfinished:
        fill(unfinished)
        sealed = verify(unfinished)
        _protect(unfinished)
        try:
            if not _is_there(folder, sealed):
                _replace(folder, unfinished)
        except OSError:
            if not _is_there(folder, sealed):  # somebody else put it there meanwhile
                raise
        to_disk(folder.parent)
    return replace(sealed, folder=folder)


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield unfinished
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _protect(folder: Path) -> None:
    """On the disk, for everybody to read and nobody to write."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(_FOR_ALL if path.is_dir() else _READ_ONLY)
        to_disk(path)


def _is_there(folder: Path, sealed: Sealed) -> bool:
    """Sound already. Where something else lies, it is damaged, or in the way."""
    if not folder.exists():
        return False
    try:
        there = verify(folder)
    except ReleaseBroken:
        return False
    if there.digest != sealed.digest:
        raise Conflict(
            f"{folder} holds another release of that name, and what is sealed never changes: give this one another name."
        )
    return True


def _replace(folder: Path, unfinished: Path) -> None:
    """Who has files of the damaged one open goes on reading them."""
    with _unfinished(folder) as damaged:
        if folder.exists():
            os.rename(folder, damaged)
        os.rename(unfinished, folder)


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in DiskFull.errnos:
            raise DiskFull(f"The disk is full: {folder} could not be written. Make room, then try again.") from error
        raise BadInput(f"{error.filename or folder} cannot be read or written: {error.strerror or error}.") from error
