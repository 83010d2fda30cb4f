"""Which recordings in a folder are finished.

No system tells portably that a file was closed. A recording counts as finished when it, its sidecar and its backing
have not changed for the settle time, and when it can be renamed to its own name: Windows refuses that while another
program has the file open, elsewhere it does nothing.
"""

import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vocalverse.agent.faults import BadSidecar, FileChanged, FolderAway
from vocalverse.agent.files import Identity
from vocalverse.agent.sidecar import NOTHING_SAID, Sidecar, read_sidecar
from vocalverse.records import Lane

SUFFIXES = frozenset({".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a"})
_OPEN_ELSEWHERE = (32, 33)  # Windows: sharing violation, lock violation
BACKING_MARK = ".backing"  # song.backing.flac belongs to song.flac and is never a recording of its own


@dataclass(frozen=True)
class Found:
    """A finished recording."""

    name: str
    identity: Identity
    lane: Lane


@dataclass(frozen=True)
class Sight:
    """One look at the folder."""

    finished: tuple[Found, ...]
    unsettled: tuple[str, ...]
    used_bytes: int


@dataclass(frozen=True)
class _Group:
    """A recording with what belongs to it; when it is equal at two looks, nothing moved in between."""

    recording: Identity
    sidecar: Identity | None
    backing: Identity | None


@dataclass(frozen=True)
class _Rest:
    group: _Group
    since_s: float


@dataclass(frozen=True)
class _Read:
    identity: Identity
    sidecar: Sidecar


class Watcher:
    """Remembers between looks how long each recording has rested."""

    def __init__(self, folder: Path, settle_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._settle_s = settle_s
        self._clock = clock
        self._resting: dict[str, _Rest] = {}
        self._closed: dict[str, _Group] = {}
        self._sidecars: dict[str, _Read] = {}

    def look(self) -> Sight:
        files = _plain_files(self._folder)
        sidecars = self._read_sidecars(files)
        backings = {said.backing for said in sidecars.values()}
        recordings = [name for name in files if _is_recording(name) and name not in backings and files[name].size]
        self._resting = {name: self._rest(name, files, sidecars) for name in recordings}
        self._closed = {name: group for name, group in self._closed.items() if name in self._resting}
        finished = {name for name in recordings if self._is_finished(name)}
        return Sight(
            tuple(Found(name, files[name], _said(name, sidecars).lane) for name in recordings if name in finished),
            tuple(name for name in recordings if name not in finished),
            sum(identity.size for identity in files.values()),
        )

    def _read_sidecars(self, files: Mapping[str, Identity]) -> dict[str, Sidecar]:
        names = [name for name in files if Path(name).suffix.lower() == ".json"]
        self._sidecars = {name: self._read(name, files[name]) for name in names}
        return {name: read.sidecar for name, read in self._sidecars.items()}

    def _read(self, name: str, identity: Identity) -> _Read:
        known = self._sidecars.get(name)
        if known and known.identity == identity:
            return known
        try:
            return _Read(identity, read_sidecar(self._folder / name))
        except (BadSidecar, FileChanged, OSError):
            return _Read(identity, NOTHING_SAID)  # half written, or wrong: said when the recording is taken

    def _rest(self, name: str, files: Mapping[str, Identity], sidecars: Mapping[str, Sidecar]) -> _Rest:
        sidecar = _sidecar_name(name, sidecars)
        backing = _said(name, sidecars).backing
        group = _Group(
            files[name], files[sidecar] if sidecar else None, files.get(backing) if backing is not None else None
        )
        known = self._resting.get(name)
        return known if known and known.group == group else _Rest(group, self._clock())

    def _is_finished(self, name: str) -> bool:
        rest = self._resting[name]
        if self._closed.get(name) == rest.group:
            return True
        self._closed.pop(name, None)
        if self._clock() - rest.since_s < self._settle_s or not _is_closed(self._folder / name):
            return False
        self._closed[name] = rest.group
        return True


def _plain_files(folder: Path) -> dict[str, Identity]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as trouble:
        raise FolderAway(f"The folder {folder} cannot be listed ({trouble}): plug it in or mount it again.") from None
    found = {}
    for name in names:
        try:
            # Not from the directory's entry: on Windows that lags behind while the file is written.
            status = os.lstat(folder / name)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            found[name] = Identity(status.st_size, status.st_mtime_ns)
    return found


def _is_recording(name: str) -> bool:
    path = Path(name)
    hidden = name.startswith((".", "~"))
    return path.suffix.lower() in SUFFIXES and not hidden and not path.stem.lower().endswith(BACKING_MARK)


def _sidecar_name(name: str, sidecars: Mapping[str, Sidecar]) -> str | None:
    candidates = (name + ".json", Path(name).stem + ".json")
    return next((candidate for candidate in candidates if candidate in sidecars), None)


def _said(name: str, sidecars: Mapping[str, Sidecar]) -> Sidecar:
    sidecar = _sidecar_name(name, sidecars)
    return sidecars[sidecar] if sidecar else NOTHING_SAID


def _is_closed(path: Path) -> bool:
    try:
        os.rename(path, path)
    except OSError as trouble:
        return getattr(trouble, "winerror", None) not in _OPEN_ELSEWHERE and not isinstance(trouble, FileNotFoundError)
    return True
