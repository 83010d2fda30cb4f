"""What a worker knows of the releases on its machine."""

import os
from pathlib import Path

import pytest

from tests.releases import make_tiny_release
from vocalverse.assess.ready import Ready, require_ready
from vocalverse.models.catalogue import Commercial
from vocalverse.release.shelf import ReleaseShelf
from workers.releases import Holdings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "releases"


def looked(folder: Path) -> Holdings:
    holdings = Holdings(folder, folder.parent / "models")
    holdings.look()
    return holdings


def some_head(folder: Path) -> Path:
    return next(folder.glob("tiny/heads/*.safetensors"))


def rewrite(path: Path, data: bytes) -> None:
    """As somebody would who may: in place, with the times set back."""
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    path.chmod(0o444)


def test_a_sound_release_is_held_by_its_digest(folder: Path) -> None:
    sealed = make_tiny_release(folder)
    holdings = looked(folder)
    assert (holdings.held(), holdings.refused()) == ([sealed.digest], {})


def test_nothing_is_held_before_it_was_looked_at_nor_without_a_folder(folder: Path) -> None:
    make_tiny_release(folder)
    assert Holdings(folder, folder.parent / "models").held() == []
    assert looked(folder / "nowhere").held() == []


def test_a_byte_that_changes_ends_it_at_once_and_the_next_look_says_which_file(folder: Path) -> None:
    sealed = make_tiny_release(folder)
    holdings, head = looked(folder), some_head(folder)
    data = head.read_bytes()
    rewrite(head, data[:-1] + bytes([data[-1] ^ 1]))
    assert holdings.held() == []
    holdings.look()
    assert holdings.held() == []
    assert head.name in holdings.refused()["tiny"]
    rewrite(head, data)
    holdings.look()
    assert (holdings.held(), holdings.refused()) == ([sealed.digest], {})


@pytest.mark.parametrize("name", ["more.bin", "release.toml", "heads"])
def test_a_file_more_or_less_ends_it(folder: Path, name: str) -> None:
    make_tiny_release(folder)
    holdings = looked(folder)
    if name == "more.bin":
        (folder / "tiny" / name).write_bytes(b"")
    elif name == "heads":
        some_head(folder).unlink()
    else:
        (folder / "tiny" / name).unlink()
    assert holdings.held() == []
    holdings.look()
    assert holdings.held() == []


def test_it_is_read_again_only_when_something_of_it_changed(folder: Path) -> None:
    sealed = make_tiny_release(folder)
    read: list[str] = []

    def check(name: str) -> Ready:
        read.append(name)
        return require_ready(ReleaseShelf(folder), folder.parent / "models", name)

    holdings = Holdings(folder, folder.parent / "models", check)
    for _ in range(3):
        holdings.look()
    assert (holdings.held(), read) == ([sealed.digest], ["tiny"])


def test_without_its_licence_accepted_it_is_refused_until_somebody_does(folder: Path) -> None:
    sealed = make_tiny_release(folder, commercial=Commercial.NO)
    holdings = looked(folder)
    assert holdings.held() == []
    assert "--accept-licence" in holdings.refused()["tiny"]
    ReleaseShelf(folder).accept(sealed, ["MIT"])
    holdings.look()
    assert (holdings.held(), holdings.refused()) == ([sealed.digest], {})
