"""What a judge said, as a file: CSV with a line of names first, or JSON Lines. `id`, and a column for each dimension."""

from collections.abc import Mapping
from pathlib import Path

from vocalverse import lists
from vocalverse.errors import BadInput

Predictions = Mapping[str, Mapping[str, float]]  # by clip, by dimension


def read(path: Path) -> Predictions:
    said: dict[str, dict[str, float]] = {}
    for line, row in lists.rows(path):
        where = f"{path}, line {line}"
        clip = str(row.get("id") or "").strip()
        if not clip:
            raise BadInput(f"{where}: no id. Each line names a clip by the id that the manifest gives it.")
        if clip in said:
            raise BadInput(f"{where}: {clip!r} stands there already.")
        said[clip] = {
            name: lists.number(value, f"{where}, {name}") for name, value in row.items() if _is_said(name, value)
        }
    if not said:
        raise BadInput(f"{path} says nothing of any clip.")
    return said


def _is_said(name: str | None, value: object) -> bool:
    """An empty cell says nothing."""
    return bool(name) and name != "id" and value not in (None, "")
