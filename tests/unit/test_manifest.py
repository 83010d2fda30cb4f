"""Manifests: what is read is what was written, and what is wrong is told with its line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.manifests import line, rating, written
from vocalverse.errors import BadInput, ManifestBroken, TooFew
from vocalverse.models.catalogue import Commercial
from vocalverse.training.faults import FaultyManifest
from vocalverse.training.licences import commercial, under
from vocalverse.training.manifest_files import read, write


def faults(path: Path) -> list[str]:
    with pytest.raises(FaultyManifest) as broken:
        read(path)
    return [str(fault) for fault in broken.value.faults]


def full(folder: Path) -> list[dict[str, Any]]:
    return [
        {"scale": [0, 10]},
        line(folder, "a", domain="1", gender="f", ratings=[rating("breath", 7, "x"), rating("breath", 9.5, "y")]),
        line(folder, "b", singer="bo", split="test2", text="la la", synthetic=True),
        {"better": "a", "worse": "b", "dimension": "timbre", "rater": "x"},
    ]


@pytest.mark.parametrize("name", ["again.jsonl", "again.parquet"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    manifest = read(written(tmp_path, full(tmp_path)))
    assert (manifest.low, manifest.high) == (0, 10)
    assert manifest.clips[0].mean("breath") == 8.25
    assert manifest.clips[1].synthetic
    assert manifest.dimensions == ("breath", "timbre")
    write(manifest, tmp_path / name)
    assert read(tmp_path / name) == manifest


def test_a_manifest_moves_with_its_folder_and_from_elsewhere_names_whole_paths(tmp_path: Path) -> None:
    manifest = read(written(tmp_path, full(tmp_path)))
    write(manifest, tmp_path / "beside.jsonl")
    write(manifest, tmp_path / "below" / "it.jsonl")
    assert json.loads((tmp_path / "beside.jsonl").read_text().splitlines()[1])["audio"] == "a.wav"
    assert read(tmp_path / "below" / "it.jsonl") == manifest


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"audio": "gone.wav"}, "there is no file"),
        ({"audio": "\0"}, "there is no file"),
        ({"audio": "x" * 5000}, "there is no file"),
        ({"singer": ""}, "no singer"),
        ({"licence": None, "song": None}, "no song, licence"),
        ({"singr": "x"}, "unknown key 'singr': did you mean 'singer'?"),
        ({"singer": ["x"]}, "singer is ['x'], no text"),
        ({"split": "dev"}, "say train, validation or test"),
        ({"synthetic": "no"}, "say true or false"),
        ({"ratings": "5"}, "ratings are a list"),
        ({"ratings": [5]}, "a rating is 5"),
        ({"ratings": [rating("breath", 5.5)]}, "5.5, and the scale goes from 1 to 5"),
        ({"ratings": [rating("breath", 0)]}, "0, and the scale goes from 1 to 5"),
        ({"ratings": [rating("breath", float("nan"))]}, "nan, no finite number"),
        ({"ratings": [rating("breath", "4")]}, "'4', no finite number"),
        ({"ratings": [rating("breath", 10**400)]}, "no finite number"),
        ({"ratings": [rating("breath", True)]}, "True, no finite number"),
        ({"ratings": [{"value": 3}]}, "has no dimension"),
        ({"ratings": [rating("breath", 3, "x"), rating("breath", 4, "x")]}, "'x' rated breath twice"),
        ({"ratings": [rating("Breath", 3)]}, "'Breath' is spelt almost as 'breath'"),
        ({"ratings": [rating("tecnique", 3)]}, "'tecnique' is spelt almost as 'technique'"),
    ],
)
def test_what_is_wrong_with_a_clip_is_told_with_its_line(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    found = faults(written(tmp_path, [line(tmp_path, "a"), line(tmp_path, "b") | change]))
    assert len(found) == 1
    assert found[0].startswith("line 2: ")
    assert told in found[0]


def test_axes_of_others_are_no_misspelling_but_two_spellings_of_one_are(tmp_path: Path) -> None:
    mine = line(tmp_path, "a", ratings=[rating("PQ", 3), rating("content_enjoyment", 2)])
    assert read(written(tmp_path, [mine])).dimensions == ("PQ", "content_enjoyment")
    other = line(tmp_path, "b", ratings=[rating("pq", 3)])
    assert any("spelt almost as" in one for one in faults(written(tmp_path, [mine, other])))


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        ({"better": "a", "worse": "zz", "dimension": "breath"}, "no clip has the id 'zz'"),
        ({"better": "a", "worse": "a", "dimension": "breath"}, "held against itself"),
        ({"better": "a", "worse": "b"}, "needs better, worse and dimension"),
        ({"better": "a", "worse": "b", "dimension": "breath", "who": "x"}, "unknown key 'who'"),
    ],
)
def test_what_is_wrong_with_a_pair_is_told_with_its_line(tmp_path: Path, pair: dict[str, Any], told: str) -> None:
    found = faults(written(tmp_path, [line(tmp_path, "a"), line(tmp_path, "b"), pair]))
    assert [one for one in found if one.startswith("line 3: ") and told in one] == found != []


def test_ids_and_files_stand_there_once(tmp_path: Path) -> None:
    twice = [line(tmp_path, "a"), line(tmp_path, "b") | {"id": "a"}, line(tmp_path, "c", audio="./a.wav")]
    assert [one.split(" stands in ")[1] for one in faults(written(tmp_path, twice))] == [
        "line 1 already: every clip stands there once",
        "line 1 already: every clip stands there once",
    ]


def test_lines_that_are_no_json_are_all_told_and_an_endless_list_is_not(tmp_path: Path) -> None:
    assert faults(written(tmp_path, ["{", "[]", ""])) == [
        "line 1: no JSON (Expecting property name enclosed in double quotes: line 2 column 1 (char 2)): a manifest is JSON"
        " Lines, one object to a line",
        "line 2: no JSON object",
    ]
    endless = written(tmp_path, ["x"] * 1000)
    assert len(faults(endless)) == 20
    with pytest.raises(FaultyManifest, match=r"has 20 faults or more: line 1: .* line 5: .* And 15 more\.$"):
        read(endless)


def test_a_scale_stands_first_and_has_two_ends(tmp_path: Path) -> None:
    assert "has to stand first" in faults(written(tmp_path, [line(tmp_path, "a"), {"scale": [1, 5]}]))[0]
    for odd in ([5, 1], [1], "15", [1, None], 5):
        assert "give its two ends" in faults(written(tmp_path, [{"scale": odd}, line(tmp_path, "a")]))[0]


def test_nothing_at_all_is_no_manifest(tmp_path: Path) -> None:
    assert "no clip is listed" in faults(written(tmp_path, []))[0]
    with pytest.raises(ManifestBroken, match="cannot be read"):
        read(tmp_path / "gone.jsonl")
    (tmp_path / "list.csv").write_text("audio,singer")
    with pytest.raises(ManifestBroken, match=r"is a table\. Make a manifest of it"):
        read(tmp_path / "list.csv")
    (tmp_path / "odd.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestBroken, match="neither Parquet nor text"):
        read(tmp_path / "odd.jsonl")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ManifestBroken, match="no Parquet that can be read"):
        read(tmp_path / "cut.parquet")


def test_a_parquet_tells_its_row(tmp_path: Path) -> None:
    manifest = read(written(tmp_path, full(tmp_path)))
    write(manifest, tmp_path / "takes.parquet")
    (tmp_path / "b.wav").unlink()
    assert [one.split(": ")[0] for one in faults(tmp_path / "takes.parquet")] == ["row 2"]


def test_a_manifest_is_written_under_a_name_that_says_so_or_not_at_all(tmp_path: Path) -> None:
    manifest = read(written(tmp_path, full(tmp_path)))
    with pytest.raises(BadInput, match=r"\.jsonl or \.parquet"):
        write(manifest, tmp_path / "takes.csv")
    assert not (tmp_path / "takes.csv").exists()


@pytest.mark.parametrize(
    ("licence", "may"),
    [
        ("CC-BY-4.0", Commercial.YES),
        ("cc by 4.0", Commercial.YES),
        ("MIT", Commercial.YES),
        ("Public Domain", Commercial.YES),
        ("CC BY-NC-SA 4.0", Commercial.NO),
        ("CC-BY-NC-ND-4.0", Commercial.NO),
        ("research", Commercial.NO),
        ("Non-Commercial use", Commercial.NO),
        ("none stated", Commercial.UNKNOWN),
        ("CC-BY-SA-4.0", Commercial.UNKNOWN),
    ],
)
def test_a_business_may_use_what_is_free_and_nothing_else_is_taken_for_free(licence: str, may: Commercial) -> None:
    assert commercial(licence) is may


def test_clips_are_chosen_by_licence_and_pairs_go_with_them(tmp_path: Path) -> None:
    lines = full(tmp_path)
    lines[2]["licence"] = "CC BY-NC 4.0"
    manifest = read(written(tmp_path, lines))
    assert under(manifest, "any") is manifest
    assert [one.id for one in under(manifest, "free").clips] == ["a"]
    assert under(manifest, "free").pairs == ()
    assert [one.id for one in under(manifest, "MIT, cc-by-nc-4.0").clips] == ["b"]
    with pytest.raises(TooFew, match=r"there are CC BY-NC 4\.0, CC-BY-4\.0"):
        under(manifest, "GPL-3.0")
