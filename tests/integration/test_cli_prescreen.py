"""`vocalverse prescreen`, as people call it, on singing whose truth is known."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from tests.integration.test_cli_measure import chart_and_tones
from vocalverse.cli import main, prescreen_takes
from vocalverse.prescreen.rules import BUNDLED, read
from vocalverse.synthesis.singing import sing

SINGERS = ("ann", "bo", "cy")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each singer's good take, one that is off by a tone and more, and a copy of a good one."""
    made = tmp_path_factory.mktemp("takes")
    (made / "song.txt").write_text(chart_and_tones()[0])
    for number, singer in enumerate(SINGERS):
        (made / singer).mkdir()
        _, tones = chart_and_tones(semitones=2 * number)
        for name, off in (("good", 0.12), ("bad", 1.6)):  # semitones: who is never off at all is a machine
            rng = np.random.default_rng(number)
            sung = [replace(tone, midi=tone.midi + rng.normal(0, off)) for tone in tones]
            soundfile.write(made / singer / f"{name}.wav", sing(sung, seed=number).samples, 44_100)
    soundfile.write(made / "ann" / "good2.flac", 0.7 * soundfile.read(made / "ann" / "good.wav")[0], 44_100)
    (made / "cy" / "broken.wav").write_bytes(b"no sound")
    return made


@pytest.fixture(autouse=True)
def one_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("VOCALVERSE_DATA", str(tmp_path_factory.getbasetemp() / "data"))


def called(*said: object) -> Result:
    return CliRunner().invoke(main, ["prescreen", *map(str, said)])


def rated(folder: Path, *lines: str, names: str = "audio,singer,chart,keep") -> Path:
    path = folder / "rated.csv"
    path.write_text("\n".join([names, *lines, ""]))
    return path


def all_rated(folder: Path) -> Path:
    lines = [
        f"{one}/{take}.wav,{one},song.txt,{keep}" for one in SINGERS for take, keep in (("good", "yes"), ("bad", "no"))
    ]
    return rated(folder, *lines)


def test_thresholds_are_learnt_from_rated_takes_and_work_on_singers_that_were_not_heard(folder: Path, tmp_path: Path):
    out = tmp_path / "rules.toml"
    result = called("calibrate", all_rated(folder), "--voice", "--out", out, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["singers"] == 3
    assert found["learnt"] == {"kept_good": 3, "lost_good": 0, "passed_bad": 0, "stopped_bad": 3}
    assert found["unseen"]["lost_good"] == 0
    assert found["unseen"]["stopped_bad"] >= 2
    assert len(read(out).rule) == len(read(BUNDLED).rule)


def test_people_read_what_the_thresholds_would_have_done_without_a_second_measurement(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    assert called("calibrate", all_rated(folder), "--voice").exit_code == 0
    monkeypatch.setattr(prescreen_takes, "_measured", lambda *_: iter(()))
    said = called("calibrate", all_rated(folder), "--voice").output
    assert "6 takes of 3 singers: 3 worth keeping, 3 not." in said
    assert "3 (100.0%)" in said
    assert "Nothing is written" in said


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["ann/good.wav,ann,song.txt,maybe"], "line 2: keep is 'maybe'"),
        (["ann/good.wav,ann,song.txt,yes", "ann/none.wav,ann,,no"], "line 3: there is no file"),
        (["ann/good.wav,,song.txt,yes"], "line 2: no singer"),
        ([",ann,song.txt,yes"], "line 2: no audio"),
        (["ann/good.wav,ann,song.txt,"], "line 2: neither keep nor a rating"),
        (["ann/good.wav,ann,,yes", "ann/good.wav,bo,,yes"], "line 3: another singer than in line 2"),
        ([], "lists no recording"),
        (["ann/good.wav,ann,song.txt,yes"], "two singers"),
    ],
)
def test_what_is_wrong_with_a_list_is_told_with_its_line(folder: Path, lines: list[str], said: str):
    result = called("calibrate", rated(folder, *lines), "--voice")
    assert (result.exit_code, said in result.output) == (2, True), result.output


def test_ratings_need_to_be_told_from_where_they_are_good(folder: Path):
    path = folder / "rated.jsonl"
    rows = [
        {"audio": f"{one}/{take}.wav", "singer": one, "rating_breath": mark, "rating_timbre": mark + 1}
        for one in SINGERS
        for take, mark in (("good", 3), ("bad", 1))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "--keep-from" in called("calibrate", path, "--voice").output
    assert "3 worth keeping, 3 not." in called("calibrate", path, "--voice", "--keep-from", "3.5").output


def test_rules_are_never_written_over(folder: Path, tmp_path: Path):
    before = BUNDLED.read_bytes()
    for out in (BUNDLED, folder / "song.txt"):
        assert called("calibrate", all_rated(folder), "--voice", "--out", out).exit_code == 2
    assert BUNDLED.read_bytes() == before


def test_takes_for_experts_are_picked_from_a_folder(folder: Path, tmp_path: Path):
    out = tmp_path / "experts.csv"
    result = called("curate", folder, "--voice", "--keep", 3, "--names", "{singer}/*", "--out", out)
    assert result.exit_code == 0, result.output
    with out.open(newline="") as file:
        rows = {Path(row["audio"]).parent.name + "/" + Path(row["audio"]).name: row for row in csv.DictReader(file)}
    picked = [row["singer"] for row in rows.values() if row["picked"] == "yes"]
    assert sorted(picked) == list(SINGERS)
    assert rows["ann/good2.flac"]["why"] == "same sound as ann/good.wav"
    assert rows["cy/broken.wav"]["why"] == "not heard: unsupported_format"
    assert float(rows["bo/good.wav"]["pitch_low"]) < float(rows["bo/good.wav"]["pitch_high"])
    again = tmp_path / "again.csv"
    called("curate", folder, "--voice", "--keep", 3, "--names", "{singer}/*", "--out", again)
    assert again.read_bytes() == out.read_bytes()


def test_a_list_that_was_written_is_a_list_that_can_be_read(folder: Path, tmp_path: Path):
    path = rated(
        folder, "ann/good.wav,ann,song.txt,scale", "ann/bad.wav,ann,song.txt,scale", names="audio,singer,chart,song"
    )
    out = folder / "picked.jsonl"
    assert called("curate", path, "--voice", "--keep", 5, "--out", out).exit_code == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert {row["audio"]: row["why"] for row in rows} == {"ann/good.wav": "picked", "ann/bad.wav": "low: off_pitch"}
    assert called("curate", out, "--voice", "--keep", 5, "--out", tmp_path / "again.jsonl").exit_code == 0


@pytest.mark.parametrize(
    "said",
    [
        ("--names", "{singer}/{take}"),
        ("--names", "{singer}/{singer}"),
        ("--names", "nobody_*"),
        ("--out", "picked.xlsx"),
        ("--rules", "none.toml"),
    ],
)
def test_wishes_that_cannot_be_met_are_told_before_anything_is_heard(
    folder: Path, tmp_path: Path, said: tuple[str, str]
):
    wished = {"--keep": "3", "--out": str(tmp_path / "list.csv")} | dict([said])
    result = called("curate", folder, *(word for pair in wished.items() for word in pair))
    assert (result.exit_code, said[1].split("/")[-1] in result.output) == (2, True), result.output


def test_rules_can_be_read(tmp_path: Path):
    assert "off_pitch: low, weight 1 of 1" in called("show").output
    (tmp_path / "rules.toml").write_text('low_from = 1\n[[rule]]\ncode = "hum"\n')
    result = called("show", tmp_path / "rules.toml")
    assert (result.exit_code, "rule 1 lacks outcome, when, why" in result.output) == (2, True)
    said = json.loads(called("show", "--json").stdout)
    assert said["rules"][0].keys() >= {"code", "outcome", "when", "why"}
