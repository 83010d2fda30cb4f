"""`vocalverse evaluate`, as people type it: a release that listens, or what a judge said before."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from tests.manifests import line, rating, written
from tests.releases import make_tiny_release
from tests.voices import song
from vocalverse.cli import main
from vocalverse.training.listen import Listener

RATE_HZ = 16_000


def run(*arguments: object, data: Path | None = None) -> tuple[int, str, str]:
    env = {"VOCALVERSE_DATA": str(data)} if data else None
    done = CliRunner().invoke(main, ["evaluate", *map(str, arguments)], env=env)
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    random = np.random.default_rng(3)
    lines: list[Any] = []
    for at in range(24):
        quality = random.uniform(1.5, 4.5)
        said = [rating("breath", round(float(quality + random.uniform(-0.5, 0.5)), 1), rater) for rater in "xy"]
        facts = {"singer": f"s{at % 6}", "song": f"song{at}", "gender": "fm"[at % 2], "ratings": said}
        lines.append(line(tmp_path, f"c{at}", **facts))
    return written(tmp_path, lines)


@pytest.fixture
def said(rated: Path) -> Path:
    """Twice as sure of the first dozen."""
    rows = ["id,breath,breath_low,breath_high"]
    for at, text in enumerate(rated.read_text().splitlines()):
        told = json.loads(text)["ratings"][0]["value"]
        width = 0.4 if at < 12 else 0.8
        rows.append(f"c{at},{told},{told - width},{told + width}")
    path = rated.with_name("said.csv")
    path.write_text("\n".join(rows) + "\n")
    return path


def test_what_a_judge_said_is_held_against_raters(rated: Path, said: Path) -> None:
    page, again = rated.with_name("report.html"), rated.with_name("again.jsonl")
    asked = ["--data", rated, "--predictions", said, "--draws", 40, "--triples", 20]
    code, out, _ = run(*asked, "--json", "--html", page, "--save", again)
    assert code == 0
    breath = json.loads(out)["dimensions"]["breath"]
    assert breath["whole"]["clips"]["srcc"]["value"] > 0.9
    assert breath["whole"]["clips"]["srcc"]["n"] == 24
    assert breath["sureness"]["width"] == pytest.approx(1.2)
    assert breath["agreement"]["one_against_rest"]["srcc"]["value"] < breath["whole"]["clips"]["srcc"]["value"]
    assert {group["word"] for group in breath["groups"]} == {"f", "m"}
    assert "<svg" in page.read_text()
    assert run("--data", rated, "--predictions", again, *asked[4:], "--json")[1] == out.replace(said.name, again.name)
    code, out, _ = run(*asked)
    titles = re.findall(r"^[A-Z].*$", out, re.MULTILINE)
    assert titles[0] == "The judge against raters, clip by clip"
    assert "By system: means of what each one made" not in titles  # nobody said what made them


def test_without_a_judge_the_raters_are_looked_at_alone(rated: Path) -> None:
    code, out, _ = run("--data", rated, "--draws", 20)
    assert (code, "Raters among each other" in out, "The judge against raters" in out) == (0, True, False)
    lines = [json.loads(text) for text in rated.read_text().splitlines()]
    alone = written(rated.parent, [one | {"ratings": one["ratings"][:1]} for one in lines])
    code, _, told = run("--data", alone)
    assert (code, "[too_few]" in told, "(1 in all)" in told) == (2, True, True)


def test_a_reason_is_told_once_and_no_number_is_made_up(rated: Path) -> None:
    same = rated.with_name("same.csv")
    same.write_text("id,breath\n" + "".join(f"c{at},3\n" for at in range(24)))
    code, out, _ = run("--data", rated, "--predictions", same, "--draws", 20)
    measured, orders = (re.search(rf"{title}.*\n.*\n(.*)", out) for title in ("clip by clip", "automatic H-TPR"))
    assert code == 0
    assert measured
    assert orders
    assert measured[1].count("– (the judge says the same of all)") == 3
    assert measured[1].split()[:2] == ["breath", "24"]
    assert re.split(r"  +", orders[1]) == ["breath", "24", "– (too few clips whose scores differ)", *"–––––"]


def test_what_is_asked_for_has_to_be_there(rated: Path, said: Path) -> None:
    both = ["--data", rated, "--predictions", said]
    assert "[bad_input]" in run("gold", *both)[2]
    assert "there is breath. [not_found]" in run(*both, "--dimension", "timbre")[2]
    assert "[too_few]" in run(*both, "--split", "test")[2]
    assert "[too_few]" in run(*both, "--licences", "MIT")[2]
    assert "[release_unknown]" in run("gold", "--data", rated, data=rated.parent / "house")[2]
    other = rated.with_name("other.csv")
    other.write_text("id,timbre\nc1,3\n")
    assert "the judge timbre" in run("--data", rated, "--predictions", other)[2]


def test_a_judge_is_not_tried_on_whom_it_learnt_from(rated: Path, said: Path) -> None:
    lines = [json.loads(text) for text in rated.read_text().splitlines()]
    for at, one in enumerate(lines):
        one["split"] = "test2" if at % 6 == 0 else "train"
    parted = written(rated.parent, lines)
    code, out, _ = run("--data", parted, "--predictions", said, "--split", "test", "--draws", 20, "--json")
    assert (code, json.loads(out)["dimensions"]["breath"]["whole"]["clips"]["rmse"]["n"]) == (0, 4)
    lines[1]["split"] = "test2"
    leaking = written(rated.parent, lines)
    asked = ["--data", leaking, "--predictions", said, "--split", "test", "--draws", 20]
    assert "[split_leaks]" in run(*asked)[2]
    assert "[split_leaks]" in run(*asked, "--apart", "singer")[2]
    assert run(*asked, "--apart", "song")[0] == 0


def test_a_release_hears_each_clip_once_and_tells_the_same_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = make_tiny_release(tmp_path / "releases")
    lines: list[Any] = []
    for at in range(3):
        one = line(tmp_path, f"c{at}", singer=f"s{at}", song=f"song{at}", ratings=[rating("breath", at + 1)])
        soundfile.write(tmp_path / one["audio"], song(1.5, seed=at), 44_100)
        lines.append(one)
    lines.append(line(tmp_path, "c9", singer="s9", song="song9", ratings=[rating("breath", 3)]))  # is empty
    data = written(tmp_path, lines)
    asked = [release.folder, "--data", data, "--voice", "--draws", 20, "--save", tmp_path / "said.csv", "--json"]
    code, first, told = run(*asked, data=tmp_path / "house")
    assert (code, "c9" in told) == (0, True)
    found = json.loads(first)
    assert list(found["not_judged"]) == ["c9"]
    assert found["dimensions"]["breath"]["whole"]["clips"]["rmse"]["n"] == 3
    assert (tmp_path / "said.csv").read_text().startswith("id,breath,breath_low,breath_high,technique,")

    def deaf(*_: object) -> None:
        raise AssertionError("it was heard before")

    (tmp_path / "c9.wav").unlink()
    written(tmp_path, lines[:3])
    monkeypatch.setattr(Listener, "listen", deaf)
    code, second, _ = run(*asked, data=tmp_path / "house")
    assert (code, json.loads(second)["dimensions"]) == (0, found["dimensions"])
