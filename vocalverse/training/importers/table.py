"""Rated takes in a table: CSV, TSV, JSON, JSON Lines. A line for a take, or for everybody who rated it."""

import csv
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vocalverse.errors import ManifestBroken
from vocalverse.training.manifest_rows import Row

# What a clip is said to be; every line of it has to say the same.
FACTS = (
    *("id", "audio", "singer", "song", "licence", "domain", "system"),
    *("language", "gender", "room", "text", "split", "synthetic"),
)
_RATED = "rating_"  # before a dimension, in a column's name
_OURS = ("breath", "technique", "timbre", "emotion")
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0", "")


@dataclass(frozen=True)
class Columns:
    """Where a table does not name its columns as a manifest does."""

    facts: Mapping[str, str] = field(default_factory=dict)  # of the table, by what they are: {"audio": "file"}
    dimensions: Mapping[str, str] = field(default_factory=dict)  # likewise; none: ours, and all that begin with rating_
    rater: str = "rater"
    alike: Mapping[str, str] = field(default_factory=dict)  # what holds for all: {"licence": "CC-BY-4.0"}
    names: re.Pattern[str] | None = None  # of files, in which singer and song stand


def rows(path: Path, columns: Columns = Columns(), *, wanted: Sequence[str] = ()) -> list[Row]:
    """A clip each, with all who rated it; told of the line where it stands first."""
    found: dict[str, Row] = {}
    for line in lines(path, wanted or [columns.facts.get("audio", "audio")]):
        clip = _clip(line.said, columns)
        first = found.setdefault(clip["id"], Row(line.where, clip))
        if first.said is not clip:
            _add(first, clip, f"{path}, {line.where}")
    return list(found.values())


def lines(path: Path, wanted: Sequence[str]) -> list[Row]:
    """Of a table with a line of names first, or a list of objects; the first has to have the columns that are wanted."""
    found = _lines(path)
    if not found:
        raise ManifestBroken(f"{path} has no line below its names.")
    if missing := [name for name in wanted if name not in found[0].said]:
        raise ManifestBroken(f"{path} has no {', '.join(missing)}; it needs {', '.join(wanted)}.")
    return found


def _lines(path: Path) -> list[Row]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ManifestBroken(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise ManifestBroken(f"{path} is no text in UTF-8 ({error.reason} at byte {error.start}).") from None
    try:
        return list(_objects(text, path) if text.lstrip()[:1] in ("{", "[") else _cells(text, path))
    except (ValueError, csv.Error) as error:
        raise ManifestBroken(f"{path} is neither a table nor a list of JSON objects: {error}.") from None


def _objects(text: str, path: Path) -> Iterator[Row]:
    if text.lstrip().startswith("["):
        said = [(f"entry {number}", one) for number, one in enumerate(json.loads(text), 1)]
    else:
        said = [(f"line {number}", json.loads(one)) for number, one in enumerate(text.splitlines(), 1) if one.strip()]
    for where, one in said:
        if not isinstance(one, dict):
            raise ManifestBroken(f"{path}, {where}: not a JSON object.")
        yield Row(where, one)


def _cells(text: str, path: Path) -> Iterator[Row]:
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    reader = csv.DictReader(text.splitlines(), delimiter=delimiter, strict=True)
    for cells in reader:
        if None in cells or None in cells.values():
            raise ManifestBroken(f"{path}, line {reader.line_num}: not as many cells as the first line has names.")
        yield Row(f"line {reader.line_num}", {name: cell.strip() or None for name, cell in cells.items()})


def _clip(said: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    clip = dict(columns.alike)
    for fact in FACTS:
        if (value := said.get(columns.facts.get(fact, fact))) is not None:
            clip[fact] = _truth(value) if fact == "synthetic" else value
    name = name_of(str(clip.get("audio", "")))
    clip = named(name, columns.names) | clip
    ratings = [
        {"dimension": dimension, "value": _number(said[column]), "rater": said.get(columns.rater)}
        for dimension, column in _dimensions(said, columns).items()
        if said.get(column) is not None
    ]
    return {"id": name} | clip | {"ratings": ratings}


def name_of(audio: str) -> str:
    """What a clip is called where nobody named it."""
    return os.path.splitext(audio)[0]


def named(name: str, names: re.Pattern[str] | None) -> dict[str, str]:
    """The singer and the song that stand in a file's name."""
    found = names.fullmatch(name) if names else None
    return found.groupdict() if found else {}


def _dimensions(said: Mapping[str, Any], columns: Columns) -> Mapping[str, str]:
    if columns.dimensions:
        return columns.dimensions
    return {name.removeprefix(_RATED): name for name in said if name in _OURS or name.startswith(_RATED)}


def _add(first: Row, clip: Mapping[str, Any], where: str) -> None:
    for fact in FACTS:
        if first.said.get(fact) != clip.get(fact):
            raise ManifestBroken(
                f"{where}: {fact} is {clip.get(fact)!r}, and {first.said.get(fact)!r} in {first.where}. One take is one"
                " singing of one song."
            )
    first.said["ratings"].extend(clip["ratings"])


def _truth(value: Any) -> Any:
    """What is neither is left for the manifest to complain of."""
    plain = str(value).strip().lower()
    return plain in _TRUE if plain in (*_TRUE, *_FALSE) else value


def _number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
