"""`vocalverse score`, as people call it, without a server."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from PIL import Image

from tests.integration.test_cli_measure import LINES, chart_and_tones, plainly_run  # noqa: F401 - a fixture
from tests.releases import DIMENSIONS, make_reasoned_release
from vocalverse.cli import main
from vocalverse.gateway.models import AssessmentAnswer
from vocalverse.models.catalogue import Commercial
from vocalverse.synthesis.singing import sing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes, their song, and a release beside them."""
    made = tmp_path_factory.mktemp("takes")
    chart, tones = chart_and_tones(semitones=3)
    (made / "song.txt").write_text(chart)
    soundfile.write(made / "take.wav", sing(tones, seed=2).samples, 44_100)
    soundfile.write(made / "silence.wav", np.zeros((44_100 * 6, 2)), 44_100)
    (made / "broken.wav").write_bytes(b"no sound")
    make_reasoned_release(made / "releases")
    make_reasoned_release(made / "releases", name="others", commercial=Commercial.NO)
    return made


def scored(folder: Path, *said: object) -> Result:
    release = ("--release", folder / "releases" / "reasoned")
    return CliRunner().invoke(main, ["score", *map(str, (*release, *said))])


def files_of(result: Result) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = json.loads(result.stdout)["files"]
    return files


@pytest.fixture(scope="module")
def take(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is told of it in JSON."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOCALVERSE_DATA", str(tmp_path_factory.mktemp("data")))
        result = scored(folder, folder / "take.wav", "--voice", "--song", folder / "song.txt", "--json")
    assert result.exit_code == 0, result.output
    return files_of(result)[0]


def test_json_says_it_in_the_words_of_the_gateway(take: dict[str, Any]):
    told = {name: value for name, value in take.items() if name not in ("file", "took_s", "error", "message")}
    answer = AssessmentAnswer.model_validate(told)
    assert told.keys() == AssessmentAnswer.model_fields.keys()
    assert json.loads(answer.model_dump_json()) == told


def test_four_dimensions_an_overall_mark_and_what_they_rest_on(take: dict[str, Any]):
    assert (take["outcome"], take["verdict"], take["release"]) == ("scored", "pass", "reasoned")
    assert tuple(take["dimensions"]) == DIMENSIONS
    for score in (*take["dimensions"].values(), take["overall"]):
        assert 1 <= score["low"] <= score["value"] <= score["high"] <= 5
    assert {*take["evidence"]} == {*DIMENSIONS, "overall"}
    for pieces in take["evidence"].values():
        assert [piece["effect"] for piece in pieces] == sorted((piece["effect"] for piece in pieces), reverse=True)
    assert {*take["words"]} == {"en", "zh"}
    assert take["measures"]["lines_sung"] == LINES
    assert take["pitch"]["value"] > 90


def test_people_read_marks_and_sentences(folder: Path, take: dict[str, Any]):
    said = scored(folder, folder / "take.wav", "--voice", "--song", folder / "song.txt").output
    assert f"{take['overall']['mark']:.0f} of 100" in said
    for key in DIMENSIONS:
        assert f"{key}  " in said
        assert take["words"]["en"][key] in said
    chinese = scored(folder, folder / "take.wav", "--voice", "--song", folder / "song.txt", "--language", "zh").output
    assert take["words"]["zh"]["overall"] in chinese


def test_what_is_refused_says_why_and_what_cannot_be_heard_does_not_keep_the_others(folder: Path):
    result = scored(folder, folder / "broken.wav", folder / "silence.wav", folder / "take.wav", "--voice", "--json")
    assert result.exit_code == 1
    files = files_of(result)
    assert [file["error"] for file in files] == ["unsupported_format", None, None]
    assert [file.get("outcome") for file in files] == [None, "refused", "scored"]
    assert files[1]["reasons"][0]["code"] == "too_quiet"
    assert files[1]["words"]["en"]["overall"]
    said = scored(folder, folder / "silence.wav", folder / "take.wav", "--voice")
    assert said.exit_code == 0
    assert "too quiet" in said.output
    assert said.output.splitlines()[-1].startswith("take.wav")  # one under the other, at the end


def test_pictures_of_many_are_drawn_side_by_side(folder: Path, take: dict[str, Any], tmp_path: Path):
    out = tmp_path / "pictures"
    song = ("--song", folder / "song.txt")
    result = scored(
        folder, folder / "take.wav", folder / "silence.wav", "--voice", *song, "--jobs", 2, "--picture", out, "--json"
    )
    assert result.exit_code == 0, result.output
    first, second = files_of(result)
    assert first["dimensions"] == take["dimensions"]
    for file in (first, second):
        with Image.open(file["picture"]) as picture:
            assert picture.width > 900
    page = tmp_path / "take.html"
    assert scored(folder, folder / "take.wav", "--voice", *song, "--picture", page).exit_code == 0
    assert take["words"]["zh"]["overall"] in page.read_text(encoding="utf-8")


def test_a_release_that_is_not_here_and_one_that_nobody_agreed_to_are_told_before_anything_is_heard(folder: Path):
    unknown = CliRunner().invoke(main, ["score", str(folder / "take.wav"), "--release", "nobody-s"])
    assert unknown.exit_code != 0
    assert "nobody-s" in unknown.output
    restricted = ("--release", folder / "releases" / "others")
    refused = scored(folder, folder / "take.wav", "--voice", *restricted)
    assert refused.exit_code != 0
    assert "--accept-licence" in refused.output
    agreed = scored(folder, folder / "take.wav", "--voice", *restricted, "--accept-licence")
    assert agreed.exit_code == 0, agreed.output
    assert "not free for commercial use" in agreed.output
    told = json.loads(scored(folder, folder / "broken.wav", *restricted, "--json").stdout)  # agreed to before
    assert (told["release"], told["commercial"]) == ("others", "no")


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (("--voice", "--backing", "b.wav"), "--voice"),
        (("--key-shift", "2"), "--backing"),
        (("--backing", "nowhere.wav"), "nowhere.wav"),
        (("--song", "nowhere.txt"), "nowhere.txt"),
        (("--picture", f"{__file__}/out.png"), "--picture"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(folder: Path, said: tuple[str, ...], word: str):
    result = scored(folder, folder / "take.wav", *said)
    assert result.exit_code in (2, 4)
    assert word in result.output.splitlines()[-1]
