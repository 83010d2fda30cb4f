"""SingMOS-Pro: 7,981 clips, most of them made by machines, each rated by five people or more.

`info/split.json` says which clips a set trains on and which it is judged by, `info/score.json` how they were rated,
`info/sys_info.json` what each system is. Systems that are not at 16 kHz are left out, as the paper's own code does.
The overall score is the dimension `quality`, because `overall` is what a release composes; lyrics and melody keep their
names. What made a clip stands for its singer, and every clip is a song of its own: the collection does not tell either,
nor which clips are of people. Its own splits may judge a system that was learnt from.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vocalverse.errors import ManifestBroken
from vocalverse.training.manifest_rows import Row

_RATE_HZ = 16_000
_LICENCE = "CC-BY-4.0"
_OVERALL = "quality"


def rows(folder: Path) -> list[Row]:
    splits, scores, systems = (_info(folder, name) for name in ("split", "score", "sys_info"))
    try:
        utterances = scores["utterance"]
        return [
            _clip(name, split, utterances[name], systems[utterances[name]["sys_id"]])
            for name, split in _splits(splits).items()
            if systems[utterances[name]["sys_id"]]["sample_rate"] == _RATE_HZ
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ManifestBroken(f"{folder / 'info'} is not laid out as SingMOS-Pro's: {error!r}.") from None


def _splits(splits: Mapping[str, Any]) -> dict[str, str]:
    """Of each clip, in the order in which they are listed."""
    said: dict[str, str] = {}
    for name, parts in splits.items():
        test = name if name.startswith("test") else "test"
        for split, listed in (("train", parts.get("train", ())), (test, parts.get("eval", ()))):
            for clip in listed:
                if said.setdefault(clip, split) != split:
                    raise ManifestBroken(f"split.json has the clip {clip} in {said[clip]} and in {split}.")
    return said


def _clip(name: str, split: str, said: Mapping[str, Any], system: Mapping[str, Any]) -> Row:
    return Row(
        f"utterance {name}",
        {
            "id": name,
            "audio": said["wav"],
            "singer": said["sys_id"],
            "song": name,
            "licence": _LICENCE,
            "domain": str(system["tag"]["domain_id"]),
            "system": said["sys_id"],
            "split": split,
            "ratings": list(_ratings(said)),
        },
    )


def _ratings(said: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key, score in said.items():
        if not isinstance(score, Mapping) or "mos" not in score:
            continue
        dimension = _OVERALL if key == "score" else key
        raters, values = score.get("judges") or [""], score.get("scores") or [score["mos"]]
        for rater, value in zip(raters, values, strict=True):
            yield {"dimension": dimension, "rater": str(rater), "value": float(value)}


def _info(folder: Path, name: str) -> Any:
    path = folder / "info" / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ManifestBroken(f"{path} cannot be read: {why}. Give the folder that holds info/ and wav/.") from None
