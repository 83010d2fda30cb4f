"""What a separator may learn from: a CSV of files, with singer, licence and split."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from vocalverse.errors import BadInput
from vocalverse.models.catalogue import Commercial
from vocalverse.training.licences import commercial

COLUMNS = ("path", "role", "singer", "licence", "split", "weight")


class Role(StrEnum):
    VOICE = "voice"
    BACKING = "backing"
    BOTH = "both"  # two channels of one song: left the backing, right the voice
    ROOM = "room"  # an impulse response


class Split(StrEnum):
    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"  # never opened while training


@dataclass(frozen=True)
class Entry:
    """One file. `weight` says how often it is drawn, for each second of it."""

    path: Path
    role: Role
    singer: str
    licence: str
    split: Split
    weight: float = 1.0


@dataclass(frozen=True)
class Manifest:
    entries: tuple[Entry, ...]

    def of(self, split: Split, *roles: Role) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.split is split and entry.role in roles)

    @property
    def restricting_licences(self) -> tuple[str, ...]:
        """Of what is learnt from: those that forbid a business to use the result. Empty where anybody may."""
        learnt = {entry.licence for entry in self.entries if entry.split is Split.TRAIN}
        return tuple(sorted(licence for licence in learnt if commercial(licence) is not Commercial.YES))


def read(path: Path) -> Manifest:
    """Paths are relative to the manifest's folder. Says which line is wrong, and how."""
    if not path.is_file():
        raise BadInput(f"There is no manifest at {path}.")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path} is no CSV in UTF-8: {error}") from None
    return _checked(Manifest(tuple(_entry(row, path, line) for line, row in enumerate(rows, 2))), path)


def write(path: Path, entries: Iterable[Entry]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((e.path, e.role, e.singer, e.licence, e.split, f"{e.weight:g}") for e in entries)


def _entry(row: dict[str, str | None], manifest: Path, line: int) -> Entry:
    missing = [name for name in COLUMNS[:-1] if not row.get(name)]
    if missing:
        raise BadInput(f"{manifest}, line {line}: no {', '.join(missing)}. Columns are {', '.join(COLUMNS)}.")
    try:
        entry = Entry(
            path=manifest.parent / str(row["path"]),
            role=Role(str(row["role"])),
            singer=str(row["singer"]),
            licence=str(row["licence"]),
            split=Split(str(row["split"])),
            weight=float(row.get("weight") or 1),
        )
    except ValueError as error:
        raise BadInput(f"{manifest}, line {line}: {error}.") from None
    if not entry.path.is_file():
        raise BadInput(f"{manifest}, line {line}: there is no file {entry.path}.")
    if not 0 < entry.weight <= 1000:
        raise BadInput(f"{manifest}, line {line}: a weight lies above 0 and is at most 1000.")
    return entry


def _checked(manifest: Manifest, path: Path) -> Manifest:
    for roles, what in (((Role.VOICE, Role.BOTH), "voices"), ((Role.BACKING, Role.BOTH), "backings")):
        if not manifest.of(Split.TRAIN, *roles):
            raise BadInput(f"{path} has no {what} with the split `train`.")
    heard = {entry.singer for entry in manifest.of(Split.TRAIN, Role.VOICE, Role.BOTH)}
    held_out = (*manifest.of(Split.VALIDATION, *Role), *manifest.of(Split.TEST, *Role))
    twice = sorted(heard & {entry.singer for entry in held_out if entry.role in (Role.VOICE, Role.BOTH)})
    if twice:
        raise BadInput(f"{path}: {', '.join(twice[:3])} would be trained on and judged on. Split by singer.")
    return manifest


@dataclass(frozen=True)
class Folder:
    """Files of one kind, by a glob; the singer is what stands in the name at `singer_part` between `separator`s."""

    pattern: str
    role: Role
    licence: str
    separator: str = "_"
    singer_part: int = 0
    weight: float = 1.0


def from_folders(
    root: Path, folders: Sequence[Folder], *, validation: Iterable[str] = (), test: Iterable[str] = ()
) -> list[Entry]:
    """Every file under `root` that a folder's glob names. `validation` and `test` name singers, or files' stems."""
    held = dict.fromkeys(validation, Split.VALIDATION) | dict.fromkeys(test, Split.TEST)
    entries = []
    for folder in folders:
        for path in sorted(root.glob(folder.pattern)):
            parts = path.stem.split(folder.separator)
            name = parts[folder.singer_part] if folder.singer_part < len(parts) else path.stem
            split = held.get(path.stem) or held.get(name) or Split.TRAIN
            entries.append(Entry(path, folder.role, f"{name}", folder.licence, split, folder.weight))
    return entries
