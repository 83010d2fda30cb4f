"""Manifests as files, JSON Lines or Parquet.

A line is a clip, {"id": …, "audio": …, "singer": …, "song": …, "licence": …, "ratings": [{"dimension": …, "rater": …,
"value": …}]} with what else is known of it, or a pair, {"better": id, "worse": id, "dimension": …, "rater": …}. The first
may be {"scale": [1, 5]}. In Parquet the same are columns, empty where they do not apply, and the scale is in the metadata
under `vocalverse`. Audio is named from the manifest's folder.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from vocalverse.errors import BadInput, ManifestBroken
from vocalverse.training.faults import Faults
from vocalverse.training.manifest import Clip, Manifest
from vocalverse.training.manifest_rows import Row, manifest_of

_PARQUET, _LINES = ".parquet", (".jsonl", ".ndjson")
_TABLES = (".csv", ".tsv")
_MAGIC = b"PAR1"
_METADATA = b"vocalverse"
_TEXTS = ("id", "audio", "singer", "song", "licence", "domain", "system", "language", "gender", "room", "text", "split")


def read(path: Path) -> Manifest:
    """Raises ManifestBroken with all that is wrong, as far as twenty faults."""
    try:
        with path.open("rb") as file:
            is_parquet = file.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        raise ManifestBroken(f"{path} cannot be read: {error.strerror or error}.") from None
    if path.suffix.lower() in _TABLES:
        raise ManifestBroken(f"{path} is a table. Make a manifest of it: vocalverse data import csv {path} --out FILE")
    faults = Faults(path)
    rows = list(_parquet_rows(path, faults) if is_parquet else _json_rows(path, faults))
    faults.raise_any()
    return manifest_of(rows, path)


def require_manifest_name(path: Path) -> None:
    if path.suffix.lower() not in (*_LINES, _PARQUET):
        raise BadInput(f"{path}: a manifest's name ends in .jsonl or .parquet.")


def write(manifest: Manifest, path: Path) -> None:
    """Whole or not at all."""
    from vocalverse.separate.stems import Together

    require_manifest_name(path)
    with Together() as together, together.file(path) as file:
        if path.suffix.lower() == _PARQUET:
            _write_parquet(manifest, path, file)
        else:
            for said in ({"scale": [manifest.low, manifest.high]}, *as_rows(manifest, path.parent)):
                file.write(json.dumps(said, ensure_ascii=False).encode() + b"\n")


def _json_rows(path: Path, faults: Faults) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, text in enumerate(file, 1):
                if text.strip():
                    yield from _json_row(text, f"line {number}", faults)
    except UnicodeDecodeError as error:
        raise ManifestBroken(
            f"{path} is neither Parquet nor text in UTF-8 ({error.reason} at byte {error.start})."
        ) from None


def _json_row(text: str | bytes, where: str, faults: Faults) -> Iterator[Row]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        faults.add(where, f"no JSON ({error}): a manifest is JSON Lines, one object to a line")
        return
    if isinstance(said, dict):
        yield Row(where, said)
    else:
        faults.add(where, "no JSON object")


def _parquet_rows(path: Path, faults: Faults) -> Iterator[Row]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise ManifestBroken(f"{path} is no Parquet that can be read: {error}.") from None
    if said := (table.schema.metadata or {}).get(_METADATA):
        yield from _json_row(said, "metadata", faults)
    for number, row in enumerate(table.to_pylist(), 1):
        yield Row(f"row {number}", row)


def _write_parquet(manifest: Manifest, path: Path, file: BinaryIO) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    rating = pa.struct([("dimension", pa.string()), ("value", pa.float64()), ("rater", pa.string())])
    damage = pa.struct([("kind", pa.string()), ("grade", pa.int64()), ("of", pa.string()), ("generator", pa.string())])
    columns = [(name, pa.string()) for name in (*_TEXTS, "better", "worse", "dimension", "rater")]
    schema = pa.schema([*columns, ("synthetic", pa.bool_()), ("ratings", pa.list_(rating)), ("damage", damage)])
    metadata = {_METADATA: json.dumps({"scale": [manifest.low, manifest.high]})}
    table = pa.Table.from_pylist(list(as_rows(manifest, path.parent)), schema=schema.with_metadata(metadata))
    parquet.write_table(table, file)


def as_rows(manifest: Manifest, folder: Path) -> Iterator[Mapping[str, Any]]:
    """What is not known is left out. Files are named from `folder`, where they lie in it."""
    for clip in manifest.clips:
        said = asdict(clip) | {"audio": _named(clip, folder)}
        yield {name: value for name, value in said.items() if value not in ("", False, (), None)}
    for pair in manifest.pairs:
        yield {name: value for name, value in asdict(pair).items() if value}


def _named(clip: Clip, folder: Path) -> str:
    audio, folder = Path(os.path.abspath(clip.audio)), Path(os.path.abspath(folder))
    return audio.relative_to(folder).as_posix() if audio.is_relative_to(folder) else str(audio)
