"""What is known of many recordings: measured side by side, and kept, so that nothing is measured twice."""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vocalverse import __version__
from vocalverse.cli.given import chart
from vocalverse.cli.jobs import side_by_side
from vocalverse.cli.listener import Listener, Wanted
from vocalverse.cli.measure_views import bar
from vocalverse.errors import BadInput, VocalVerseError
from vocalverse.records import Finding, Progress, Reason, no_progress

if TYPE_CHECKING:
    from vocalverse.measure.reference.melody import Melody
    from vocalverse.prescreen.same_sound import Signature

_FILE = "takes.sqlite"
_DIGITS = 7


@dataclass(frozen=True)
class Sought:
    audio: Path
    chart: Path | None = None


@dataclass(frozen=True)
class Known:
    """Whatever rules come to be asked of it."""

    evidence: Mapping[str, float]
    signature: "Signature | None" = None
    against: Sequence[Finding] = ()  # of the file itself


@dataclass(frozen=True)
class Measuring:
    wanted: Wanted
    folder: Path  # where what was measured is kept
    jobs: int = 1


def known_of(takes: Sequence[Sought], measuring: Measuring) -> Iterator[Known | VocalVerseError]:
    """In their order."""
    with _Kept.open(measuring.folder) as kept:
        keys = [_key(take, measuring.wanted) for take in takes]
        new = [take for take, key in zip(takes, keys, strict=True) if key is None or key not in kept]
        measured = _measured(new, measuring)
        for key in keys:
            if key is not None and (known := kept.get(key)):
                yield known
                continue
            found = next(measured)
            if key is not None and isinstance(found, Known):
                kept.keep(key, found)
            yield found


def _measured(takes: Sequence[Sought], measuring: Measuring) -> Iterator[Known | VocalVerseError]:
    if not takes:
        return
    with bar(len(takes)) as shown:
        if measuring.jobs == 1 or len(takes) == 1:
            kit = _Kit.open(measuring.wanted)
            for take in takes:
                yield kit(take, shown.begins(take.audio))
                shown.ended()
            return
        opened = partial(_Kit.open, measuring.wanted, threads=1)
        for found in side_by_side(opened, takes, jobs=measuring.jobs):
            shown.ended()
            yield found


@dataclass(frozen=True)
class _Kit:
    """Called with a recording. Whatever is wrong with it is what is returned: the others are not to suffer."""

    listener: Listener

    @classmethod
    def open(cls, wanted: Wanted, *, threads: int | None = None) -> Self:
        return cls(Listener.open(wanted, threads=threads))

    def __call__(self, take: Sought, progress: Progress = no_progress) -> Known | VocalVerseError:
        from vocalverse.measure.take import measure_take
        from vocalverse.prescreen.evidence import evidence
        from vocalverse.prescreen.same_sound import signature

        try:
            melody = _melody(take.chart) if take.chart else None
            listened = self.listener.listen(take.audio, progress)
        except VocalVerseError as error:
            return error
        progress("measure", 0.0)
        measured = measure_take(listened.heard, melody)
        return Known(evidence(measured, listened.recording), signature(measured.pitch), listened.against)


@lru_cache(maxsize=16)
def _melody(path: Path) -> "Melody":
    from vocalverse.measure.reference.read import read_reference

    return read_reference(chart(path), name=str(path))


def _key(take: Sought, wanted: Wanted) -> str | None:
    """What a measurement depends on. None for a file that is not there, which is told when its turn comes."""
    try:
        status = take.audio.stat()
        read = chart(take.chart) if take.chart else b""
    except (OSError, BadInput):
        return None
    said = [__version__, str(take.audio.resolve()), status.st_size, status.st_mtime_ns, str(asdict(wanted))]
    return hashlib.sha256(json.dumps([*said, hashlib.sha256(read).hexdigest()]).encode()).hexdigest()


@dataclass(frozen=True)
class _Kept:
    """On disk, whole after every take: what is stopped goes on where it was."""

    connection: sqlite3.Connection
    path: Path = field(compare=False)

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        path = folder / _FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        except (OSError, sqlite3.Error) as error:
            raise BadInput(f"{path} cannot be opened: {error}. Name another folder with --cache.") from None
        try:
            connection.execute("CREATE TABLE IF NOT EXISTS take (key TEXT PRIMARY KEY, known BLOB NOT NULL)")
            yield cls(connection, path)
        except sqlite3.Error as error:
            raise BadInput(f"{path}: {error}. Delete it, or name another folder with --cache.") from None
        finally:
            connection.close()

    def __contains__(self, key: str) -> bool:
        return self.connection.execute("SELECT 1 FROM take WHERE key = ?", (key,)).fetchone() is not None

    def get(self, key: str) -> Known | None:
        row = self.connection.execute("SELECT known FROM take WHERE key = ?", (key,)).fetchone()
        return _known(json.loads(zlib.decompress(row[0]))) if row else None

    def keep(self, key: str, known: Known) -> None:
        said = zlib.compress(json.dumps(_as_json(known)).encode())
        self.connection.execute("INSERT OR REPLACE INTO take VALUES (?, ?)", (key, said))


def _as_json(known: Known) -> dict[str, Any]:
    signature = known.signature
    return {
        "evidence": {name: float(f"{value:.{_DIGITS}g}") for name, value in known.evidence.items()},
        "signature": [signature.length_s, signature.cents.tolist()] if signature else None,
        "against": [[finding.code, dict(finding.evidence)] for finding in known.against],
    }


def _known(said: Mapping[str, Any]) -> Known:
    import numpy as np

    from vocalverse.prescreen.same_sound import Signature

    signature = said["signature"]
    return Known(
        evidence=said["evidence"],
        signature=Signature(signature[0], np.asarray(signature[1], np.int16)) if signature else None,
        against=tuple(Finding(Reason(code), evidence) for code, evidence in said["against"]),
    )
