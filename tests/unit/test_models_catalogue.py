"""The catalogue, and the command line over it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import torch
from click.testing import CliRunner, Result

from vocalverse.cli import main
from vocalverse.errors import ModelRefused, ModelUnknown
from vocalverse.models.catalogue import Commercial, entries, find, thresholds
from vocalverse.models.fetch import fetch
from vocalverse.models.shelf import Shelf, Verdict
from vocalverse.separate.networks import build
from vocalverse.separate.networks.configs import read_yaml, to_config
from vocalverse.separate.options import BUNDLED
from vocalverse.separate.purpose import Purpose
from vocalverse.separate.weights import describe

YAML = """
audio: {chunk_size: 13230, sample_rate: 44100}
model: {dim: 16, depth: 1, stereo: true, num_stems: 1, time_transformer_depth: 1, freq_transformer_depth: 1,
  num_bands: 20, dim_head: 8, heads: 2, stft_n_fft: 512, stft_win_length: 512, stft_hop_length: 256,
  mask_estimator_depth: 1}
training: {instruments: [vocals, other], target_instrument: vocals}
"""
ALL = {entry.name: entry for entry in entries()}


@pytest.fixture
def ours(tmp_path: Path) -> tuple[Path, str]:
    """A checkpoint of one's own with its yaml beside it, and its hash."""
    torch.manual_seed(3)
    config = read_yaml(YAML)
    torch.save(build(config.architecture.value, to_config(config)).state_dict(), tmp_path / "Our Net.ckpt")
    (tmp_path / "ours.yaml").write_text(YAML)
    return tmp_path / "Our Net.ckpt", hashlib.sha256((tmp_path / "Our Net.ckpt").read_bytes()).hexdigest()


def said(*arguments: Any) -> Result:
    return CliRunner().invoke(main, ["models", *map(str, arguments)])


def import_arguments(ours: tuple[Path, str], shelf: Path) -> list[Any]:
    file, sha256 = ours
    yaml = file.with_name("ours.yaml")
    return ["import", file, "--yaml", yaml, "--sha256", sha256, "--licence", "CC BY 4.0", "--folder", shelf, "--json"]


@pytest.mark.parametrize("name", list(ALL))
def test_every_entry_says_whose_it_is_and_what_is_known_of_its_bytes(name: str):
    entry = ALL[name]
    assert entry.licence
    assert entry.pin is not None
    assert urlsplit(entry.page).scheme == "https" or (BUNDLED.parents[2] / entry.page).is_file()
    assert all(urlsplit(source).scheme == "https" for source in entry.sources)
    assert entry.bytes_at_most
    assert entry.bundled or (entry.yaml and entry.sources)


@pytest.mark.parametrize("name", [name for name, entry in ALL.items() if entry.bundled])
def test_what_is_bundled_is_there_and_as_pinned(name: str, tmp_path: Path):
    entry = ALL[name]
    path = BUNDLED / entry.file
    assert path.stat().st_size == entry.bytes
    assert path.stat().st_size <= 20_000_000
    assert describe(path).architecture == entry.architecture
    assert Shelf(tmp_path).verify(name).verdict is Verdict.WHOLE
    assert Shelf(tmp_path).path_of(name, accepted=True) == path


def test_what_is_bundled_for_research_is_loaded_only_where_its_licence_was_accepted(tmp_path: Path):
    with pytest.raises(ModelRefused, match="research only"):
        Shelf(tmp_path).path_of("lite-research")
    assert Shelf(tmp_path).path_of("lite-research", accepted=True).is_file()
    assert Shelf(tmp_path).path_of("spleeter-2stems").is_file()


def test_the_default_is_every_venues_to_use():
    default = find("spleeter-2stems")
    assert default.bundled
    assert default.commercial is Commercial.YES
    default.require_accepted(accepted=False)


def test_a_licence_that_is_not_known_to_be_free_has_to_be_accepted():
    for commercial in (Commercial.NO, Commercial.UNKNOWN):
        entry = replace(find("kim-vocals"), commercial=commercial)
        with pytest.raises(ModelRefused, match="--accept-licence"):
            entry.require_accepted(accepted=False)
        entry.require_accepted(accepted=True)


def test_a_bundled_model_and_one_without_a_hash_are_not_fetched(tmp_path: Path):
    with pytest.raises(ModelRefused, match="comes with"):
        fetch(find("spleeter-2stems"), Shelf(tmp_path))
    with pytest.raises(ModelRefused, match="--sha256"):
        fetch(replace(find("kim-vocals"), pin=None), Shelf(tmp_path), accepted=True)


def test_an_unknown_name_is_answered_with_those_that_are_known(tmp_path: Path):
    with pytest.raises(ModelUnknown, match="kim-vocals"):
        find("kim")
    with pytest.raises(ModelUnknown, match="models fetch kim-vocals"):
        Shelf(tmp_path).path_of("kim-vocals")
    with pytest.raises(ModelUnknown, match="spleeter-2stems"):
        Shelf(tmp_path).path_of("kim")


def test_a_check_asks_for_something():
    assert all(thresholds().of(purpose) > 0 for purpose in Purpose)


def test_the_list_shows_what_is_here(tmp_path: Path):
    shown = json.loads(said("list", "--folder", tmp_path, "--json").stdout)
    assert {one["name"]: one["here"] for one in shown if one["purpose"] != "encode"} == {
        name: "bundled" if entry.bundled else "no" for name, entry in ALL.items()
    }
    assert next(one for one in shown if one["name"] == "kim-vocals")["sha256"] == "87201f4d…7559e"
    assert "spleeter-2stems" in said("list", "--folder", tmp_path).stdout


def test_a_model_of_ones_own_is_imported_listed_and_verified(tmp_path: Path, ours: tuple[Path, str]):
    shelf = tmp_path / "shelf"
    result = said(*import_arguments(ours, shelf), "--commercial", "yes")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert (facts["name"], facts["licence"], facts["architecture"]) == ("our-net", "CC BY 4.0", "mel_band_roformer")
    shown = json.loads(said("list", "--folder", shelf, "--json").stdout)
    assert next(one for one in shown if one["name"] == "our-net")["here"] == "yes"
    assert said("verify", "our-net", "--folder", shelf).exit_code == 0
    raw = bytearray((shelf / "our-net.safetensors").read_bytes())
    raw[-1] ^= 1
    (shelf / "our-net.safetensors").write_bytes(raw)
    verified = said("verify", "our-net", "--folder", shelf)
    assert verified.exit_code == 1
    assert "changed" in verified.stdout


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"--sha256": "0" * 64}, 1),  # digest_mismatch
        ({"--sha256": "12ab"}, 2),
        ({"--name": "../../etc/passwd"}, 2),
        ({"--name": "kim-vocals"}, 2),
        ({"--commercial": "unknown"}, 6),
    ],
)
def test_an_import_that_is_not_in_order_leaves_nothing(
    tmp_path: Path, ours: tuple[Path, str], change: dict[str, str], status: int
):
    shelf = tmp_path / "shelf"
    arguments = [*import_arguments(ours, shelf), "--commercial", "yes"]
    result = said(*arguments, *(word for pair in change.items() for word in pair))
    assert result.exit_code == status, result.output
    assert json.loads(result.stderr)["error"]
    assert not shelf.exists() or not list(shelf.iterdir())


def test_fetching_from_a_folder_asks_for_the_licence_first(tmp_path: Path):
    result = said("fetch", "sucial-dereverb-echo-big", "--from", tmp_path, "--folder", tmp_path / "shelf")
    assert result.exit_code == 6
    assert "CC BY-NC-SA" in result.stderr
    assert not (tmp_path / "shelf").exists()
    accepted = said(
        "fetch", "sucial-dereverb-echo-big", "--from", tmp_path, "--folder", tmp_path / "shelf", "--accept-licence"
    )
    assert accepted.exit_code == 4
    assert "dereverb_big_mbr_ep_362.ckpt" in accepted.stderr


def test_a_record_that_was_tampered_with_is_named(tmp_path: Path):
    (tmp_path / "x.json").write_text('{"name": "x"}')
    (tmp_path / "x.safetensors").write_bytes(b"")
    result = said("list", "--folder", tmp_path)
    assert result.exit_code == 2
    assert "x.json" in result.stderr
