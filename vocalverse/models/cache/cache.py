"""The encoder cache: a folder, in it one for every recording, in that a file for every way in which it was heard.

Several processes may use it at once without a lock: a file is written beside its place and moved there, so that who
reads sees it whole or not at all. What is not whole is made again.
"""

import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from vocalverse.errors import DiskFull, Unavailable
from vocalverse.models.cache import entry
from vocalverse.models.cache.key import CacheKey, folder_of, recording_of
from vocalverse.models.cache.pooled import in_two
from vocalverse.models.encoders.encoder import Frames

__all__ = ["FIGURES", "CacheKey", "EncoderCache", "Pruned", "Stats"]

_FRAMES, _POOLED, _UNFINISHED = ".frames", ".pooled", ".part"
FIGURES = ".figures"  # what was measured of a recording may lie in its folder too, to be gone with it
_OURS = (_FRAMES, _POOLED, _UNFINISHED, FIGURES)  # nothing else is ever removed, whatever folder this is taken for
_ABANDONED_S = 3600.0  # nobody writes a file for so long


@dataclass(frozen=True)
class Stats:
    recordings: int
    frames: int  # files of each kind
    pooled: int
    unfinished: int  # left by processes that were killed, or being written now
    bytes: int


@dataclass(frozen=True)
class Pruned:
    files: int
    bytes: int


@dataclass(frozen=True)
class _File:
    path: Path
    bytes: int
    used_at: float


class EncoderCache:
    """With `narrow`, frames take two bytes a value instead of four. It need not exist before something is kept."""

    def __init__(self, folder: Path, *, narrow: bool = False) -> None:
        self.folder = folder
        self.narrow = narrow

    def frames(self, key: CacheKey, make: Callable[[], Frames]) -> Frames:
        """As they were kept, or made now and kept."""
        return _kept(self._place(key, _FRAMES), make, narrow=self.narrow)

    def pooled(self, key: CacheKey, make: Callable[[], Frames]) -> Frames:
        """Two frames with the mean and the deviation of all. All of them are not kept, but taken where they were."""
        return _kept(self._place(key, _POOLED), lambda: in_two(self.find(key) or make()), narrow=False)

    def find(self, key: CacheKey) -> Frames | None:
        return _read(self._place(key, _FRAMES))

    def forget(self, recording: str) -> bool:
        """All that was made of it; whether there was anything."""
        place = self.folder / folder_of(recording)
        found = list(_files_in(place))
        for file in found:
            file.path.unlink(missing_ok=True)
        _remove_empty(place)
        return bool(found)

    def recordings(self) -> Iterator[str]:
        """Those of which something is kept, as far as their ids can be told."""
        for place in self._folders():
            if recording := recording_of(place.name):
                yield recording

    def stats(self) -> Stats:
        files = list(self._files())
        kinds = [file.path.suffix for file in files]
        return Stats(
            recordings=len({file.path.parent for file in files}),
            frames=kinds.count(_FRAMES),
            pooled=kinds.count(_POOLED),
            unfinished=kinds.count(_UNFINISHED),
            bytes=sum(file.bytes for file in files),
        )

    def prune(self, *, max_bytes: int | None = None, unused_s: float | None = None) -> Pruned:
        """Removes what was not used for so long, then what was used longest ago until the rest fits, and whatever was
        left unfinished.
        """
        now, left, gone = time.time(), 0, []
        for file in sorted(self._files(), key=attrgetter("used_at"), reverse=True):
            idle_s = now - file.used_at
            abandoned = file.path.suffix == _UNFINISHED and idle_s > _ABANDONED_S
            too_old = unused_s is not None and idle_s > unused_s
            left += file.bytes
            if abandoned or too_old or (max_bytes is not None and left > max_bytes):
                gone.append(file)
        for file in gone:
            file.path.unlink(missing_ok=True)
        for folder in self._folders():
            _remove_empty(folder)
        return Pruned(len(gone), sum(file.bytes for file in gone))

    def _place(self, key: CacheKey, kind: str) -> Path:
        return self.folder / folder_of(key.recording) / f"{key.name}{kind}"

    def _folders(self) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from (Path(place) for place in os.scandir(self.folder) if place.is_dir(follow_symlinks=False))

    def _files(self) -> Iterator[_File]:
        for folder in self._folders():
            yield from _files_in(folder)


def _files_in(folder: Path) -> Iterator[_File]:
    for path in folder.glob("*"):
        try:
            about = path.stat()
        except OSError:  # forgotten meanwhile
            continue
        if path.suffix in _OURS and stat.S_ISREG(about.st_mode):
            yield _File(path, about.st_size, about.st_mtime)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # something is in it
        folder.rmdir()


def _kept(place: Path, make: Callable[[], Frames], *, narrow: bool) -> Frames:
    """Read again after writing, so that the first time and every other give the same."""
    if kept := _read(place):
        return kept
    made = make()
    _write(place, made, narrow=narrow)
    return _read(place) or made  # it may have been forgotten meanwhile


def _read(place: Path) -> Frames | None:
    try:
        found = entry.read(place)
    except OSError:  # not there, or not any more
        return None
    with suppress(OSError):  # another user's
        os.utime(place)  # what is pruned first was not used for longest
    return found


def _write(place: Path, frames: Frames, *, narrow: bool) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(dir=place.parent, suffix=_UNFINISHED)
        try:
            with os.fdopen(descriptor, "wb") as file:
                entry.write(frames, file, narrow=narrow)
            os.replace(partial, place)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except FileNotFoundError:  # its recording was forgotten meanwhile
        return
    except OSError as error:
        full = DiskFull if error.errno in DiskFull.errnos else Unavailable
        raise full(
            f"{place} could not be written ({error.strerror or error}): make room with `vocalverse cache prune` or"
            " elsewhere, or name another folder in VOCALVERSE_CACHE."
        ) from None
