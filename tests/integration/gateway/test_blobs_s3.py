"""The blob store in a real S3, under the same expectations as a folder; and a gateway that keeps its sound there."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.gateway_house import Gateway, upload_id
from tests.ports import free_port
from vocalverse.errors import BlobMissing, DigestMismatch, Unavailable
from vocalverse.ids import uuid7
from vocalverse.settings import Settings
from vocalverse.store.blobs import BlobStore, open_blobs

KEY, SECRET, BUCKET = "vocalverse-test", "vocalverse-secret", "sound"
VENUE = uuid7()


@dataclass(frozen=True)
class S3:
    endpoint: str

    def settings(self, **more: str) -> dict[str, str]:
        return {
            "blob_url": f"s3://{BUCKET}/kept/here?endpoint={self.endpoint}",
            "blob_access_key_id": KEY,
            "blob_secret_access_key": SECRET,
        } | more


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    folder = tmp_path_factory.mktemp("s3")
    ports = {f"-{name}": free_port() for name in _PORTS}
    command = [
        str(Path(sys.executable).with_name("weed")),
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-master.telemetry=false",
        *(f"{name}={port}" for name, port in ports.items()),
    ]
    environ = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=folder)
    endpoint = f"http://127.0.0.1:{ports['-s3.port']}"
    try:
        _await_bucket(endpoint, folder / "log", server)
        yield S3(endpoint)
    finally:
        server.kill()
        server.wait()


# All that it listens on; a gRPC port is its HTTP port's + 10000 unless said.
_PORTS = tuple(
    f"{server}.port{kind}"
    for server, kinds in {
        "s3": ("", ".grpc", ".iceberg", ".lance"),
        "master": ("", ".grpc"),
        "volume": ("", ".grpc"),
        "filer": ("", ".grpc"),
        "admin": ("", ".grpc"),
        "webdav": ("",),
    }.items()
    for kind in kinds
)


def _await_bucket(endpoint: str, log: Path, server: "subprocess.Popen[bytes]") -> None:
    blobs = open_blobs(Settings(**S3(endpoint).settings()))  # type: ignore[arg-type]
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            httpx.get(endpoint, timeout=2)
            blobs.check()
            return
        except (httpx.TransportError, Unavailable):
            time.sleep(0.3)
    raise AssertionError(log.read_text()[-3000:])


@pytest.fixture
def blobs(s3: S3) -> BlobStore:
    return open_blobs(Settings(**s3.settings()))  # type: ignore[arg-type]


def written(folder: Path, *contents: bytes) -> list[Path]:
    paths = [folder / f"part{number}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def digest(*contents: bytes) -> bytes:
    return hashlib.sha256(b"".join(contents)).digest()


@pytest.mark.parametrize("sizes", [(5,), (0,), (9 * 2**20,), (5 * 2**20, 7 * 2**20, 1)])
def test_what_is_put_is_what_is_read(blobs: BlobStore, tmp_path: Path, sizes: tuple[int, ...]):
    contents, recording_id = [os.urandom(size) for size in sizes], uuid7()
    blobs.put(VENUE, recording_id, "audio", written(tmp_path, *contents), sha256=digest(*contents))
    with blobs.open(VENUE, recording_id, "audio") as file:
        assert file.read() == b"".join(contents)
        assert file.seek(0) == 0
        assert file.fileno() > 0
    (listed,) = [blob for blob in blobs.list() if blob.key.recording_id == recording_id]
    assert listed.size == sum(sizes)


def test_what_does_not_match_its_digest_is_not_kept(blobs: BlobStore, tmp_path: Path):
    recording_id = uuid7()
    with pytest.raises(DigestMismatch):
        blobs.put(VENUE, recording_id, "audio", written(tmp_path, b"a", b"b"), sha256=bytes(32))
    assert not blobs.exists(VENUE, recording_id, "audio")


def test_all_blobs_of_a_recording_go_together(blobs: BlobStore, tmp_path: Path):
    gone, stays = uuid7(), uuid7()
    for recording_id in (gone, stays):
        for name in ("audio", "backing"):
            (path,) = written(tmp_path, b"x")
            blobs.adopt(VENUE, recording_id, name, path)
            assert not path.exists()
    blobs.delete_prefix(VENUE, gone)
    blobs.delete_prefix(VENUE, gone)
    assert not blobs.exists(VENUE, gone, "audio")
    assert blobs.exists(VENUE, stays, "backing")
    with pytest.raises(BlobMissing):
        blobs.open(VENUE, gone, "audio")


def test_a_wrong_secret_or_a_server_that_is_away_is_unavailable(s3: S3):
    with pytest.raises(Unavailable):
        open_blobs(Settings(**s3.settings(blob_secret_access_key="wrong"))).check()  # type: ignore[arg-type]
    away = S3(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable):
        open_blobs(Settings(**away.settings())).check()  # type: ignore[arg-type]


def test_a_gateway_keeps_its_sound_there(s3: S3, blobs: BlobStore, start: Callable[..., Gateway]):
    gateway = start(part_bytes=100_000, **s3.settings())
    venue = gateway.venue()
    assert httpx.get(f"{gateway.url}/readyz").json()["checks"]["blobs"] == "ok"
    name, body = upload_id(), os.urandom(250_000)
    venue.open(name, body)
    for number in range(3):
        venue.part(name, number + 1, body[number * 100_000 : (number + 1) * 100_000])
    for answer in (venue.complete(name), venue.content(upload_id(), body)):
        assert answer.status_code == 201
        with blobs.open(venue.id, UUID(answer.json()["recording_id"]), "audio") as file:
            assert file.read() == body
    assert [path for path in gateway.data.rglob("*") if path.is_file() and path.stat().st_size > 50_000] == []
