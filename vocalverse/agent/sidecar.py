"""What a JSON file beside a recording says about it.

`song.flac` may have `song.flac.json` or `song.json`. The server judges the metadata; here only what the agent
itself acts on is read, and nothing in it can lead out of the folder.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vocalverse.agent.faults import BadSidecar, NotPlain
from vocalverse.agent.files import is_plain, open_plain
from vocalverse.records import Lane

MAX_BYTES = 64 * 2**10
_LEADS_ELSEWHERE = frozenset('/\\:*?"<>|')  # separators, drives, streams and wildcards, on any system
# Windows opens these in every folder, with any suffix.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789")})


@dataclass(frozen=True)
class Sidecar:
    """`metadata` is what the server is told; the backing's name stays here."""

    metadata: Mapping[str, Any]
    lane: Lane = Lane.BULK
    backing: str | None = None


NOTHING_SAID = Sidecar({})


def sidecar_of(recording: Path) -> Path | None:
    """The JSON file that belongs to a recording, if there is one. The more exact name wins."""
    for candidate in (recording.with_name(recording.name + ".json"), recording.with_suffix(".json")):
        if candidate.exists() or candidate.is_symlink():
            return candidate
    return None


def read_sidecar(path: Path) -> Sidecar:
    """Raises BadSidecar with a sentence for whoever wrote the file."""
    try:
        with open_plain(path) as file:
            raw = file.read(MAX_BYTES + 1)
    except NotPlain as trouble:
        raise BadSidecar(str(trouble)) from None
    if len(raw) > MAX_BYTES:
        raise BadSidecar(f"{path.name} is larger than {MAX_BYTES // 1024} KiB: it should hold a few lines of JSON.")
    try:
        return parse_sidecar(raw)
    except BadSidecar as trouble:
        raise BadSidecar(f"{path.name} {trouble}") from None


def parse_sidecar(raw: bytes) -> Sidecar:
    try:
        said = json.loads(raw)
        json.dumps(said, allow_nan=False)  # NaN and infinities are no JSON, though Python reads them
    except (ValueError, RecursionError) as trouble:
        raise BadSidecar(f"is not JSON ({trouble}): correct it.") from None
    if not isinstance(said, dict):
        raise BadSidecar('does not hold a JSON object: write {"song": "…"}.')
    metadata = {key: value for key, value in said.items() if key != "backing"}
    return Sidecar(metadata, _lane(said.get("lane", Lane.BULK)), _backing(said.get("backing")))


def backing_beside(recording: Path, sidecar: Sidecar) -> Path | None:
    """The backing track as a plain file beside the recording. Raises BadSidecar when it is none."""
    if sidecar.backing is None:
        return None
    path = recording.with_name(sidecar.backing)
    if not is_plain(path):
        raise BadSidecar(f"names the backing {sidecar.backing!r}, but no plain file of that name is beside it.")
    return path


def _lane(said: object) -> Lane:
    try:
        return Lane(said)  # type: ignore[arg-type]
    except ValueError:
        raise BadSidecar(f'says "lane": {_short(said)}; it may be "live" or "bulk".') from None


def _backing(said: object) -> str | None:
    if said is None:
        return None
    if not isinstance(said, str) or not _is_plain_name(said):
        raise BadSidecar(f'says "backing": {_short(said)}; it must be the plain name of a file in the same folder.')
    return said


def _is_plain_name(name: str) -> bool:
    return (
        0 < len(name) <= 255
        and name.strip(" .") != ""
        and name == name.rstrip(" .")  # Windows drops them, and opens another file than the one that was named
        and name.isprintable()
        and not _LEADS_ELSEWHERE & set(name)
        and name.split(".", maxsplit=1)[0].strip().lower() not in _DEVICES
    )


def _short(said: object) -> str:
    text = json.dumps(said)
    return text if len(text) <= 80 else text[:79] + "…"
