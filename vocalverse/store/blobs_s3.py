"""Blobs in any S3, through obstore. Kept apart, so that a local store never loads it."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID, uuid4

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from vocalverse.errors import Unavailable
from vocalverse.settings import Settings
from vocalverse.store.blobs import AUDIO, Blob, BlobKey, blocks, digest_of, missing, must_match

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

_PART = 8 * 2**20
_NOT_THERE = (NotFoundError, FileNotFoundError)  # obstore raises the one or the other


class S3Blobs:
    """An object appears when the store has acknowledged all of it; the store checks each request's sha-256."""

    def __init__(self, bucket: str, prefix: str, endpoint: str, *, settings: Settings) -> None:
        config: S3Config = {"region": settings.blob_region, "checksum_algorithm": "SHA256"}
        if settings.blob_access_key_id:
            config |= {
                "access_key_id": settings.blob_access_key_id,
                "secret_access_key": settings.blob_secret_access_key,
            }
        options: ClientConfig = {"connect_timeout": "5s", "timeout": "60s"}
        if endpoint:
            config["endpoint"] = endpoint
            options["allow_http"] = endpoint.startswith("http://")
        self._store = S3Store(
            bucket,
            prefix=prefix or None,
            config=config,
            client_options=options,
            retry_config={"max_retries": 3},
        )

    def put(self, venue_id: UUID, recording_id: UUID, name: str, parts: Sequence[Path], *, sha256: bytes) -> None:
        key = BlobKey(venue_id, recording_id, name)
        must_match(sha256, digest_of(parts), key)
        self._send(key, parts)

    def adopt(self, venue_id: UUID, recording_id: UUID, name: str, path: Path) -> None:
        self._send(BlobKey(venue_id, recording_id, name), [path])
        path.unlink()

    def open(self, venue_id: UUID, recording_id: UUID, name: str) -> BinaryIO:
        key = BlobKey(venue_id, recording_id, name)
        file = tempfile.TemporaryFile()  # noqa: SIM115 - anonymous; the caller closes it
        try:
            with _in_our_words():
                for block in obstore.get(self._store, str(key)).stream():
                    file.write(block)
        except _NOT_THERE:
            file.close()
            raise missing(key) from None
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def exists(self, venue_id: UUID, recording_id: UUID, name: str) -> bool:
        try:
            with _in_our_words():
                obstore.head(self._store, str(BlobKey(venue_id, recording_id, name)))
        except _NOT_THERE:
            return False
        return True

    def delete_prefix(self, venue_id: UUID, recording_id: UUID) -> None:
        with _in_our_words():
            for batch in obstore.list(self._store, prefix=f"{venue_id}/{recording_id}"):
                obstore.delete(self._store, [entry["path"] for entry in batch])

    def list(self) -> Iterator[Blob]:
        with _in_our_words():
            for batch in obstore.list(self._store, chunk_size=1000):
                for entry in batch:
                    if key := BlobKey.parse(entry["path"]):
                        yield Blob(key, entry["size"], entry["last_modified"])

    def forget_unfinished(self) -> None:
        """A store of objects shows only what is whole; parts of uploads it forgets by a rule of its bucket."""

    def check(self) -> None:
        # A key of its own for each check: several gateways may look at the same time.
        venue_id, recording_id = UUID(int=0), uuid4()
        with _in_our_words():
            path = str(BlobKey(venue_id, recording_id, AUDIO))
            obstore.put(self._store, path, b"probe")
            obstore.get(self._store, path).bytes()
            obstore.delete(self._store, path)

    def _send(self, key: BlobKey, parts: Sequence[Path]) -> None:
        with _in_our_words():
            if len(parts) == 1 and parts[0].stat().st_size <= _PART:
                obstore.put(self._store, str(key), parts[0], use_multipart=False)
            else:
                joined = (block for part in parts for block in blocks(part))
                obstore.put(self._store, str(key), joined, use_multipart=True, chunk_size=_PART, max_concurrency=2)


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except _NOT_THERE:
        raise
    except BaseError as trouble:
        first_line = str(trouble).strip().splitlines()[0]
        raise Unavailable(f"The blob store does not do its work: {first_line}") from trouble
