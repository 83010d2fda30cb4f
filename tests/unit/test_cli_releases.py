"""`vocalverse releases` on a machine without a database."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.releases import DIMENSIONS, make_tiny_release, reseal
from vocalverse.cli import main
from vocalverse.models.catalogue import Commercial
from vocalverse.release.shelf import BUNDLED
from vocalverse.release.verify import Sealed

BUNDLED_NAMES = tuple(path.parent.name for path in BUNDLED.glob("*/release.toml"))


@pytest.fixture
def given(tmp_path: Path) -> Sealed:
    return make_tiny_release(tmp_path / "given")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def asked(data: Path, *arguments: object) -> Result:
    environment = {"VOCALVERSE_DATA": str(data), "VOCALVERSE_DATABASE_URL": ""}
    return CliRunner().invoke(main, ["releases", *map(str, arguments)], env=environment)


def told(data: Path, *arguments: object) -> Any:
    done = asked(data, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def own(data: Path, *arguments: object) -> list[Any]:
    """Of what was told only that which did not come with the package."""
    return [row for row in told(data, *arguments) if row["name"] not in BUNDLED_NAMES]


def spoil(data: Path) -> Path:
    head = data / "releases/tiny/heads/timbre-1.safetensors"
    head.chmod(0o644)
    head.write_bytes(b"nothing")
    return head


def test_a_release_is_installed_listed_shown_and_verified(data: Path, given: Sealed):
    assert own(data, "list") == []
    installed = told(data, "install", given.folder)
    assert (installed["name"], installed["digest"]) == ("tiny", given.digest)
    assert Path(installed["path"]) == data / "releases/tiny"
    (row,) = own(data, "list")
    assert (row["name"], row["here"], row["dimensions"], row["commercial"]) == ("tiny", "yes", list(DIMENSIONS), "yes")
    shown = told(data, "show", "tiny")
    assert (shown["digest"], shown["commercial"], shown["accepted"]) == (given.digest, "yes", None)
    assert [one["key"] for one in shown["dimensions"]] == list(DIMENSIONS)
    assert own(data, "verify") == [{"name": "tiny", "digest": given.digest, "verdict": "as sealed"}]


def test_people_read_what_judges_whose_it_is_and_what_it_was_measured_on(data: Path, given: Sealed):
    """Of one that is not installed, too."""
    said = asked(data, "show", given.folder).output
    for words in ("The tiny one", given.digest, "technique", "whisper (whisper, layer 2) → 2 heads", "1 to 5", "90%"):
        assert words in said
    for words in ("random weights", "MIT", "nothing: its weights are random", "spleeter-2stems", "0.1 hnr_db"):
        assert words in said


def test_a_tampered_release_is_told_of_and_made_good_by_installing_it_again(data: Path, given: Sealed):
    told(data, "install", given.folder)
    head = spoil(data)
    for which in ((), ("tiny",), (data / "releases/tiny",)):
        done = asked(data, "verify", *which, "--json")
        assert done.exit_code == 1
        (row,) = [row for row in json.loads(done.stdout) if "code" in row]
        assert (row["code"], row["digest"]) == ("release_broken", None)
        assert str(head) in row["verdict"]
    told(data, "install", given.folder)
    assert asked(data, "verify").exit_code == 0


def test_a_release_is_opened_where_that_is_asked(data: Path, given: Sealed, tmp_path: Path):
    """One whose every hash is right may still have been sealed with weights that fit nothing."""
    assert told(data, "verify", given.folder, "--open")[0]["verdict"] == "as sealed, and opens"
    another = given.folder / "heads/timbre-0.safetensors"
    misfit = reseal(given.folder, tmp_path / "misfit", files={"heads/breath-0.safetensors": another})
    assert asked(data, "verify", misfit.folder).exit_code == 0
    done = asked(data, "verify", misfit.folder, "--open", "--json")
    assert done.exit_code == 1
    (row,) = json.loads(done.stdout)
    assert row["code"] == "release_broken"
    assert "breath-0.safetensors cannot judge breath: it judges timbre" in row["verdict"]


def test_a_release_that_cannot_be_read_is_listed_as_broken(data: Path, given: Sealed):
    told(data, "install", given.folder)
    (data / "releases/tiny/release.toml").unlink()
    (row,) = own(data, "list")
    assert row["here"] == "broken"
    assert "release.toml" in row["title"]


def test_licences_that_forbid_a_venue_s_use_are_typed_by_name(data: Path, tmp_path: Path):
    given = make_tiny_release(tmp_path / "given", commercial=Commercial.NO)
    refused = asked(data, "install", given.folder)
    assert refused.exit_code == 6
    assert 'say --accept-licence, or name them: --accept-licence "MIT". [licence_refused]' in refused.stderr
    assert not (data / "releases").exists()
    told(data, "install", given.folder, "--accept-licence", "MIT")
    assert told(data, "show", "tiny")["accepted"]["licences"] == ["MIT"]
    assert "MIT (20" in asked(data, "show", "tiny").output


def test_whoever_names_no_licence_is_shown_those_that_they_agree_to(data: Path, tmp_path: Path):
    given = make_tiny_release(tmp_path / "given", commercial=Commercial.NO)
    done = asked(data, "install", given.folder, "--accept-licence")
    assert done.exit_code == 0
    assert "You agree, for tiny, to:\n  MIT (random weights; drawn in a test)" in done.stderr
    assert told(data, "show", "tiny")["accepted"]["licences"] == ["MIT"]


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("show", "gone"), 4, "release_unknown"),
        (("verify", "gone"), 4, "release_unknown"),
        (("install", "gone"), 4, "release_unknown"),
        (("install", "."), 2, "release_broken"),
    ],
)
def test_what_is_no_release_ends_in_one_line_with_a_code(
    data: Path, arguments: tuple[str, ...], status: int, code: str
):
    done = asked(data, *arguments)
    assert (done.exit_code, done.stdout) == (status, "")
    assert done.stderr.strip().endswith(f"[{code}]")


def test_another_release_under_the_same_name_is_refused(data: Path, given: Sealed, tmp_path: Path):
    told(data, "install", given.folder)
    done = asked(data, "install", make_tiny_release(tmp_path / "other", seed=1).folder)
    assert done.exit_code == 5
    assert "give this one another name" in done.stderr


def test_help_says_the_commands_in_the_order_of_use(data: Path):
    said = asked(data, "--help").output.split("Commands:")[1].split("\n")
    names = [line.split()[0] for line in said if line.strip()]
    assert names == ["list", "show", "verify", "install", "activate", "compare", "rebuild"]
    assert "\\b" not in asked(data, "install", "--help").output
