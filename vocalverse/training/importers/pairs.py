"""What somebody compared: a table of better, worse, dimension and, where it is known, rater."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vocalverse.training.importers import table
from vocalverse.training.manifest_rows import Row

_ENDS = ("better", "worse")
_NEEDED = (*_ENDS, "dimension")


def of_ids(path: Path) -> list[Row]:
    """Better and worse are clips of another manifest."""
    return [Row(line.where, _pair(line.said)) for line in table.lines(path, _NEEDED)]


def of_files(path: Path, *, alike: Mapping[str, str], names: re.Pattern[str] | None) -> list[Row]:
    """Better and worse are files. Singer and song stand in their names, or in columns such as better_singer."""
    clips: dict[str, Row] = {}
    pairs: list[Row] = []
    for line in table.lines(path, _NEEDED):
        ids = {}
        for end in _ENDS:
            clip = _clip(line.said, end, alike, names)
            ids[end] = clip["id"]
            clips.setdefault(clip["id"], Row(line.where, clip))
        pairs.append(Row(line.where, _pair(line.said) | ids))
    return [*clips.values(), *pairs]


def _clip(said: Mapping[str, Any], end: str, alike: Mapping[str, str], names: re.Pattern[str] | None) -> dict[str, Any]:
    audio = str(said.get(end) or "")
    name = table.name_of(audio)
    told = {fact: value for fact in table.FACTS if (value := said.get(f"{end}_{fact}")) is not None}
    return {"id": name, "audio": audio} | table.named(name, names) | dict(alike) | told


def _pair(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: said.get(name) for name in (*_NEEDED, "rater")}
