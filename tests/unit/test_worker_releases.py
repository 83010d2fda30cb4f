"""What a worker knows of the releases on its machine."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.releases import make_tiny_release
from vocalverse.assess.ready import Ready, require_ready
from vocalverse.models.catalogue import Commercial
from vocalverse.models.encoders.catalogue import EncoderEntry
from vocalverse.models.shelf import Shelf
from vocalverse.release.seal import seal
from vocalverse.release.shelf import ReleaseShelf
from workers.releases import Holdings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "releases"


def looked(folder: Path) -> Holdings:
    holdings = Holdings(shelf_of(folder), folder.parent / "models")
    holdings.look()
    return holdings


def shelf_of(folder: Path) -> ReleaseShelf:
    """With another package's releases than ours."""
    return ReleaseShelf(folder, bundled=folder.parent / "package")


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
    assert Holdings(shelf_of(folder), folder.parent / "models").held() == []
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
        return require_ready(shelf_of(folder), folder.parent / "models", name)

    holdings = Holdings(shelf_of(folder), folder.parent / "models", check)
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


def test_what_comes_with_the_package_is_held_and_what_of_it_nobody_agreed_to_is_no_fault(folder: Path) -> None:
    package = folder.parent / "package"
    free = make_tiny_release(package, name="free")
    bound = make_tiny_release(package, name="bound", commercial=Commercial.NO, seed=1)
    holdings = looked(folder)
    assert (holdings.held(), holdings.refused()) == ([free.digest], {})
    shelf_of(folder).accept(bound, ["MIT"])
    holdings.look()
    assert sorted(holdings.held()) == sorted([free.digest, bound.digest])
    head = next(package.glob("free/heads/*"))
    rewrite(head, head.read_bytes()[:-1])
    assert holdings.held() == [bound.digest]
    holdings.look()
    assert head.name in holdings.refused()["free"]


def test_an_encoder_that_lies_on_the_models_shelf_is_looked_at_too(folder: Path) -> None:
    models = folder.parent / "models"
    inside = make_tiny_release(folder.parent / "inside")
    (encoder,) = inside.spec.encoders
    outside = replace(inside.spec, encoders=(replace(encoder, folder=None, model="small"),))
    heads = {path: inside.folder / path for path in inside.sums if path.startswith("heads/")}
    sealed = seal(outside, heads, folder / "tiny")
    holdings = looked(folder)
    assert "small" in holdings.refused()["tiny"]

    entry = EncoderEntry("small", encoder.family, "MIT", Commercial.YES, page="drawn in a test")
    Shelf(models).encoders.put(entry, inside.folder / "encoder")
    holdings.look()
    assert (holdings.held(), holdings.refused()) == ([sealed.digest], {})

    weights = models / "encoders/small/model.safetensors"
    data = weights.read_bytes()
    rewrite(weights, data[:-1] + bytes([data[-1] ^ 1]))
    assert holdings.held() == []
    holdings.look()
    assert "models/encoders/small/model.safetensors is not what" in holdings.refused()["tiny"]
    rewrite(weights, data)
    holdings.look()
    assert (holdings.held(), holdings.refused()) == ([sealed.digest], {})


def test_what_can_judge_here_is_known_without_loading_torch(folder: Path) -> None:
    """A worker looks while it judges, and one that only tries the queue never needs torch."""
    sealed = make_tiny_release(folder)
    code = f"""
import sys
from pathlib import Path
from vocalverse.release.shelf import ReleaseShelf
from workers.releases import Holdings
holdings = Holdings(ReleaseShelf(Path({str(folder)!r})), Path({str(folder.parent / "models")!r}))
holdings.look()
print({sealed.digest!r} in holdings.held(), "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
