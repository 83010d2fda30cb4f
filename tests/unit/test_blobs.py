"""The blob store in a folder: atomic, verified, and with keys that only we make."""

import hashlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalverse.errors import BadInput, BadSettings, BlobMissing, DigestMismatch, DiskFull
from vocalverse.ids import uuid7
from vocalverse.settings import Settings
from vocalverse.store.blobs import BlobKey, LocalBlobs, open_blobs

VENUE = uuid7()


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")


@pytest.fixture
def small_files_only() -> Iterator[None]:
    """The file system takes no file beyond 100 kB: what a full disk looks like from inside."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def written(folder: Path, *contents: bytes) -> list[Path]:
    paths = [folder / f"part{number}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("contents", [(b"all of it",), (b"one", b"two", b"three"), (b"",)])
def test_what_is_put_is_what_is_read(blobs: LocalBlobs, tmp_path: Path, contents: tuple[bytes, ...]):
    recording_id, parts = uuid7(), written(tmp_path, *contents)
    blobs.put(VENUE, recording_id, "audio", parts, sha256=sha256(b"".join(contents)))
    with blobs.open(VENUE, recording_id, "audio") as file:
        assert file.read() == b"".join(contents)
        assert file.seek(0) == 0
    assert blobs.exists(VENUE, recording_id, "audio")
    assert [path.exists() for path in parts] == [True] * len(parts)
    assert [str(blob.key) for blob in blobs.list()] == [f"{VENUE}/{recording_id}/audio"]


@pytest.mark.parametrize("contents", [(b"all of it",), (b"one", b"two")])
def test_what_does_not_match_its_digest_is_not_kept(blobs: LocalBlobs, tmp_path: Path, contents: tuple[bytes, ...]):
    with pytest.raises(DigestMismatch):
        blobs.put(VENUE, uuid7(), "audio", written(tmp_path, *contents), sha256=bytes(32))
    assert files_in(tmp_path / "blobs") == []


def test_a_verified_file_is_taken_over(blobs: LocalBlobs, tmp_path: Path):
    recording_id, (path,) = uuid7(), written(tmp_path, b"sound")
    blobs.adopt(VENUE, recording_id, "audio", path)
    assert not path.exists()
    with blobs.open(VENUE, recording_id, "audio") as file:
        assert file.read() == b"sound"


def test_from_another_file_system_it_is_copied(blobs: LocalBlobs, tmp_path: Path):
    elsewhere = Path("/dev/shm") / uuid7().hex
    assert elsewhere.parent.stat().st_dev != tmp_path.stat().st_dev
    elsewhere.write_bytes(b"sound")
    recording_id = uuid7()
    blobs.put(VENUE, recording_id, "audio", [elsewhere], sha256=sha256(b"sound"))
    blobs.adopt(VENUE, recording_id, "backing", elsewhere)
    assert not elsewhere.exists()
    assert sorted(blob.size for blob in blobs.list()) == [5, 5]


@pytest.mark.usefixtures("small_files_only")
def test_a_full_disk_leaves_nothing_behind(blobs: LocalBlobs, tmp_path: Path):
    parts = written(tmp_path, os.urandom(60_000), os.urandom(60_000))
    with pytest.raises(DiskFull):
        blobs.put(VENUE, uuid7(), "audio", parts, sha256=bytes(32))
    assert files_in(tmp_path / "blobs") == []


def test_all_blobs_of_a_recording_go_together(blobs: LocalBlobs, tmp_path: Path):
    gone, stays = uuid7(), uuid7()
    for recording_id in (gone, stays):
        for name in ("audio", "backing"):
            blobs.put(VENUE, recording_id, name, written(tmp_path, b"x"), sha256=sha256(b"x"))
    blobs.delete_prefix(VENUE, gone)
    blobs.delete_prefix(VENUE, gone)
    assert {blob.key.recording_id for blob in blobs.list()} == {stays}
    with pytest.raises(BlobMissing):
        blobs.open(VENUE, gone, "audio")


def test_a_check_leaves_nothing_behind(blobs: LocalBlobs, tmp_path: Path):
    blobs.check()
    blobs.check()
    assert files_in(tmp_path) == []


@given(name=st.text(max_size=80))
def test_a_name_is_one_of_our_words_or_refused(name: str):
    try:
        key = BlobKey(UUID(int=1), UUID(int=2), name)
    except BadInput:
        return
    assert "/" not in str(key).removeprefix(f"{UUID(int=1)}/{UUID(int=2)}/")
    assert ".." not in str(key)
    assert BlobKey.parse(str(key)) == key


@pytest.mark.parametrize("path", ["incoming/abc", "../../etc/passwd", f"{UUID(int=1)}/x/audio", "", "a/b/c/d"])
def test_what_is_not_ours_is_not_listed(path: str):
    assert BlobKey.parse(path) is None


def test_the_url_chooses_the_store(tmp_path: Path):
    chosen = open_blobs(Settings(blob_url=f"file://{tmp_path}/with%20space"))
    assert isinstance(chosen, LocalBlobs)
    assert chosen.root == tmp_path / "with space"
    for wrong in ("ftp://x/y", "file://elsewhere/x", "s3://", "nothing"):
        with pytest.raises(BadSettings):
            open_blobs(Settings(blob_url=wrong))
