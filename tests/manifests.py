"""Manifests for tests: clips by singer and song, with files that are there."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vocalverse.training.manifest import Clip, Rating


def line(folder: Path, name: str, **said: Any) -> dict[str, Any]:
    """A clip whose file is there, empty."""
    (folder / f"{name}.wav").touch()
    facts = {"id": name, "audio": f"{name}.wav", "singer": "ann", "song": "one", "licence": "CC-BY-4.0"}
    return facts | said


def rating(dimension: str, value: object, rater: str = "") -> dict[str, Any]:
    return {"dimension": dimension, "value": value, "rater": rater}


def written(folder: Path, lines: Sequence[Mapping[str, Any] | str]) -> Path:
    path = folder / "takes.jsonl"
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines), "utf-8")
    return path


def clip(name: str, singer: str = "ann", song: str = "one", **ratings: float) -> Clip:
    """Nobody opens its file."""
    said = tuple(Rating(dimension, value) for dimension, value in ratings.items())
    return Clip(name, Path(f"{name}.wav"), singer, song, "CC-BY-4.0", ratings=said)
