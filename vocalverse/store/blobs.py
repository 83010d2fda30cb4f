"""Where the sound is kept: a local folder or any S3, chosen by URL.

A blob's key is `{venue_id}/{recording_id}/{name}`: two UUIDs and a word of ours, never a name from outside. A digest
verifies and never addresses, so that two equal uploads share nothing.
"""

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID, uuid4

from vocalverse.durable import to_disk
from vocalverse.errors import BadInput, BadSettings, BlobMissing, DigestMismatch, DiskFull
from vocalverse.settings import Settings

AUDIO, BACKING = "audio", "backing"

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_BLOCK = 2**20
_UNFINISHED_S = 3600.0  # nobody writes on one file for so long
_PROBE = UUID(int=0)  # the venue of nobody: `check` writes there


@dataclass(frozen=True)
class BlobKey:
    venue_id: UUID
    recording_id: UUID
    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadInput(f"{self.name!r} is no name for a blob: letters, digits, - and _ only.")

    def __str__(self) -> str:
        return f"{self.venue_id}/{self.recording_id}/{self.name}"

    @classmethod
    def parse(cls, path: str) -> "BlobKey | None":
        """None for whatever lies there that is not ours, half-written files among it."""
        venue, _, rest = path.partition("/")
        recording, _, name = rest.partition("/")
        try:
            key = cls(UUID(venue), UUID(recording), name)
        except (ValueError, BadInput):
            return None
        return key if str(key) == path else None


@dataclass(frozen=True)
class Blob:
    """What a listing says of a blob."""

    key: BlobKey
    size: int
    modified_at: datetime


class BlobStore(Protocol):
    def put(self, venue_id: UUID, recording_id: UUID, name: str, parts: Sequence[Path], *, sha256: bytes) -> None:
        """Keep the parts, joined, durably and all at once. `DigestMismatch` where they are not what they should be."""

    def adopt(self, venue_id: UUID, recording_id: UUID, name: str, path: Path) -> None:
        """Take over a durable file that was verified while it was written; `path` is gone afterwards."""

    def open(self, venue_id: UUID, recording_id: UUID, name: str) -> BinaryIO:
        """The blob as a local seekable file; `BlobMissing` where there is none."""

    def exists(self, venue_id: UUID, recording_id: UUID, name: str) -> bool: ...

    def delete_prefix(self, venue_id: UUID, recording_id: UUID) -> None:
        """All blobs of a recording. That there are none is fine."""

    def list(self) -> Iterator[Blob]: ...

    def check(self) -> None:
        """Write, read and delete a probe; raises what stands in the way."""

    def forget_unfinished(self) -> None:
        """Remove what a process that was killed had begun to write."""


def open_blobs(settings: Settings) -> BlobStore:
    url = urlsplit(settings.blob_url or (settings.data / "blobs").as_uri())
    match url.scheme:
        case "file" if url.netloc in ("", "localhost"):
            return LocalBlobs(Path(unquote(url.path)))
        case "s3" if url.netloc:
            from vocalverse.store.blobs_s3 import S3Blobs

            return S3Blobs(
                url.netloc, url.path.strip("/"), parse_qs(url.query).get("endpoint", [""])[0], settings=settings
            )
    raise BadSettings(f"VOCALVERSE_BLOB_URL={settings.blob_url!r} should be file:///path or s3://bucket/prefix.")


class LocalBlobs:
    """A folder. A blob appears under its name only when all of it is on the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / "incoming"  # in the same file system, so that a rename is atomic

    def put(self, venue_id: UUID, recording_id: UUID, name: str, parts: Sequence[Path], *, sha256: bytes) -> None:
        key = BlobKey(venue_id, recording_id, name)
        with self._staged() as staged:
            if len(parts) == 1 and _same_file_system(parts[0], self._incoming):
                must_match(sha256, digest_of(parts), key)
                os.link(parts[0], staged)  # a part is never written again, only replaced
            else:
                must_match(sha256, _join(parts, staged), key)
            self._place(staged, key)

    def adopt(self, venue_id: UUID, recording_id: UUID, name: str, path: Path) -> None:
        key = BlobKey(venue_id, recording_id, name)
        with self._staged() as staged:
            if _same_file_system(path, self._incoming):
                self._place(path, key)
            else:
                _join([path], staged)
                self._place(staged, key)
                path.unlink()

    def open(self, venue_id: UUID, recording_id: UUID, name: str) -> BinaryIO:
        key = BlobKey(venue_id, recording_id, name)
        try:
            return (self.root / str(key)).open("rb")
        except FileNotFoundError:
            raise missing(key) from None

    def exists(self, venue_id: UUID, recording_id: UUID, name: str) -> bool:
        return (self.root / str(BlobKey(venue_id, recording_id, name))).is_file()

    def delete_prefix(self, venue_id: UUID, recording_id: UUID) -> None:
        folder = self.root / str(venue_id) / str(recording_id)
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
            to_disk(folder.parent)

    def list(self) -> Iterator[Blob]:
        for venue in _entries(self.root):
            for recording in _entries(venue):
                for path in _entries(recording):
                    yield from self._blob(path)

    def check(self) -> None:
        with self._staged() as staged:
            staged.write_bytes(b"probe")
            self.adopt(_PROBE, _PROBE, "probe", staged)
        with self.open(_PROBE, _PROBE, "probe") as probe:
            probe.read()
        self.delete_prefix(_PROBE, _PROBE)

    def forget_unfinished(self) -> None:
        before = time.time() - _UNFINISHED_S
        for path in _entries(self._incoming):
            with suppress(FileNotFoundError):  # finished, or forgotten by another
                if path.stat().st_mtime < before:
                    path.unlink()

    def _blob(self, path: Path) -> Iterator[Blob]:
        key = BlobKey.parse(path.relative_to(self.root).as_posix())
        with suppress(FileNotFoundError):  # deleted while we list
            if key:
                stat = path.stat()
                yield Blob(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    @contextmanager
    def _staged(self) -> Iterator[Path]:
        """A path of its own that is gone afterwards, whatever happens."""
        staged = self._incoming / uuid4().hex
        with disk_errors():
            self._incoming.mkdir(parents=True, exist_ok=True)
            try:
                yield staged
            finally:
                staged.unlink(missing_ok=True)

    def _place(self, durable: Path, key: BlobKey) -> None:
        folder = self.root / str(key.venue_id) / str(key.recording_id)
        make_folders(folder, under=self.root)
        durable.replace(folder / key.name)
        to_disk(folder)


# --- what local files of ours need, here and in the gateway ------------------------------------------------------


@contextmanager
def disk_errors() -> Iterator[None]:
    """A full disk, an exhausted quota or a file-size limit is one error of ours."""
    try:
        yield
    except OSError as error:
        if error.errno in DiskFull.errnos:
            raise DiskFull("The server's disk is full: nothing of this request was kept. Try again later.") from error
        raise


def make_folders(folder: Path, *, under: Path) -> None:
    """Make the folder, each new level of it durable."""
    if folder == under or folder.is_dir():
        return
    make_folders(folder.parent, under=under)
    folder.mkdir(exist_ok=True)
    to_disk(folder.parent)


def digest_of(parts: Sequence[Path]) -> bytes:
    return _digest(block for part in parts for block in blocks(part))


def read_digest(file: BinaryIO) -> bytes:
    return _digest(iter(lambda: file.read(_BLOCK), b""))


def blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def must_match(expected: bytes, found: bytes, key: BlobKey) -> None:
    if expected != found:
        raise DigestMismatch(
            f"{key.name} of recording {key.recording_id} has the sha-256 {found.hex()}, not {expected.hex()} as"
            " announced. Send it again."
        )


def missing(key: BlobKey) -> BlobMissing:
    return BlobMissing(f"The blob store has no {key}. `vocalverse blobs scrub` shows what else is missing.")


def _digest(pieces: Iterator[bytes]) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def _join(parts: Sequence[Path], target: Path) -> bytes:
    """Write the parts one behind the other, durably; returns the digest of the whole."""
    with target.open("xb") as file:

        def copied() -> Iterator[bytes]:
            for part in parts:
                for block in blocks(part):
                    file.write(block)
                    yield block

        found = _digest(copied())
        file.flush()
        os.fsync(file.fileno())
    return found


def _same_file_system(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def _entries(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                yield Path(entry.path)
    except (FileNotFoundError, NotADirectoryError):
        return
