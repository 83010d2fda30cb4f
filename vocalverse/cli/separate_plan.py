"""Which recordings are separated, and what their stems are called."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vocalverse.cli.given import recordings
from vocalverse.errors import BadInput

_ENDS = (".voice.flac", ".voice.wav", ".backing.flac", ".backing.wav", ".png")


@dataclass(frozen=True)
class Wishes:
    """What is wanted of every recording."""

    stems: tuple[str, ...]
    sound: str  # "flac" or "wav"
    dereverb: bool = False
    backing: Path | None = None
    key_shift: int = 0
    picture: bool = False


@dataclass(frozen=True)
class Models:
    """Which networks are wanted by name; None: what every venue may use without more ado."""

    separator: str | None = None
    dereverberator: str | None = None
    accepted: bool = False  # their licences


@dataclass(frozen=True)
class Song:
    """A recording, and its stems' path without what tells them apart."""

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


def plan(given: Sequence[Path], out: Path) -> list[Song]:
    """Each recording once, in the order given. No two share a name, and none of them is written over."""
    found = recordings(given, beside=out)
    _require_writable(out)
    taken = {_key(one.source) for one in found}
    return [Song(one.source, _untaken(out / one.below, taken)) for one in found]


def _require_writable(out: Path) -> None:
    """Said before the first recording is separated, not minutes later."""
    there = out.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise BadInput(f"--out {out} cannot be made: {there} is a file, no folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise BadInput(f"--out {out} cannot be written to: {there} is not yours to write in. Give another folder.")


def _untaken(wanted: Path, taken: set[str]) -> Path:
    """With a number where the name is another's already. Case does not tell names apart: on some disks it does not."""
    stem, number = wanted, 1
    while not taken.isdisjoint(names := _names(stem)):
        number += 1
        stem = wanted.with_name(f"{wanted.name}-{number}")
    taken.update(names)
    return stem


def _names(stem: Path) -> set[str]:
    return {_key(stem.with_name(stem.name + end)) for end in _ENDS}


def _key(path: Path) -> str:
    return os.path.realpath(path).casefold()
