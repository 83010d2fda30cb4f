"""RAVDESS' songs: 23 actors sing two statements in six emotions, once with normal and once with strong intensity.

Nobody rated them. That the strong one expresses more of its emotion than the normal one, by the same actor in the same
statement, is what they were asked to act: that gives pairs. It says nothing across actors, statements or emotions.
A file's name is `03-02-emotion-intensity-statement-repetition-actor`; those of other kinds are passed over.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from vocalverse.errors import ManifestBroken
from vocalverse.training.manifest_rows import Row

_NAME = re.compile(
    r"03-02-(?P<emotion>0[1-6])-(?P<intensity>0[12])-(?P<statement>0[12])-(?P<take>0[12])-(?P<actor>\d\d)"
)
_NORMAL, _STRONG = "-01-", "-02-"
_SOUND = frozenset({".wav", ".flac", ".opus", ".ogg", ".mp3", ".m4a"})
_TEXTS = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}
_LICENCE = "CC-BY-NC-SA-4.0"


def rows(folder: Path) -> list[Row]:
    found = {
        named: path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in _SOUND and (named := _NAME.fullmatch(path.stem))
    }
    if not found:
        raise ManifestBroken(f"{folder} holds no song of RAVDESS: names are such as 03-02-04-01-02-01-12.wav.")
    stems = {path.stem for path in found.values()}
    return [_clip(named, path, folder) for named, path in found.items()] + list(_pairs(stems))


def _clip(named: re.Match[str], path: Path, folder: Path) -> Row:
    said = {
        "id": path.stem,
        "audio": path.relative_to(folder).as_posix(),
        "singer": f"ravdess-{named['actor']}",
        "song": f"ravdess-{named['statement']}",
        "licence": _LICENCE,
        "language": "en",
        "gender": "male" if int(named["actor"]) % 2 else "female",
        "text": _TEXTS[named["statement"]],
    }
    return Row(said["audio"], said)


def _pairs(stems: set[str]) -> Iterator[Row]:
    for strong in sorted(stems):
        normal = f"{strong[:8]}{_NORMAL}{strong[12:]}"
        if strong[8:12] == _STRONG and normal in stems:
            yield Row(strong, {"better": strong, "worse": normal, "dimension": "emotion", "rater": "acted"})
