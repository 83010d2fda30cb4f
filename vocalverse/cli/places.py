"""Where what is made of recordings comes to lie."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vocalverse.cli.given import Given
from vocalverse.errors import BadInput


@dataclass(frozen=True)
class Song:
    """A recording, and the path of what is made of it without what tells its kinds apart."""

    source: Path
    stem: Path

    @property
    def size(self) -> int:
        """0 where there is no such file, which is said when its turn comes."""
        try:
            return self.source.stat().st_size
        except OSError:
            return 0

    def named(self, what: str) -> Path:
        return self.stem.with_name(f"{self.stem.name}.{what}")


def places(found: Sequence[Given], out: Path, *, option: str, ends: Sequence[str]) -> list[Song]:
    """No two share a name with any of `ends`, and no recording is written over."""
    require_writable(out, option)
    taken = {_key(one.source) for one in found}
    return [Song(one.source, _untaken(out / one.below, taken, ends)) for one in found]


def require_writable(out: Path, option: str) -> None:
    """Said before the first recording is worked on, not minutes later."""
    there = out.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise BadInput(f"{option} {out} cannot be made: {there} is a file, no folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise BadInput(f"{option} {out} cannot be written to: {there} is not yours to write in. Give another folder.")


def _untaken(wanted: Path, taken: set[str], ends: Sequence[str]) -> Path:
    """With a number where the name is another's already. Case does not tell names apart: on some disks it does not."""
    stem, number = wanted, 1
    while not taken.isdisjoint(names := {_key(stem.with_name(stem.name + end)) for end in ends}):
        number += 1
        stem = wanted.with_name(f"{wanted.name}-{number}")
    taken.update(names)
    return stem


def _key(path: Path) -> str:
    return os.path.realpath(path).casefold()
