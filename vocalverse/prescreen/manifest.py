"""Lists of recordings: CSV with a line of names first, or JSON Lines. Whatever is wrong is told with its line.

```
audio   where it is, from the list's own folder          singer  who sings
song    of which song it is                              chart   where a chart of that song is
keep    yes or no: is it worth judging for artistry?     rating  a number; also rating_breath and its like, of which
                                                                 the mean is taken
```
Other columns are not read. A recording may stand there once for each who rated it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from vocalverse import lists
from vocalverse.errors import BadInput

_RATING = "rating"
_WORDS = {"yes": 1.0, "true": 1.0, "1": 1.0, "no": 0.0, "false": 0.0, "0": 0.0}


@dataclass(frozen=True)
class Listed:
    line: int
    audio: Path
    singer: str | None = None
    song: str | None = None
    chart: Path | None = None
    keep: float | None = None  # the share of those who said yes
    rating: float | None = None  # the mean


def read(path: Path) -> list[Listed]:
    """Each recording once."""
    rows = [_listed(row, path, line) for line, row in lists.rows(path, column="audio")]
    if not rows:
        raise BadInput(f"{path} lists no recording.")
    rows.sort(key=lambda row: str(row.audio))  # stable: the first line of each stays its first
    each = [_once(list(same), path) for _, same in groupby(rows, key=lambda row: row.audio)]
    return sorted(each, key=lambda row: row.line)


def _listed(row: Mapping[str, Any], path: Path, line: int) -> Listed:
    where = f"{path}, line {line}"
    audio, chart = _text(row, "audio"), _text(row, "chart")
    if not audio:
        raise BadInput(f"{where}: no audio.")
    files = [path.parent / name for name in (audio, chart) if name]
    for file in files:
        if not file.is_file():
            raise BadInput(f"{where}: there is no file {file}.")
    names = [name for name in row if name and (name == _RATING or name.startswith(f"{_RATING}_"))]
    ratings = [lists.number(text, f"{where}, {name}") for name in names if (text := _text(row, name))]
    return Listed(
        line=line,
        audio=files[0],
        singer=_text(row, "singer"),
        song=_text(row, "song"),
        chart=files[1] if chart else None,
        keep=_keep(text, where) if (text := _text(row, "keep")) else None,
        rating=fmean(ratings) if ratings else None,
    )


def _once(same: Sequence[Listed], path: Path) -> Listed:
    """What all who rated it say together."""
    first = same[0]
    for other in same[1:]:
        for name in ("singer", "song", "chart"):
            if getattr(other, name) != getattr(first, name):
                raise BadInput(f"{path}, line {other.line}: another {name} than in line {first.line}.")
    said = {name: [value for one in same if (value := getattr(one, name)) is not None] for name in ("keep", "rating")}
    keep, rating = (fmean(values) if values else None for values in said.values())
    return replace(first, keep=keep, rating=rating)


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return None if value is None else str(value).strip() or None


def _keep(text: str, where: str) -> float:
    try:
        return _WORDS[text.lower()]
    except KeyError:
        raise BadInput(f"{where}: keep is {text!r}; say yes or no.") from None
