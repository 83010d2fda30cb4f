"""What a judge said, as a file: CSV with a line of names first, or JSON Lines. `id`, and a column for each dimension."""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vocalverse.errors import BadInput

Predictions = Mapping[str, Mapping[str, float]]  # by clip, by dimension

_JSON_LINES = frozenset({".jsonl", ".ndjson", ".json"})


def read(path: Path) -> Predictions:
    said: dict[str, dict[str, float]] = {}
    for line, row in _rows(path):
        where = f"{path}, line {line}"
        clip = str(row.get("id") or "").strip()
        if not clip:
            raise BadInput(f"{where}: no id. Each line names a clip by the id that the manifest gives it.")
        if clip in said:
            raise BadInput(f"{where}: {clip!r} stands there already.")
        said[clip] = {name: _number(value, f"{where}, {name}") for name, value in row.items() if _is_said(name, value)}
    if not said:
        raise BadInput(f"{path} says nothing of any clip.")
    return said


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() in _JSON_LINES:
                yield from ((line, _object(text, path, line)) for line, text in enumerate(file, 1) if text.strip())
            else:
                reader = csv.DictReader(file, strict=True)
                yield from ((reader.line_num, row) for row in reader)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path} is no list in UTF-8: {error}.") from None


def _object(text: str, path: Path, line: int) -> Mapping[str, Any]:
    try:
        said = json.loads(text)
    except ValueError as error:
        raise BadInput(f"{path}, line {line}: no JSON: {error}.") from None
    if not isinstance(said, dict):
        raise BadInput(f"{path}, line {line}: not a JSON object.")
    return said


def _is_said(name: str | None, value: object) -> bool:
    """An empty cell says nothing."""
    return bool(name) and name != "id" and value not in (None, "")


def _number(value: object, where: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type] # whatever it is, it is told below
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise BadInput(f"{where}: {value!r} is no number.")
    return number
