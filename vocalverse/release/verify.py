"""Whether a release is still what was sealed: every file there, none besides, all of them bit by bit."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vocalverse.errors import NotFound, ReleaseBroken, ReleaseUnknown
from vocalverse.models.digest import sha256_of_path
from vocalverse.records import Progress, no_progress
from vocalverse.release.read import TOML, read
from vocalverse.release.sense import named_files, named_folders
from vocalverse.release.spec import ReleaseSpec
from vocalverse.release.sums import SUMS, Sums, digest_of, read_sums

STAGE = "verify"

_AGAIN = "Install the release again."


@dataclass(frozen=True)
class Sealed:
    """A release that was verified."""

    folder: Path
    spec: ReleaseSpec
    digest: str  # sha256, which stands for every byte of it
    sums: Sums  # of its files

    @property
    def bytes(self) -> int:
        return sum((self.folder / path).stat().st_size for path in self.sums)


def verify(folder: Path, *, progress: Progress = no_progress) -> Sealed:
    """Raises ReleaseBroken, which names the first file that is not as it was sealed."""
    if not folder.is_dir():
        raise ReleaseUnknown(f"There is no release at {folder}.")
    sums = read_sums(folder)
    found = set(_files(folder)) - {SUMS}
    for path in sorted(found - sums.keys()):
        raise ReleaseBroken(f"{folder / path} is not of this release: somebody put it there. {_AGAIN}")
    for path in sorted(sums.keys() - found):
        raise ReleaseBroken(f"{folder / path} is missing. {_AGAIN}")
    for number, (path, sealed) in enumerate(sums.items()):
        progress(STAGE, number / len(sums))
        _require_same(folder / path, sealed)
    progress(STAGE, 1.0)
    spec = read(folder)
    _require_named(spec, sums, folder)
    return Sealed(folder, spec, digest_of(sums), sums)


def _require_same(path: Path, sealed: str) -> None:
    try:
        found = sha256_of_path(path)
    except NotFound as unreadable:
        raise ReleaseBroken(f"{unreadable} {_AGAIN}") from None
    if found != sealed:
        raise ReleaseBroken(f"{path} is not what was sealed: its sha256 differs. {_AGAIN}")


def _files(folder: Path) -> Iterator[str]:
    """Plain files, by their paths below the folder. Anything else could change behind its back."""

    def unreadable(error: OSError) -> None:
        raise ReleaseBroken(f"{error.filename} cannot be looked into ({error.strerror}).")

    for place, folders, names in os.walk(folder, onerror=unreadable):
        for name in (*folders, *names):
            path = Path(place, name)
            mode = path.lstat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                what = "a link" if stat.S_ISLNK(mode) else "no plain file"
                raise ReleaseBroken(f"{path} is {what}, which no release holds. {_AGAIN}")
        yield from (Path(place, name).relative_to(folder).as_posix() for name in names)


def _require_named(spec: ReleaseSpec, sums: Sums, folder: Path) -> None:
    for path in named_files(spec):
        if path not in sums:
            raise ReleaseBroken(f"{folder / TOML} names {path}, which the release does not hold.")
    for path in named_folders(spec):
        if not any(one.startswith(f"{path}/") for one in sums):
            raise ReleaseBroken(f"{folder / TOML} names the folder {path}, of which the release holds nothing.")
