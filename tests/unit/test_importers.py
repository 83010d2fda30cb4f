"""Collections and lists as manifests, by the command that people type."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from vocalverse.cli import main
from vocalverse.errors import BadInput, ManifestBroken
from vocalverse.training.manifest import Manifest, Pair, Rating
from vocalverse.training.manifest_files import read


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["data", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def imported(tmp_path: Path, *arguments: object) -> Manifest:
    out = tmp_path / "made" / "manifest.jsonl"
    code, _, said = run("import", *arguments, "--out", out)
    assert code == 0, said
    return read(out)


def table(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def sound(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.fixture
def singmos(tmp_path: Path) -> Path:
    folder = tmp_path / "singmos"
    sound(folder, *(f"wav/u{number}.wav" for number in range(4)))
    info = {
        "split": {"v1": {"train": ["u0", "u3"]}, "test2": {"train": [], "eval": ["u1", "u2"]}},
        "score": {
            "utterance": {
                name: {
                    "sys_id": system,
                    "wav": f"wav/{name}.wav",
                    "score": {"mos": 3.5, "judges": [7, 9], "scores": [3, 4]},
                    "lyrics": {"mos": 4.0, "judges": [7], "scores": [4]},
                }
                for name, system in (("u0", "s1"), ("u1", "s2"), ("u2", "s3"), ("u3", "s1"))
            }
        },
        "sys_info": {
            "s1": {"sample_rate": 16000, "tag": {"domain_id": 1}},
            "s2": {"sample_rate": 16000, "tag": {"domain_id": 4}},
            "s3": {"sample_rate": 24000, "tag": {"domain_id": 1}},
        },
    }
    (folder / "info").mkdir()
    for name, said in info.items():
        (folder / "info" / f"{name}.json").write_text(json.dumps(said))
    return folder


def test_singmos_keeps_its_raters_domains_and_splits_and_leaves_out_what_is_not_at_16_khz(
    tmp_path: Path, singmos: Path
) -> None:
    clips = {clip.id: clip for clip in imported(tmp_path, "singmos", singmos).clips}
    assert list(clips) == ["u0", "u3", "u1"]
    assert clips["u1"].split == "test2"
    assert (clips["u1"].domain, clips["u1"].system, clips["u1"].licence) == ("4", "s2", "CC-BY-4.0")
    assert clips["u0"].ratings == (Rating("quality", 3, "7"), Rating("quality", 4, "9"), Rating("lyrics", 4, "7"))


def test_singmos_that_is_laid_out_otherwise_is_told(tmp_path: Path, singmos: Path) -> None:
    (singmos / "info" / "sys_info.json").write_text("{}")
    code, _, said = run("import", "singmos", singmos, "--out", tmp_path / "x.jsonl")
    assert (code, "not laid out as SingMOS-Pro's" in said) == (2, True)
    (singmos / "info" / "sys_info.json").unlink()
    assert (
        "Give the folder that holds info/ and wav/"
        in run("import", "singmos", singmos, "--out", tmp_path / "x.jsonl")[2]
    )
    assert not (tmp_path / "x.jsonl").exists()


def test_ravdess_pairs_strong_with_normal_of_one_actor_emotion_and_statement(tmp_path: Path) -> None:
    folder = tmp_path / "ravdess"
    neutral, calm, strong = "03-02-01-01-01-01-05", "03-02-02-01-02-02-12", "03-02-02-02-02-02-12"
    speech, other = "03-01-02-02-02-02-12", "03-02-03-02-02-01-12"
    sound(folder, *(f"Actor/{name}.wav" for name in (neutral, calm, strong, speech, other)), "read me.txt")
    manifest = imported(tmp_path, "ravdess", folder)
    assert [clip.id for clip in manifest.clips] == [neutral, calm, strong, other]
    assert manifest.pairs == (Pair(strong, calm, "emotion", "acted"),)
    first, second = manifest.clips[:2]
    assert (first.singer, first.song, first.gender, first.licence) == (
        "ravdess-05",
        "ravdess-01",
        "male",
        "CC-BY-NC-SA-4.0",
    )
    assert (second.gender, second.text) == ("female", "Dogs are sitting by the door.")
    code, _, said = run("import", "ravdess", tmp_path / "made", "--out", tmp_path / "x.jsonl")
    assert (code, "holds no song of RAVDESS" in said) == (2, True)


def test_sing_md_has_two_experts_to_a_song(tmp_path: Path) -> None:
    sound(tmp_path, "a.flac")
    marks = {"audio": "a.flac", "singer": "ann", "song": "one", "breath": 3, "technique": 4, "timbre": 2.5}
    rows = [marks | {"expert": "x", "emotion": 5}, marks | {"expert": "y", "emotion": ""}]
    (clip,) = imported(tmp_path, "singmd", table(tmp_path / "ratings.csv", rows)).clips
    assert [rating.rater for rating in clip.ratings] == ["x"] * 4 + ["y"] * 3
    assert (clip.mean("emotion"), clip.mean("timbre"), clip.licence) == (5, 2.5, "CC-BY-NC-ND-4.0")
    del rows[0]["expert"], rows[1]["expert"]
    code, _, said = run("import", "singmd", table(tmp_path / "ratings.csv", rows), "--out", tmp_path / "x.jsonl")
    assert (code, "has no expert" in said) == (2, True)


def test_a_list_of_ones_own_names_its_columns_as_it_likes(tmp_path: Path) -> None:
    sound(tmp_path, "ann/moon_1.wav", "bo/sun_1.wav")
    rows = [
        {"file": "ann/moon_1.wav", "Atem": 8, "who": "x", "sex": "f"},
        {"file": "bo/sun_1.wav", "Atem": 2, "who": "x", "sex": "m"},
        {"file": "ann/moon_1.wav", "Atem": "9,5", "who": "y", "sex": "f"},
    ]
    asked = ["--column", "audio=file", "--column", "gender=sex", "--rating", "breath=Atem", "--rater", "who"]
    asked += ["--names", "{singer}/{song}_*", "--licence", "MIT", "--scale", "0", "10"]
    listed = table(tmp_path / "list.csv", rows)
    code, _, said = run("import", "csv", listed, *asked, "--out", tmp_path / "x.jsonl")
    assert (code, "line 2: the rating of breath is '9,5', no finite number" in said) == (2, True)
    rows[2]["Atem"] = 9.5
    manifest = imported(tmp_path, "csv", table(listed, rows), *asked)
    assert (manifest.low, manifest.high) == (0, 10)
    first, second = manifest.clips
    assert (first.id, first.singer, first.song, first.gender, first.mean("breath")) == (
        "ann/moon_1",
        "ann",
        "moon",
        "f",
        8.75,
    )
    assert (second.singer, second.song, second.licence) == ("bo", "sun", "MIT")


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "jsonl"])
def test_tables_of_all_kinds_say_the_same(tmp_path: Path, ending: str) -> None:
    sound(tmp_path, "a.wav")
    said = {"audio": "a.wav", "singer": "ann", "song": "one", "licence": "MIT", "breath": 4, "synthetic": "yes"}
    texts = {
        "csv": f"{','.join(said)}\n{','.join(map(str, said.values()))}\n",
        "tsv": "\t".join(said) + "\n" + "\t".join(map(str, said.values())) + "\n",
        "json": json.dumps([said]),
        "jsonl": json.dumps(said) + "\n",
    }
    path = tmp_path / f"list.{ending}"
    path.write_text(texts[ending])
    (clip,) = imported(tmp_path, "csv", path).clips
    assert (clip.singer, clip.mean("breath"), clip.synthetic) == ("ann", 4, True)


def test_one_take_cannot_be_two_songs(tmp_path: Path) -> None:
    sound(tmp_path, "a.wav")
    said = {"audio": "a.wav", "singer": "ann", "song": "one", "licence": "MIT", "rating_PQ": 4, "rater": "x"}
    listed = table(tmp_path / "list.csv", [said, said | {"song": "two", "rater": "y"}])
    code, _, told = run("import", "csv", listed, "--out", tmp_path / "x.jsonl")
    assert (code, "line 3: song is 'two', and 'one' in line 2" in " ".join(told.split())) == (2, True)


def test_comparisons_bring_their_takes_or_name_those_of_another_manifest(tmp_path: Path) -> None:
    sound(tmp_path, "ann/one.wav", "bo/one.wav")
    said = {"better": "ann/one.wav", "worse": "bo/one.wav", "dimension": "timbre", "rater": "x"}
    listed = table(tmp_path / "pairs.csv", [said])
    manifest = imported(tmp_path, "pairs", listed, "--names", "{singer}/{song}", "--licence", "MIT")
    assert manifest.pairs == (Pair("ann/one", "bo/one", "timbre", "x"),)
    assert {clip.id: clip.singer for clip in manifest.clips} == {"ann/one": "ann", "bo/one": "bo"}
    more = table(tmp_path / "more.csv", [{"better": "bo/one", "worse": "ann/one", "dimension": "breath"}])
    both = tmp_path / "made" / "both.parquet"
    assert run("import", "pairs", more, "--clips", tmp_path / "made" / "manifest.jsonl", "--out", both)[0] == 0
    assert read(both) == Manifest(manifest.clips, (*manifest.pairs, Pair("bo/one", "ann/one", "breath")))


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("csv", "singer,song\nann,one\n", "has no audio; it needs audio"),
        ("csv", "audio,singer\n,ann\n", "line 2: no id, audio, song, licence"),
        ("csv", "audio,singer\na.wav\n", "line 2: not as many cells"),
        ("csv", "audio,singer\n", "has no line below its names"),
        ("csv", '[{"audio": "a.wav"}, 5]', "entry 2: not a JSON object"),
        ("csv", '{"audio": "a.wav"', "neither a table nor a list of JSON objects"),
        ("pairs", "better,worse,dimension\na.wav,,breath\n", "line 2: a pair needs better, worse and dimension"),
        ("pairs", '{"better": "a.wav", "worse": "b.wav"}', "has no dimension"),
        ("singmd", "", "has no line below its names"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(tmp_path: Path, kind: str, text: str, told: str) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text(text)
    code, _, said = run("import", kind, listed, "--out", tmp_path / "x.jsonl")
    assert (code, told in " ".join(said.split())) == (2, True), said


def test_nothing_is_written_where_anything_is_wrong(tmp_path: Path) -> None:
    listed = table(tmp_path / "list.csv", [{"audio": "gone.wav", "singer": "ann"}])
    out = tmp_path / "x.jsonl"
    assert run("import", "csv", listed, "--out", out)[0] == ManifestBroken.exit_status
    assert run("import", "csv", listed, "--out", tmp_path / "x.txt")[0] == BadInput.exit_status
    assert run("import", "csv", listed, "--column", "nose=x", "--out", out)[0] == BadInput.exit_status
    assert run("import", "csv", listed, "--rating", "breath", "--out", out)[0] == BadInput.exit_status
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.csv"]


def test_check_tells_what_is_in_a_manifest_and_all_that_is_wrong(tmp_path: Path, singmos: Path) -> None:
    (singmos / "wav" / "u1.wav").write_bytes(b"another")
    imported(tmp_path, "singmos", singmos)
    made = tmp_path / "made" / "manifest.jsonl"
    code, out, _ = run("check", made, "--json")
    found = json.loads(out)
    assert (code, found["clips"], found["splits"]) == (0, 3, {"train": 2, "test2": 1})
    assert found["dimensions"][0] | {"mean": 0, "spread": 0} == {
        "dimension": "quality",
        "clips": 3,
        "ratings": 6,
        "raters": 2,
        "rated_twice": 3,
        "mean": 0,
        "spread": 0,
        "pairs": 0,
    }
    assert found["same_sound"] == [["u0", "u3"]]
    made.write_text(made.read_text() + '{"id": "x"}\n{"id": "y"}\n')
    code, _, said = run("check", made)
    assert code == 2
    assert [line.split(": ")[0].split(", ")[1] for line in said.splitlines()] == ["line 5", "line 6"]


def test_check_fails_where_a_singer_is_in_two_splits(tmp_path: Path, singmos: Path) -> None:
    info = singmos / "info" / "split.json"
    info.write_text(json.dumps({"v1": {"train": ["u0"]}, "test1": {"eval": ["u3"]}}))
    imported(tmp_path, "singmos", singmos)
    code, _, said = run("check", tmp_path / "made" / "manifest.jsonl")
    assert (code, "[split_leaks]" in said, "'s1'" in said) == (2, True, True)


def test_check_fails_where_one_recording_is_in_two_splits_under_two_names(tmp_path: Path, singmos: Path) -> None:
    imported(tmp_path, "singmos", singmos)  # all files are empty
    code, _, said = run("check", tmp_path / "made" / "manifest.jsonl")
    assert (code, "u0 (train) and u3 (train) and u1 (test2) are the same recording" in " ".join(said.split())) == (
        2,
        True,
    )
    assert "The same recording: u0, u3, u1" in said
