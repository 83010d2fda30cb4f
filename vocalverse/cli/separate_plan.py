"""Which recordings are separated, and what their stems are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vocalverse.cli.given import recordings
from vocalverse.cli.places import Song, places

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


def plan(given: Sequence[Path], out: Path) -> list[Song]:
    """Each recording once, in the order given."""
    return places(recordings(given, beside=out), out, option="--out", ends=_ENDS)
