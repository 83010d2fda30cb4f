"""Which releases this worker can judge by: those on this machine that are, bit by bit, what was sealed.

Reading all of a release takes seconds, so that is done beside the work, and again whenever a file of it changes.
Before every task a look at the files' sizes and times is enough.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vocalverse.errors import ReleaseUnknown, VocalVerseError
from vocalverse.release.shelf import ReleaseShelf

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 2.0

_Traits = frozenset[tuple[str, int, int, int]]
Check = Callable[[str], str]


@dataclass(frozen=True)
class _Looked:
    """What was found when all of it was read, and how its files looked before."""

    traits: _Traits
    digest: str | None
    why: str = ""  # it is not to be judged by


class Holdings:
    """`check` reads all of a release and returns its digest, or raises what is wrong with it."""

    def __init__(self, folder: Path, check: Check | None = None) -> None:
        self._shelf = ReleaseShelf(folder)
        self._check = check or (lambda name: self._shelf.ready(name).digest)
        self._looked: Mapping[str, _Looked] = {}

    def held(self) -> list[str]:
        """The digests of those that have not changed since they were found sound."""
        return [
            looked.digest
            for name, looked in self._looked.items()
            if looked.digest and self._traits(name) == looked.traits
        ]

    def refused(self) -> dict[str, str]:
        """The names of those that are not sound, and why."""
        return {name: looked.why for name, looked in self._looked.items() if looked.why}

    def look(self) -> None:
        """Read what is new here or has changed."""
        self._looked = {name: self._look_at(name) for name in self._shelf.names()}

    def watch(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.look()
            stop.wait(_LOOK_EVERY_S)

    def _look_at(self, name: str) -> _Looked:
        traits, before = self._traits(name), self._looked.get(name)
        if before and before.traits == traits:
            return before
        try:
            found = _Looked(traits, self._check(name))
            log.info("release %s can judge here", name, extra={"action": "release_held", "release": name})
        except ReleaseUnknown as gone:
            found = _Looked(frozenset(), None, str(gone))
        except (VocalVerseError, OSError) as broken:
            found = _Looked(traits, None, str(broken))
            log.error("%s", broken, extra={"action": "release_refused", "release": name})
        return found

    def _traits(self, name: str) -> _Traits:
        return frozenset(_traits(self._shelf.folder / name)) | frozenset(_beside(self._shelf.folder, name))


def _traits(folder: Path) -> Iterator[tuple[str, int, int, int]]:
    """Who rewrites a file can set its times back, but not the time at which its inode changed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in names:
            path = os.path.join(place, name)
            try:
                seen = os.lstat(path)
            except FileNotFoundError:
                continue
            yield path, seen.st_size, seen.st_ino, seen.st_ctime_ns


def _beside(folder: Path, name: str) -> Iterator[tuple[str, int, int, int]]:
    """What was agreed to for it."""
    for path in folder.glob(f"{name}.*"):
        seen = path.lstat()
        yield str(path), seen.st_size, seen.st_ino, seen.st_ctime_ns
