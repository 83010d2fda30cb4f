"""Lists that people write: CSV with a line of names first, or JSON Lines. Whatever is wrong is told with its line."""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vocalverse.errors import BadInput

_JSON_LINES = frozenset({".jsonl", ".ndjson", ".json"})


def rows(path: Path, *, column: str | None = None) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each with the number of its line. A CSV has to have `column`, where one is named."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() in _JSON_LINES:
                yield from ((line, _object(text, path, line)) for line, text in enumerate(file, 1) if text.strip())
            else:
                reader = csv.DictReader(file, strict=True)
                if column and column not in (reader.fieldnames or ()):
                    raise BadInput(
                        f"{path}, line 1: no column {column}. A list begins with a line of its columns' names."
                    )
                yield from ((reader.line_num, row) for row in reader)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path} is no list in UTF-8: {error}.") from None


def number(value: object, where: str) -> float:
    try:
        found = float(value)  # type: ignore[arg-type] # whatever it is, it is told below
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise BadInput(f"{where}: {value!r} is no number.")
    return found


def _object(text: str, path: Path, line: int) -> Mapping[str, Any]:
    try:
        said = json.loads(text)
    except ValueError as error:
        raise BadInput(f"{path}, line {line}: no JSON: {error}.") from None
    if not isinstance(said, dict):
        raise BadInput(f"{path}, line {line}: not a JSON object.")
    return said
