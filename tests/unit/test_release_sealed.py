"""Releases as folders: sealed, read, verified and installed, and refused where anything in them is not as it was."""

import json
import os
import resource
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.releases import make_tiny_release, reseal, tiny_files, tiny_spec
from vocalverse.errors import (
    BadInput,
    Conflict,
    DiskFull,
    LicenceRefused,
    ReleaseBroken,
    ReleaseTooNew,
    ReleaseUnknown,
)
from vocalverse.models.catalogue import Commercial
from vocalverse.records import TextKind, WorkerClass
from vocalverse.release.read import as_text, read
from vocalverse.release.seal import seal
from vocalverse.release.shelf import ReleaseShelf
from vocalverse.release.spec import EarSpec, EncoderSpec, OverallSpec, Part, ReleaseSpec, TextEncoderSpec
from vocalverse.release.verify import Sealed, verify
from vocalverse.separate.precision import Precision

HEAD = "heads/breath-0.safetensors"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    return make_tiny_release(tmp_path_factory.mktemp("made"))


@pytest.fixture
def sealed(made: Sealed, tmp_path: Path) -> Sealed:
    """A copy to be spoilt."""
    shutil.copytree(made.folder, tmp_path / "tiny")
    return replace(made, folder=tmp_path / "tiny")


def write(path: Path, data: bytes) -> None:
    """As somebody would who owns the file."""
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(data)


def test_what_is_sealed_is_read_as_it_was_said(made: Sealed):
    assert read(made.folder) == made.spec
    assert verify(made.folder) == made


def test_every_word_of_a_spec_comes_back_from_its_toml(tmp_path: Path):
    spec = replace(
        tiny_spec(),
        title='Quotes " and \\ and\nlines, é, 歌 and \x7f',
        ear=EarSpec("kim-vocals", "a" * 64, "dry-one", "b" * 64, Precision.BF16, overlap=4),
        precision=Precision.BF16,
        worker_class=WorkerClass.GPU,
        text_encoders=(TextEncoderSpec("reader", "a" * 64, model="roberta-base"),),
        parts=(Part("one", "MIT", Commercial.YES, "here"), Part("two", "CC BY-NC 4.0", Commercial.NO, "there")),
        overall=OverallSpec(weights={"breath": -0.1}, intercept=1e-17),
        rules="rules.toml",
    )
    breath = replace(spec.dimensions[0], text=TextKind.LYRICS, text_encoder="reader")
    spec = replace(spec, dimensions=(breath, *spec.dimensions[1:]))
    (tmp_path / "release.toml").write_text(as_text(spec), encoding="utf-8")
    assert read(tmp_path) == spec


def test_the_list_of_files_is_one_that_sha256sum_checks(made: Sealed):
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=made.folder, check=True)


def test_the_digest_stands_for_the_content_and_for_nothing_else(made: Sealed, tmp_path: Path):
    assert make_tiny_release(tmp_path / "again").digest == made.digest
    assert make_tiny_release(tmp_path / "else", seed=1).digest != made.digest
    assert reseal(made.folder, tmp_path / "said", title="Another word").digest != made.digest


def test_a_sealed_release_is_written_to_by_nobody(made: Sealed):
    files = [path for path in made.folder.rglob("*") if path.is_file()]
    assert len(files) == len(made.sums) + 1
    assert {path.stat().st_mode & 0o777 for path in files} == {0o444}


@pytest.mark.parametrize("path", [HEAD, "release.toml", "CARD.md", "encoder/model.safetensors"])
def test_a_changed_bit_breaks_the_release_and_the_file_is_named(sealed: Sealed, path: str):
    data = bytearray((sealed.folder / path).read_bytes())
    data[len(data) // 2] ^= 1
    write(sealed.folder / path, bytes(data))
    with pytest.raises(ReleaseBroken, match=path):
        verify(sealed.folder)


@pytest.mark.parametrize("path", [HEAD, "release.toml", "encoder/config.json", "SHA256SUMS"])
def test_a_file_that_is_gone_is_named(sealed: Sealed, path: str):
    (sealed.folder / path).unlink()
    with pytest.raises(ReleaseBroken, match=path):
        verify(sealed.folder)


def test_a_file_too_many_is_named(sealed: Sealed):
    (sealed.folder / "heads/extra.safetensors").write_bytes(b"")
    with pytest.raises(ReleaseBroken, match=r"heads/extra\.safetensors"):
        verify(sealed.folder)


@pytest.mark.parametrize("what", ["file", "folder", "broken", "pipe"])
def test_what_is_no_plain_file_is_refused(sealed: Sealed, what: str, tmp_path: Path):
    """The same bytes behind a link are not the release's own."""
    place = sealed.folder / ("encoder" if what == "folder" else HEAD)
    shutil.move(place, tmp_path / "elsewhere")
    if what == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(tmp_path / ("nothing" if what == "broken" else "elsewhere"))
    with pytest.raises(ReleaseBroken, match=place.name):
        verify(sealed.folder)


@pytest.mark.parametrize(
    "line",
    [
        "0" * 64 + "  ../outside",
        "0" * 64 + "  /etc/passwd",
        "0" * 64 + "  heads/../../outside",
        "0" * 64 + "  .hidden",
        "0" * 63 + "  short",
        "no digest at all",
        "0" * 64 + "  CARD.md",  # once more
    ],
)
def test_a_list_that_leads_outside_or_says_nothing_is_refused(sealed: Sealed, line: str):
    sums = sealed.folder / "SHA256SUMS"
    write(sums, f"{sums.read_text()}{line}\n".encode())
    with pytest.raises(ReleaseBroken, match=r"SHA256SUMS, line 13"):
        verify(sealed.folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "The tiny one"', 'titel = "The tiny one"', "titel"),
        ('title = "The tiny one"', "title = 5", "title: 5 is not text"),
        ('title = "The tiny one"', "", "lacks title"),
        ('precision = "fp32"\nworker', 'precision = "fp8"\nworker', "'fp8' is none of fp32, bf16, fp16"),
        ("high = 5.0\n\n[dimensions", "high = 1.0\n\n[dimensions", "dimension breath.*does not rise"),
        ("high = 5.0\n\n[dimensions", "high = nan\n\n[dimensions", "no number"),
        ("layer = 2", "layer = true", "encoders 1, layer: True is not a whole number"),
        ('folder = "encoder"', 'folder = "../encoder"', "no path within"),
        ('folder = "encoder"', "", "either a folder in the release or a model"),
        ('folder = "encoder"', 'folder = "encoder"\nmodel = "whisper-tiny"', "either a folder"),
        ('encoders = ["whisper"]', 'encoders = ["whisker"]', "dimension breath.*no whisker; known are whisper"),
        ('key = "technique"', 'key = "breath"', "breath stands there 2 times"),
        ('key = "technique"', 'key = "overall"', "overall"),
        ("at = [1.0, 3.0, 5.0]", "at = [1.0, 1.0, 5.0]", "at: its values do not rise"),
        ("to = [1.0, 2.5, 5.0]", "to = [1.0, 2.5, 2.0]", "to: its values fall"),
        ("to = [1.0, 2.5, 5.0]", "to = [1.0, 2.5]", "at has 3 values, to has 2"),
        ("coverage = 0.9", "coverage = 1.0", "coverage lies between 0 and 1"),
        ("technique = 0.25", "tecnique = 0.25", "overall, weights: there is no tecnique"),
        ("[overall.measures.hnr_db]", "[overall.measures.hnr]", "overall, measures: there is no hnr"),
        ("scale = 5.0", "scale = 0.0", "not above 0"),
        ('name = "tiny"', 'name = "none"', "no name for a release"),
        ('name = "tiny"', 'name = "../tiny"', "no name for a release"),
        ("format = 1", "", "format: None"),
        ("format = 1", 'format = "one"', "format: 'one'"),
        ("format = 1", "format = ", "no TOML"),
    ],
)
def test_what_a_release_cannot_say_is_told_with_its_place(sealed: Sealed, old: str, new: str, said: str):
    path = sealed.folder / "release.toml"
    text = path.read_text()
    assert old in text
    write(path, text.replace(old, new, 1).encode())
    with pytest.raises(ReleaseBroken, match=said) as broken:
        read(sealed.folder)
    assert str(path) in str(broken.value)


def test_a_release_of_a_newer_version_is_refused_with_what_to_do(sealed: Sealed):
    path = sealed.folder / "release.toml"
    write(path, path.read_text().replace("format = 1", 'format = 2\nvoices = "many"').encode())
    with pytest.raises(ReleaseTooNew, match="Update VocalVerse"):
        read(sealed.folder)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (tiny_spec(dimensions=()), "none"),
        (replace(tiny_spec(), rules="rules.toml"), r"rules\.toml, which was not given"),
        (
            replace(tiny_spec(), encoders=(EncoderSpec("whisper", tiny_spec().encoders[0].family, "f" * 64, "gone"),)),
            "gone",
        ),
        (replace(tiny_spec(), name="Tiny"), "no name"),
    ],
)
def test_what_makes_no_sense_is_not_sealed(spec: ReleaseSpec, said: str, tmp_path: Path):
    with pytest.raises(ReleaseBroken, match=f"cannot be sealed.*{said}"):
        seal(spec, tiny_files(tmp_path / "files", tiny_spec()), tmp_path / "releases/tiny")
    assert not (tmp_path / "releases").exists()


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", ".hidden", "release.toml", "SHA256SUMS", "a//b"])
def test_a_file_cannot_be_sealed_under_a_name_that_leads_astray(path: str, tmp_path: Path):
    files = tiny_files(tmp_path / "files", tiny_spec())
    with pytest.raises(BadInput, match="cannot lie in a release"):
        seal(tiny_spec(), {**files, path: files[HEAD]}, tmp_path / "releases/tiny")


@pytest.fixture
def small_disk() -> Iterator[None]:
    """On which no file can grow beyond 4 KiB; the system says that of a full one, too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_disk")
def test_nothing_is_left_of_a_release_that_the_disk_has_no_room_for(made: Sealed, tmp_path: Path):
    with pytest.raises(DiskFull, match="Make room"):
        ReleaseShelf(tmp_path).install(made.folder)
    assert list(tmp_path.iterdir()) == []


def test_installing_twice_is_no_harm_and_another_release_of_that_name_is_refused(made: Sealed, tmp_path: Path):
    shelf = ReleaseShelf(tmp_path / "shelf")
    first = shelf.install(made.folder)
    inode = first.folder.stat().st_ino
    assert shelf.install(made.folder) == first
    assert first.folder.stat().st_ino == inode
    other = make_tiny_release(tmp_path / "other", seed=1)
    with pytest.raises(Conflict, match="another release of that name"):
        shelf.install(other.folder)
    assert verify(first.folder).digest == made.digest


def test_installing_makes_good_what_was_tampered_with(made: Sealed, tmp_path: Path):
    shelf = ReleaseShelf(tmp_path)
    folder = shelf.install(made.folder).folder
    write(folder / HEAD, b"something else")
    assert shelf.install(made.folder) == shelf.verify("tiny")
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_many_may_install_the_same_release_at_once(made: Sealed, tmp_path: Path):
    shelf = ReleaseShelf(tmp_path)
    failed: list[Exception] = []

    def install() -> None:
        try:
            shelf.install(made.folder)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failed.append(error)

    threads = [threading.Thread(target=install) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert shelf.verify("tiny").digest == made.digest
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_a_broken_release_is_not_installed(sealed: Sealed, tmp_path: Path):
    write(sealed.folder / HEAD, b"")
    with pytest.raises(ReleaseBroken, match=HEAD):
        ReleaseShelf(tmp_path / "shelf").install(sealed.folder)
    assert not (tmp_path / "shelf").exists()


def test_a_folder_is_called_as_its_release(sealed: Sealed):
    sealed.folder.rename(sealed.folder.with_name("better"))
    shelf = ReleaseShelf(sealed.folder.parent)
    for look in (shelf.read, shelf.verify):
        with pytest.raises(ReleaseBroken, match="holds the release tiny"):
            look("better")


@pytest.mark.parametrize("name", ["gone", "none", "../tiny", ".", "", "tiny/heads"])
def test_what_is_no_release_here_is_unknown(made: Sealed, name: str):
    with pytest.raises(ReleaseUnknown, match=r"there is .*tiny"):
        ReleaseShelf(made.folder.parent).place(name)


@pytest.mark.parametrize("commercial", [Commercial.NO, Commercial.UNKNOWN])
def test_what_a_venue_may_not_use_is_agreed_to_by_its_licence_s_name(commercial: Commercial, tmp_path: Path):
    given = make_tiny_release(tmp_path / "given", commercial=commercial)
    shelf = ReleaseShelf(tmp_path / "shelf")
    for accepted in ([], ["Apache-2.0"]):
        with pytest.raises(LicenceRefused, match=r'random weights.*--accept-licence "MIT"'):
            shelf.install(given.folder, accepted=accepted)
    assert not shelf.folder.exists()
    shelf.install(given.folder, accepted=["mit"])
    assert shelf.ready("tiny").digest == given.digest
    said = json.loads((shelf.folder / "tiny.accepted.json").read_text())
    assert (said["digest"], said["licences"]) == (given.digest, ["mit"])
    write(shelf.folder / "tiny" / HEAD, b"")
    assert shelf.install(given.folder).digest == given.digest  # made good, without asking once more
    write(shelf.folder / "tiny.accepted.json", b"{}")
    with pytest.raises(ReleaseBroken, match="accept the licences again"):
        shelf.ready("tiny")


def test_a_release_that_was_copied_by_hand_is_not_ready_before_its_licences_are_agreed_to(tmp_path: Path):
    given = make_tiny_release(tmp_path, commercial=Commercial.NO)
    shelf = ReleaseShelf(tmp_path)
    with pytest.raises(LicenceRefused):
        shelf.ready("tiny")
    shelf.accept(given, ["MIT"])
    assert shelf.ready("tiny") == given


def test_agreeing_to_one_release_is_not_agreeing_to_another_of_that_name(tmp_path: Path):
    first = make_tiny_release(tmp_path, commercial=Commercial.NO)
    shelf = ReleaseShelf(tmp_path)
    shelf.accept(first, ["MIT"])
    first.folder.rename(tmp_path / "first")
    make_tiny_release(tmp_path, commercial=Commercial.NO, seed=1)
    with pytest.raises(LicenceRefused):
        shelf.ready("tiny")


def test_a_release_that_says_no_licence_is_one_that_nobody_knows(made: Sealed, tmp_path: Path):
    silent = reseal(made.folder, tmp_path / "silent", parts=())
    with pytest.raises(LicenceRefused, match='--accept-licence "unknown"'):
        ReleaseShelf(tmp_path / "shelf").install(silent.folder)
    assert ReleaseShelf(tmp_path / "shelf").install(silent.folder, accepted=["unknown"]).digest == silent.digest


def test_what_comes_with_the_package_is_there_and_the_package_is_not_written_to(tmp_path: Path):
    given = make_tiny_release(tmp_path / "package", commercial=Commercial.NO)
    before = sorted((tmp_path / "package").rglob("*"))
    shelf = ReleaseShelf(tmp_path / "own", bundled=tmp_path / "package")
    assert (shelf.names(), shelf.is_bundled("tiny"), shelf.read("tiny")) == (("tiny",), True, given.spec)
    assert shelf.verify("tiny") == given
    with pytest.raises(LicenceRefused):
        shelf.ready("tiny")
    shelf.accept(given, ["MIT"])
    assert shelf.ready("tiny") == given
    assert [path.name for path in shelf.folder.iterdir()] == ["tiny.accepted.json"]
    assert sorted((tmp_path / "package").rglob("*")) == before


def test_under_a_name_of_the_package_s_nothing_else_is_installed(made: Sealed, tmp_path: Path):
    other = make_tiny_release(tmp_path / "package", seed=1)
    shelf = ReleaseShelf(tmp_path / "own", bundled=tmp_path / "package")
    with pytest.raises(Conflict, match="tiny comes with VocalVerse"):
        shelf.install(made.folder)
    assert not shelf.folder.exists()
    assert shelf.install(other.folder).folder == shelf.place("tiny") == shelf.folder / "tiny"


def test_what_an_operator_had_under_that_name_before_goes_on_judging(made: Sealed, tmp_path: Path):
    shelf = ReleaseShelf(tmp_path / "own", bundled=tmp_path / "package")
    shelf.install(made.folder)
    make_tiny_release(tmp_path / "package", seed=1)
    assert not shelf.is_bundled("tiny")
    assert shelf.verify("tiny").digest == made.digest


def test_the_card_says_who_may_use_it_and_what_it_was_measured_on(tmp_path: Path):
    sealed = make_tiny_release(tmp_path, commercial=Commercial.NO)
    card = (sealed.folder / "CARD.md").read_text()
    assert "Commercial use is forbidden." in card
    assert "nothing: its weights are random" in card
    assert "| Breath | whisper (whisper, layer 2) → 2 heads | 1 to 5 | 90% |" in card
