"""Encoders on the models shelf: what is known of them, and how they get in, by hand and by the command line."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.tiny_encoders import make_tiny, make_tiny_text
from vocalverse import training
from vocalverse.cli import main
from vocalverse.errors import BadInput, Conflict, DigestMismatch, ModelBroken, ModelRefused, ModelUnknown
from vocalverse.models.catalogue import Commercial, entries
from vocalverse.models.encoders.catalogue import EncoderEntry, encoders, find_encoder
from vocalverse.models.encoders.encoder import Family
from vocalverse.models.encoders.open import open_encoder, revision_of
from vocalverse.models.shelf import Shelf
from vocalverse.separate.purpose import Purpose

RECIPES = Path(training.__file__).with_name("recipes")
MINE = EncoderEntry("mine", Family.WHISPER, "MIT", Commercial.YES, "a page")


@pytest.fixture
def whisper(tmp_path: Path) -> Path:
    folder = make_tiny(Family.WHISPER, tmp_path / "whisper")
    (folder / "README.md").write_text("of no matter")
    return folder


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "models")


def test_what_is_loaded_is_copied_and_opens_as_the_same_encoder(whisper: Path, shelf: Shelf):
    installed = shelf.encoders.put(MINE, whisper)
    assert sorted(path.name for path in shelf.encoder("mine").iterdir()) == ["config.json", "model.safetensors"]
    opened = open_encoder(Family.WHISPER, shelf.encoder("mine"), layer=-1)
    assert installed.revision == opened.info.revision == revision_of(Family.WHISPER, whisper)
    assert shelf.encoders.find("mine") == installed
    assert shelf.encoders.changed("mine") == ()


def test_files_in_folders_keep_their_places(tmp_path: Path, shelf: Shelf):
    folder = make_tiny(Family.SAMOYE, tmp_path / "samoye")
    shelf.encoders.put(EncoderEntry("features", Family.SAMOYE, "MIT", Commercial.YES, "a page"), folder)
    assert revision_of(Family.SAMOYE, shelf.encoder("features")) == revision_of(Family.SAMOYE, folder)


def test_what_does_not_load_is_not_put_in(whisper: Path, shelf: Shelf):
    (whisper / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelBroken):
        shelf.encoders.put(MINE, whisper)
    assert not shelf.folder.exists()


def test_a_licence_that_forbids_venues_is_agreed_to_first(tmp_path: Path, shelf: Shelf):
    folder = make_tiny(Family.MUQ, tmp_path / "muq")
    muq = find_encoder("muq-large-msd-iter")
    assert muq is not None
    with pytest.raises(ModelRefused, match=r"CC BY-NC 4\.0"):
        shelf.encoders.put(muq, folder)
    assert not shelf.folder.exists()
    assert shelf.encoders.put(muq, folder, accepted=True).licence_accepted


def test_another_encoder_of_the_same_name_is_refused(tmp_path: Path, whisper: Path, shelf: Shelf):
    """A release that pins the first would be judged by nothing any more."""
    before = shelf.encoders.put(MINE, whisper)
    with pytest.raises(Conflict, match="another revision"):
        shelf.encoders.put(MINE, make_tiny(Family.WHISPER, tmp_path / "other", seed=1))
    assert shelf.encoders.put(MINE, whisper) == before


def test_a_damaged_file_is_found_and_made_good_by_importing_again(whisper: Path, shelf: Shelf):
    shelf.encoders.put(MINE, whisper)
    (shelf.encoder("mine") / "config.json").write_text("{}")
    assert shelf.encoders.changed("mine") == ("config.json",)
    shelf.encoders.put(MINE, whisper)
    assert shelf.encoders.changed("mine") == ()
    (shelf.encoder("mine") / "model.safetensors").unlink()
    assert shelf.encoders.changed("mine") == ("model.safetensors",)


def test_a_revision_that_was_promised_is_held(whisper: Path, shelf: Shelf):
    revision = revision_of(Family.WHISPER, whisper)
    with pytest.raises(DigestMismatch):
        shelf.encoders.put(MINE, whisper, revision=revision[::-1])
    assert shelf.encoders.put(MINE, whisper, revision=revision).revision == revision


def test_no_name_leads_out_of_the_folder(whisper: Path, shelf: Shelf):
    with pytest.raises(BadInput):
        shelf.encoders.put(EncoderEntry("../mine", Family.WHISPER, "MIT", Commercial.YES, "a page"), whisper)


def test_who_asks_for_what_is_not_here_is_told_how_to_get_it(shelf: Shelf):
    with pytest.raises(ModelUnknown, match="models import FOLDER --name whisper-large-v3"):
        shelf.encoder("whisper-large-v3")
    with pytest.raises(ModelUnknown, match="There is no encoder 'nobodys'"):
        shelf.encoder("nobodys")


def test_an_encoder_is_not_taken_for_a_separator(whisper: Path, shelf: Shelf):
    shelf.encoders.put(MINE, whisper)
    for name in ("mine", "whisper-large-v3"):
        with pytest.raises(ModelRefused, match=f"{name} encodes"):
            shelf.path_of(name, purpose=Purpose.SEPARATE)


def test_the_catalogue_names_every_family_that_is_published_and_no_name_twice():
    names = [entry.name for entry in (*encoders(), *entries())]
    assert len(set(names)) == len(names)
    assert {entry.family for entry in encoders()} == set(Family) - {Family.PITCH_HISTOGRAM}
    assert all(entry.files and entry.licence and entry.page.startswith("https://") for entry in encoders())


def test_what_bundled_recipes_ask_for_is_in_the_catalogue():
    recipes = [tomllib.loads(path.read_text()) for path in RECIPES.glob("*.toml")]
    asked = {
        (one["model"], one.get("family", "text"))
        for recipe in recipes
        for one in (*recipe["encoders"].values(), recipe.get("text_encoder", {}))
        if "model" in one
    }
    assert len(asked) > 4
    assert asked <= {(entry.name, entry.family.value) for entry in encoders()}


def test_text_is_not_opened_as_if_it_heard(tmp_path: Path):
    with pytest.raises(BadInput, match="reads text"):
        open_encoder(Family.TEXT, make_tiny_text(tmp_path / "text"), layer=-1)


def run(*words: object, folder: Path) -> tuple[int, Any]:
    ran = CliRunner().invoke(main, ["models", *map(str, words), "--folder", str(folder), "--json"])
    return ran.exit_code, json.loads(ran.stdout) if ran.stdout else ran.stderr


def test_the_command_line_imports_lists_and_verifies(tmp_path: Path, whisper: Path, shelf: Shelf):
    code, said = run("import", whisper, "--name", "whisper-tiny", folder=shelf.folder)
    assert (code, said["licence"], said["revision"]) == (
        *(0, "Apache-2.0 (MIT on GitHub)"),
        revision_of(Family.WHISPER, whisper),
    )
    text = make_tiny_text(tmp_path / "text")
    named = ("--name", "words", "--encoder", "text", "--licence", "MIT", "--commercial", "yes")
    assert run("import", text, *named, folder=shelf.folder)[0] == 0
    listed = {one["name"]: one for one in run("list", folder=shelf.folder)[1]}
    assert {listed[name]["here"] for name in ("whisper-tiny", "words")} == {"yes"}
    assert (listed["muq-large-msd-iter"]["here"], listed["muq-large-msd-iter"]["commercial"]) == ("no", "no")
    assert run("verify", "words", folder=shelf.folder)[0] == 0
    (shelf.encoder("words") / "vocab.json").write_text("{}")
    code, found = run("verify", folder=shelf.folder)
    assert code == 1
    assert {one["name"] for one in found if "changed" in one["verdict"]} == {"words"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say --name"),
        (("--name", "mine", "--licence", "MIT"), "say --encoder"),
        (("--name", "mine", "--encoder", "opera", "--licence", "MIT"), "no encoders of the family 'opera'"),
        (("--name", "muq-large-msd-iter", "--encoder", "whisper"), "muq-large-msd-iter is a muq"),
        (("--name", "whisper-tiny", "--sha256", "0" * 64), "should have 000"),
    ],
)
def test_what_the_command_line_was_not_told_it_asks_for(whisper: Path, shelf: Shelf, words: tuple[str, ...], said: str):
    code, answer = run("import", whisper, *words, folder=shelf.folder)
    assert code != 0
    assert said in answer
    assert not shelf.folder.exists()


def test_what_is_not_here_is_not_verified_but_said_how_to_get(shelf: Shelf):
    code, said = run("verify", "whisper-large-v3", folder=shelf.folder)
    assert code == 4
    assert "not here yet" in said


def test_no_encoder_is_fetched_by_itself(shelf: Shelf):
    code, said = run("fetch", "whisper-large-v3", folder=shelf.folder)
    assert code == 6
    assert "models import FOLDER --name whisper-large-v3" in said
