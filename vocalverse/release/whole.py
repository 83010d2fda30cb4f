"""Releases that stand under their name verified and whole, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from vocalverse.errors import BadInput, Conflict, DiskFull
from vocalverse.release.sums import digest_of, read_sums
from vocalverse.release.verify import Sealed, verify

_READ_ONLY = 0o444
_FOR_ALL = 0o755  # what is made for its maker's eyes alone, workers of another user could not read


def put(folder: Path, fill: Callable[[Path], None]) -> Sealed:
    """What `fill` writes into the folder that it is given. The same release twice is no harm; another one of that name
    is refused.
    """
    with _disk_errors(folder), _unfinished(folder) as unfinished:
        fill(unfinished)
        sealed = verify(unfinished)
        _protect(unfinished)
        try:
            os.rename(unfinished, folder)
        except OSError:
            if not folder.exists():
                raise
            _require_same(folder, sealed)
        _to_disk(folder.parent)
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
        _to_disk(path)


def _require_same(folder: Path, sealed: Sealed) -> None:
    if digest_of(read_sums(folder)) != sealed.digest:
        raise Conflict(
            f"{folder} holds another release of that name, and what is sealed never changes: give this one another name."
        )


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in DiskFull.errnos:
            raise DiskFull(f"The disk is full: {folder} could not be written. Make room, then try again.") from error
        raise BadInput(f"{error.filename or folder} cannot be read or written: {error.strerror or error}.") from error


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
