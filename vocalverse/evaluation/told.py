"""What a judge said of clips, with its intervals, as files: `breath`, and beside it `breath_low` and `breath_high`."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vocalverse.evaluation.evaluate import Said
from vocalverse.evaluation.judgements import Told
from vocalverse.evaluation.predictions import Predictions

_LOW, _HIGH = "_low", "_high"


def as_told(predictions: Predictions) -> Said:
    """By dimension."""
    columns = {name for said in predictions.values() for name in said}
    ends = {f"{name}{end}" for name in columns for end in (_LOW, _HIGH)}
    return {
        name: {
            clip: Told(said[name], said.get(f"{name}{_LOW}"), said.get(f"{name}{_HIGH}"))
            for clip, said in predictions.items()
            if name in said
        }
        for name in sorted(columns - ends)
    }


def as_text(said: Said, path: Path) -> str:
    """As `predictions.read` reads it: CSV, or JSON Lines where the name ends so."""
    rows = _rows(said)
    if path.suffix.lower() != ".csv":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _rows(said: Said) -> list[Mapping[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for dimension, clips in said.items():
        for clip, told in clips.items():
            row = rows.setdefault(clip, {"id": clip})
            ends = {f"{dimension}{_LOW}": told.low, f"{dimension}{_HIGH}": told.high}
            row |= {dimension: told.value} | {name: end for name, end in ends.items() if end is not None}
    return list(rows.values())
