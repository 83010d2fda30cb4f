"""Recordings that people name on the command line: files, and folders with all that lies in them."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vocalverse.errors import BadInput, NotFound, UnsupportedFormat
from vocalverse.records import Progress, no_progress

if TYPE_CHECKING:
    from vocalverse.audio.waveform import Waveform

_SUFFIXES = frozenset({".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac"})
_LARGEST_CHART = 2**24  # bytes; the readers have narrower bounds of their own
_LONGEST_S = 3600.0
_DECODING_S = 600  # of CPU, for an hour of anything


class TooLong(BadInput):
    code = "too_long"


@dataclass(frozen=True)
class Given:
    source: Path
    below: Path  # its place below what was given, without its ending


def recordings(given: Sequence[Path], *, beside: Path | None = None) -> list[Given]:
    """Each once, in the order given. Folders are looked into, but not `beside`, where results go."""
    found: dict[str, Given] = {}
    for path in given:
        for one in _in(path, beside):
            found.setdefault(os.path.realpath(one.source), one)
    if not found:
        raise BadInput(f"There is no WAV, FLAC, Ogg, Opus, MP3 or M4A in {', '.join(map(str, given))}.")
    return list(found.values())


def heard(path: Path, *, progress: Progress = no_progress) -> "Waveform":
    """The whole of it: half a song would be no answer."""
    from vocalverse.audio.decode import decode
    from vocalverse.audio.sandbox import DecodeLimits

    with opened(path) as file:
        waveform = decode(file, limits=DecodeLimits(max_s=_LONGEST_S, cpu_s=_DECODING_S), progress=progress)
    if waveform.source.longer:
        raise TooLong(f"{path} is longer than {_LONGEST_S / 60:.0f} minutes: cut it into pieces.")
    if not len(waveform.samples):
        raise BadInput(f"{path} holds no sound.")
    return waveform


@contextmanager
def opened(path: Path) -> "Iterator[BinaryIO]":
    """To be read; what is wrong with it is a sentence."""
    with _file_errors(path):
        file = path.open("rb")
    with file:
        yield file


def is_sound(path: Path) -> bool:
    """By its first bytes: a file's name is often wrong."""
    from vocalverse.audio.formats import sniff

    with _file_errors(path), path.open("rb") as file:
        try:
            sniff(file)
        except UnsupportedFormat:
            return False
    return True


def digest(path: Path) -> bytes:
    with _file_errors(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def chart(path: Path) -> bytes:
    """Of a song. A file of any length is not read into memory first and refused later."""
    try:
        with path.open("rb") as opened:
            data = opened.read(_LARGEST_CHART + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(data) > _LARGEST_CHART:
        raise BadInput(f"{path} is larger than {_LARGEST_CHART >> 20} MiB, which no chart, score or lyrics are.")
    return data


def _in(path: Path, beside: Path | None) -> Iterator[Given]:
    if not path.is_dir():
        yield Given(path, Path(path.stem))
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if _is_looked_into(Path(folder, name), beside))
        for name in sorted(names):
            source = Path(folder, name)
            if source.suffix.lower() in _SUFFIXES and not name.startswith("."):
                yield Given(source, source.relative_to(path).with_suffix(""))


def _is_looked_into(folder: Path, beside: Path | None) -> bool:
    """What came out before is not put in again."""
    hidden = folder.name.startswith(".")
    return not hidden and (beside is None or os.path.realpath(folder) != os.path.realpath(beside))


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    if path.is_dir():
        raise BadInput(f"{path} is a folder; here it has to be one sound file.")
    if path.exists() and not path.is_file():
        raise BadInput(f"{path} is no file that could be read to its end.")
    if path.exists() and not path.stat().st_size:
        raise BadInput(f"{path} is empty: it has no bytes at all.")
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error
