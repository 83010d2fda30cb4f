"""A whole run, small: what it refuses before it hears anything, and that it ends the same however it was stopped."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from tests.tiny_encoders import make_tiny
from vocalverse.cli import main
from vocalverse.errors import BadInput, ManifestBroken, NotFound, SplitLeaks, TooFew
from vocalverse.models.catalogue import Commercial
from vocalverse.models.encoders.encoder import Family
from vocalverse.models.encoders.open import open_encoder, revision_of
from vocalverse.release.verify import verify
from vocalverse.training.course import Course
from vocalverse.training.ensemble import Member
from vocalverse.training.job import Job, run
from vocalverse.training.opening import Means
from vocalverse.training.recipe_read import read

RECIPE = """
title = "Small"
about = "For a test."
coverage = 0.5
overall = { breath = 1.0 }

[encoders.ear]
family = "whisper"
folder = "ear"
licence = "MIT"

[heads.one]
dimensions = ["breath"]
encoders = ["ear"]
kind = "mlp"
hidden = 8
dropout = 0.2
losses = [{ name = "utmos" }]

[training]
rate = 0.01
epochs = 4
batch = 4

[ensemble]
seeds = [1, 2]

[shares]
validation = 0.2
calibration = 0.3
test = 0.25
"""


def nobody(_member: Member, _course: Course) -> None:
    return


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight singers, two takes of each: the better, the less noise."""
    folder = tmp_path_factory.mktemp("house")
    make_tiny(Family.WHISPER, folder / "ear")
    (folder / "small.toml").write_text(RECIPE, encoding="utf-8")
    rng = np.random.default_rng(5)
    lines = []
    for number in range(16):
        noise = rng.uniform(0, 0.3)
        time_s = np.arange(16_000) / 16_000
        sound = 0.3 * np.sin(2 * np.pi * rng.uniform(150, 400) * time_s) + noise * rng.standard_normal(16_000)
        soundfile.write(folder / f"{number}.wav", 0.5 * sound, 16_000)
        rating = {"dimension": "breath", "rater": "ann", "value": round(5 - 13 * noise, 1)}
        who = {"singer": f"singer {number // 2}", "song": f"song {number}", "licence": "CC0-1.0"}
        lines.append({"id": str(number), "audio": f"{number}.wav", **who, "ratings": [rating]})
    (folder / "rated.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder


def job(house: Path, out: Path, *changes: str, data: Path | None = None) -> Job:
    means = Means(out, house / "models", house / "cache")
    return Job(read(str(house / "small.toml"), changes=changes), data or house / "rated.jsonl", means)


def rewritten(house: Path, name: str, change: Callable[[int, dict[str, object]], dict[str, object]]) -> Path:
    lines = [json.loads(line) for line in (house / "rated.jsonl").read_text(encoding="utf-8").splitlines()]
    path = house / f"{name}.jsonl"
    path.write_text("".join(json.dumps(change(at, line)) + "\n" for at, line in enumerate(lines)), encoding="utf-8")
    return path


def test_a_run_that_was_stopped_and_resumed_seals_the_same_release_bit_by_bit(house: Path, tmp_path: Path) -> None:
    whole = run(job(house, tmp_path / "whole"), nobody)
    calls = 0

    def stop(_member: Member, _course: Course) -> None:
        nonlocal calls
        calls += 1
        if calls in (2, 5):
            raise KeyboardInterrupt

    stopped = job(house, tmp_path / "stopped")
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run(stopped, stop)
        assert not (tmp_path / "stopped/releases").exists()
        with pytest.raises(BadInput, match="--resume"):
            run(replace(stopped, resume=False), nobody)
        stopped = replace(stopped, resume=True)
    resumed = run(stopped, stop)
    assert resumed.sealed.digest == whole.sealed.digest
    assert verify(resumed.sealed.folder).spec.commercial is Commercial.YES
    assert resumed.sealed.spec.overall is not None
    with pytest.raises(BadInput, match="another recipe"):
        run(replace(job(house, tmp_path / "stopped", "training.epochs=5"), resume=True), nobody)


def test_another_seed_is_another_release(house: Path, tmp_path: Path) -> None:
    found = {
        run(job(house, tmp_path / str(seed), f"ensemble.seeds=[{seed}]", "training.epochs=1"), nobody).sealed.digest
        for seed in (1, 2)
    }
    assert len(found) == 2


@pytest.mark.parametrize("how", ["full", "lora"])
def test_an_encoder_that_was_learnt_lies_in_the_release_and_loads_as_it_was_published(
    house: Path, tmp_path: Path, how: str
) -> None:
    changes = [f"encoders.ear.finetune={how}", "encoders.ear.rate=0.001", "ensemble.seeds=[1]", "training.epochs=1"]
    result = run(job(house, tmp_path / "run", *changes), nobody)
    encoder = result.sealed.spec.encoders[0]
    folder = result.sealed.folder / str(encoder.folder)
    assert revision_of(Family.WHISPER, folder) == encoder.revision != revision_of(Family.WHISPER, house / "ear")
    assert open_encoder(Family.WHISPER, folder, layer=-1).info.revision == encoder.revision


def test_a_release_is_no_freer_than_what_it_was_learnt_from(house: Path, tmp_path: Path) -> None:
    bound = rewritten(house, "bound", lambda at, line: line | ({"licence": "CC-BY-NC-4.0"} if at == 0 else {}))
    result = run(job(house, tmp_path / "any", "training.epochs=1", data=bound), nobody)
    assert result.sealed.spec.commercial is Commercial.NO
    card = (result.sealed.folder / "CARD.md").read_text(encoding="utf-8")
    assert "CC-BY-NC-4.0" in card
    free = replace(job(house, tmp_path / "free", "training.epochs=1", data=bound), licences="free")
    assert run(free, nobody).sealed.spec.commercial is Commercial.YES


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda at, line: line | {"ratings": []}, ManifestBroken, "breath"),
        (lambda at, line: line | {"singer": "ann", "song": "one"}, TooFew, "1 singers"),
        (lambda at, line: line | {"split": ("train", "test")[at % 2]}, SplitLeaks, "singer"),
    ],
    ids=["unrated", "one singer", "leak"],
)
def test_what_cannot_be_learnt_from_is_refused_before_anything_is_heard(
    house: Path,
    tmp_path: Path,
    change: Callable[[int, dict[str, object]], dict[str, object]],
    error: type[Exception],
    said: str,
) -> None:
    with pytest.raises(error, match=said):
        run(job(house, tmp_path / "out", data=rewritten(house, "broken", change)), nobody)
    assert not (tmp_path / "out").exists()


def test_a_clip_that_cannot_be_heard_is_named_and_leaves_no_release(house: Path, tmp_path: Path) -> None:
    (house / "noise.wav").write_bytes(b"RIFF no sound at all")
    data = rewritten(house, "deaf", lambda at, line: line | ({"audio": "noise.wav"} if at == 3 else {}))
    with pytest.raises(ManifestBroken, match=r"3: .*noise\.wav cannot be heard"):
        run(job(house, tmp_path / "out", data=data), nobody)
    assert not (tmp_path / "out/releases").exists()


def test_too_few_clips_to_promise_intervals_are_said_to_be_too_few(house: Path, tmp_path: Path) -> None:
    with pytest.raises(TooFew, match="breath: Intervals"):
        run(job(house, tmp_path / "out", "coverage=0.99", "training.epochs=1"), nobody)


def test_comparisons_alone_make_a_release_whose_intervals_promise_nothing(house: Path, tmp_path: Path) -> None:
    rated = [json.loads(line) for line in (house / "rated.jsonl").read_text(encoding="utf-8").splitlines()]
    by_value = sorted(rated, key=lambda line: line["ratings"][0]["value"])
    lines = [{key: value for key, value in line.items() if key != "ratings"} for line in rated]
    lines += [
        {"better": better["id"], "worse": worse["id"], "dimension": "breath"}
        for at, worse in enumerate(by_value)
        for better in by_value[at + 1 :]
    ]
    (house / "pairs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    changes = ["training.target=pairs", "heads.one.output.kind=pairwise", "heads.one.losses=[{name='preference'}]"]
    result = run(job(house, tmp_path / "out", *changes, data=house / "pairs.jsonl"), nobody)
    (outcome,) = result.outcomes
    assert outcome.test is None
    assert outcome.pairs > 0
    assert outcome.in_order is not None
    assert outcome.calibration.to == (1.0, 5.0)
    assert "pairs" in result.sealed.spec.measured_on


def test_a_folder_of_no_encoder_is_named(house: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        run(job(house, tmp_path / "out", f"encoders.ear.folder={tmp_path}/nowhere"), nobody)


def test_the_command_trains_and_says_what_it_is_worth(house: Path, tmp_path: Path) -> None:
    command = ["train", str(house / "small.toml"), "--data", str(house / "rated.jsonl"), "--out", str(tmp_path / "out")]
    more = ["--cache", str(house / "cache"), "--set", "training.epochs=1", "--name", "first", "--seed", "4", "--json"]
    done = CliRunner().invoke(main, [*command, *more])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["release"], said["commercial"], said["kept"]) == ("first", "yes", {"one": ["one-01", "one-02"]})
    assert said["dimensions"][0]["dimension"] == "breath"
    assert Path(said["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    again = CliRunner().invoke(main, [*command, *more])
    assert again.exit_code == BadInput.exit_status
    assert json.loads(again.stderr)["error"] == "bad_input"


def test_recipes_are_listed_with_their_ablations() -> None:
    done = CliRunner().invoke(main, ["train", "recipes", "--json"])
    rows = json.loads(done.stdout)
    assert {row["recipe"] for row in rows} == {"lite", "vocalverse", "singmos", "mmmos", "dera-mos"}
    assert all(row["about"] for row in rows)
    assert ("vocalverse", "crop30") in {(row["recipe"], row["ablation"]) for row in rows}
