"""Releases whose scores rest on reasoned evidence, and on what a head that was learnt hears beside it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.tiny_encoders import make_tiny
from vocalverse.models.encoders.encoder import Family
from vocalverse.models.heads.config import HeadKind
from vocalverse.release.judge import Judge
from vocalverse.release.sounds import Sounds
from vocalverse.release.spec import HEARD, DimensionSpec, EvidenceSpec
from vocalverse.synthesis.damage.family import Generator
from vocalverse.training.bundled.compare import compare
from vocalverse.training.course import Course
from vocalverse.training.ensemble import Member
from vocalverse.training.job import Job, Result, run
from vocalverse.training.manifest import Clip, Damaged
from vocalverse.training.opening import Means
from vocalverse.training.reasoned import heard_beside, strengths
from vocalverse.training.recipe import HeadRecipe
from vocalverse.training.recipe_read import RecipeBroken, read

RECIPE = """
title = "Small"
about = "For a test."
titles = { breath = "Breath", timbre = "Timbre" }
reasoned = "tables"

[encoders.ear]
family = "whisper"
folder = "ear"
licence = "MIT"

[heads.breath]
dimensions = ["breath"]
encoders = ["ear"]
kind = "mlp"
hidden = 8
output = { kind = "pairwise" }
losses = [{ name = "preference" }]
share = 0.25

[training]
target = "pairs"
rate = 0.01
epochs = 3
batch = 4

[shares]
validation = 0.25
calibration = 0.2
test = 0.2

[[parts]]
name = "tables"
licence = "MIT"
commercial = "yes"
source = "this test"
"""
TABLE = """
key = "{key}"
title = "{key}"
evidence = [{{ name = "{evidence}", weight = 3.0, at = [0.0, 9.0], to = [5.0, 1.0], enough = 2.0 }}]
"""


def nobody(_member: Member, _course: Course) -> None:
    return


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight singers, two takes of each: the better, the less noise."""
    folder = tmp_path_factory.mktemp("house")
    make_tiny(Family.WHISPER, folder / "ear")
    (folder / "tables").mkdir()
    for key, evidence in (("breath", "held_tones_even"), ("timbre", "tone_wavers")):
        (folder / "tables" / f"{key}.toml").write_text(TABLE.format(key=key, evidence=evidence), encoding="utf-8")
    overall = "weights = { breath = 0.5, timbre = 0.5 }\n"
    (folder / "tables" / "overall.toml").write_text(overall, encoding="utf-8")
    (folder / "small.toml").write_text(RECIPE, encoding="utf-8")
    rng, time_s, lines = np.random.default_rng(5), np.arange(8_000) / 16_000, []
    for number in range(16):
        sound = 0.3 * np.sin(440 * np.pi * time_s) + 0.2 * (number % 2) * rng.standard_normal(8_000)
        soundfile.write(folder / f"{number}.wav", 0.5 * sound, 16_000)
        who = {"singer": f"singer {number // 2}", "song": f"song {number // 2}", "licence": "CC0-1.0"}
        lines.append({"id": str(number), "audio": f"{number}.wav", **who})
    lines += [{"better": str(one), "worse": str(one + 1), "dimension": "breath"} for one in range(0, 16, 2)]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def made(house: Path) -> Result:
    recipe = read(str(house / "small.toml"))
    return run(Job(recipe, house / "pairs.jsonl", Means(house / "run", house / "models", house / "cache")), nobody)


def test_a_release_rests_on_the_tables_and_a_head_has_its_share_beside_them(made: Result) -> None:
    breath, timbre = made.sealed.spec.dimensions
    assert [one.name for one in breath.evidence] == ["held_tones_even", HEARD]
    assert breath.evidence[1].weight / sum(one.weight for one in breath.evidence) == pytest.approx(0.25)
    assert breath.heads
    assert (timbre.heads, [one.name for one in timbre.evidence]) == ((), ["tone_wavers"])
    assert made.sealed.spec.overall is not None
    assert made.sealed.spec.overall.weights == {"breath": 0.5, "timbre": 0.5}
    assert {"ear", "heads", "tables"} <= {part.name for part in made.sealed.spec.parts}


def test_it_judges_by_what_it_hears_where_nothing_was_measured(made: Result, house: Path) -> None:
    judge = Judge.of(made.sealed, models=house / "models")
    sound, _ = soundfile.read(house / "0.wav", dtype="float32", always_2d=True)
    judged = judge.judge(judge.encode(Sounds.of(sound, sound, 16_000)), {})
    breath, timbre = judged.scores
    assert [one.name for one in breath.evidence] == [HEARD]
    assert timbre.value == 3.0
    assert judged.overall is not None


def test_a_release_that_was_made_again_is_the_same_one(made: Result, house: Path) -> None:
    again = run(
        Job(
            read(str(house / "small.toml")),
            house / "pairs.jsonl",
            Means(house / "again", house / "models", house / "cache"),
        ),
        nobody,
    )
    assert again.sealed.digest == made.sealed.digest
    assert compare(again.sealed, made.sealed.folder.parent).differences == ()


def test_where_a_release_differs_its_files_are_named_and_its_weights_by_how_much(made: Result, house: Path) -> None:
    recipe = read(str(house / "small.toml"), changes=["training.rate=0.02"])
    other = run(Job(recipe, house / "pairs.jsonl", Means(house / "other", house / "models", house / "cache")), nobody)
    found = {one.path: one.largest for one in compare(other.sealed, made.sealed.folder.parent).differences}
    assert {"recipe.json", "heads/breath-01.safetensors"} <= found.keys()
    assert found["recipe.json"] is None
    assert found["heads/breath-01.safetensors"]


def test_a_table_for_every_title_is_wanted(house: Path) -> None:
    with pytest.raises(RecipeBroken, match=r"tables/emotion\.toml"):
        read(str(house / "small.toml"), changes=['titles.emotion="Emotion"'])


def test_a_head_cannot_have_the_whole_score(house: Path) -> None:
    with pytest.raises(RecipeBroken, match=r"heads\.breath\.share"):
        read(str(house / "small.toml"), changes=["heads.breath.share=1.0"])


def test_what_is_heard_takes_its_share_however_heavy_the_evidence_is() -> None:
    head = HeadRecipe(("breath",), HeadKind.MLP, share=0.4)
    for weight in (0.1, 7.0):
        table = DimensionSpec(
            "breath", "Breath", evidence=(EvidenceSpec("held_tones_even", weight, (0.0, 9.0), (5.0, 1.0)),)
        )
        beside = heard_beside(table, head, (-1.0, 0.0, 1.0)).evidence
        assert beside[-1].weight / sum(one.weight for one in beside) == pytest.approx(0.4)


def test_takes_that_nobody_damaged_lie_in_the_upper_half() -> None:
    clip = Clip("a", Path("a"), "s", "s", "MIT")
    clips = [replace(clip, damage=Damaged("ends", grade, "a", Generator.TRAIN)) for grade in (0, 1, 2, 3)] * 20
    least, middle, most = strengths(np.tile([2.0, 1.0, 0.0, -1.0], 20) + np.linspace(0, 0.1, 80), clips)
    assert least < 0
    assert 1.9 < middle < most


def test_strengths_that_are_all_alike_still_rise() -> None:
    least, middle, most = strengths(np.zeros(5), [Clip("a", Path("a"), "s", "s", "MIT")] * 5)
    assert least < middle < most
