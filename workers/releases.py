"""Which releases this worker can judge by: those on this machine, the package's too, that are, bit by bit, what was sealed.

Reading all of a release takes seconds, so that is done beside the work, and again whenever a file of it changes.
Before every task a look at the files' sizes and times is enough.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vocalverse.errors import LicenceRefused, ReleaseUnknown, VocalVerseError
from vocalverse.release.shelf import ReleaseShelf

if TYPE_CHECKING:
    from vocalverse.assess.ready import Ready

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 2.0

_Traits = frozenset[tuple[str, int, int, int]]
Check = Callable[[str], "Ready"]


@dataclass(frozen=True)
class _Looked:
    """What was found when all of it was read, and how its files looked before."""

    traits: _Traits
    models: tuple[Path, ...] = ()
    digest: str | None = None
    why: str = ""  # it is not to be judged by


class Holdings:
    """`check` reads all of a release and of the models that it names, or raises what is wrong with them."""

    def __init__(self, shelf: ReleaseShelf, models: Path, check: Check | None = None) -> None:
        self._shelf = shelf
        self._models = models
        self._check = check or self._read
        self._looked: Mapping[str, _Looked] = {}

    def held(self) -> list[str]:
        """The digests of those that have not changed since they were found sound."""
        return [
            looked.digest
            for name, looked in self._looked.items()
            if looked.digest and self._traits(name, looked.models) == looked.traits
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
        before = self._looked.get(name)
        if before and before.traits == self._traits(name, before.models):
            return before
        models = before.models if before else ()
        traits = self._traits(name, models)
        try:
            ready = self._check(name)
        except ReleaseUnknown as gone:
            return _Looked(frozenset(), why=str(gone))
        except (VocalVerseError, OSError, ImportError) as broken:
            if isinstance(broken, LicenceRefused) and self._shelf.is_bundled(name):
                return _Looked(traits, models)  # it came with the package: that nobody agreed to it is no fault
            log.error("%s", broken, extra={"action": "release_refused", "release": name})
            return _Looked(traits, models, why=str(broken))
        log.info("release %s can judge here", name, extra={"action": "release_held", "release": name})
        return _Looked(traits | set(_traits(ready.models)), ready.models, ready.sealed.digest)

    def _read(self, name: str) -> "Ready":
        from vocalverse.assess.ready import require_ready  # with what measures, which takes a second

        return require_ready(self._shelf, self._models, name)

    def _traits(self, name: str, models: Iterable[Path] = ()) -> _Traits:
        """Of its files, of what was agreed to for it, of which models there are, and of those that it judges with."""
        own = (Path(place, file) for place, _, files in os.walk(self._shelf.where(name)) for file in files)
        agreed = self._shelf.folder.glob(f"{name}.*")
        return frozenset(_traits([*own, *agreed, *self._models.rglob("*.json"), *models]))


def _traits(paths: Iterable[Path]) -> Iterator[tuple[str, int, int, int]]:
    """Who rewrites a file can set its times back, but not the time at which its inode changed."""
    for path in paths:
        try:
            seen = path.lstat()
        except FileNotFoundError:
            continue
        yield str(path), seen.st_size, seen.st_ino, seen.st_ctime_ns
