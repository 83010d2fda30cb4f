"""Sing-MD: whole songs from karaoke rooms, four dimensions, two experts. Its layout was never published; this is ours.

A table `ratings.csv` (or .tsv, .json, .jsonl) beside the sound, a line for each song and expert:

    audio,singer,song,expert,breath,technique,timbre,emotion

What an expert did not rate is left empty. Other columns of a manifest may stand there too.
"""

from pathlib import Path

from vocalverse.training.importers import table
from vocalverse.training.manifest_rows import Row

_COLUMNS = ("audio", "singer", "song", "expert", "breath", "technique", "timbre", "emotion")
_LICENCE = "CC-BY-NC-ND-4.0"


def rows(path: Path) -> list[Row]:
    columns = table.Columns(rater="expert", alike={"licence": _LICENCE, "domain": "sing-md"})
    return table.rows(path, columns, wanted=_COLUMNS)
