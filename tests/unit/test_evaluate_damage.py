"""What damage costs with a judge, against sums done by hand."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from vocalverse.cli.evaluate import evaluate
from vocalverse.errors import ManifestBroken, TooFew
from vocalverse.evaluation.damage import of_damage
from vocalverse.evaluation.figure import Resampling
from vocalverse.evaluation.judgements import Told
from vocalverse.synthesis.damage.family import Generator
from vocalverse.training.manifest import Clip, Damaged, Manifest

FEW = Resampling(draws=50)


def versions(take: str, kind: str, generator: Generator = Generator.REPORT, grades: int = 3) -> list[Clip]:
    return [
        Clip(f"{take}-{kind}-{grade}", Path("x"), take, "song", "any", damage=Damaged(kind, grade, take, generator))
        for grade in range(grades + 1)
    ]


def told(clips: list[Clip], scores: list[float]) -> dict[str, Told]:
    return {clip.id: Told(score) for clip, score in zip(clips, scores, strict=True)}


def test_order_shift_and_spill_are_what_a_hand_makes_of_them() -> None:
    clips = versions("a", "gasps")
    said = {"breath": told(clips, [4.0, 3.0, 3.5, 2.0]), "timbre": told(clips, [3.0, 3.0, 2.5, 3.5])}
    [row] = of_damage(Manifest(tuple(clips)), said, FEW)
    assert (row.kind, row.dimension, row.takes) == ("gasps", "breath", 1)
    assert row.figures["pairs"].value == pytest.approx(2 / 3)
    assert row.figures["exact"].value == 0
    assert row.figures["shift"].value == pytest.approx((1.0 + 0.5 + 2.0) / 3)
    assert row.figures["spill"].value == pytest.approx(((0 + 0.5 + 0.5) / 3) / (3.5 / 3))


def test_a_judge_that_hears_only_what_is_hurt_spills_nothing() -> None:
    clips = [clip for take in "abc" for clip in versions(take, "pitch")]
    said = {"technique": told(clips, [4, 3, 2, 1] * 3), "breath": told(clips, [3] * 12)}
    [row] = of_damage(Manifest(tuple(clips)), said, FEW)
    assert {name: figure.value for name, figure in row.figures.items()} == {
        "pairs": 1,
        "exact": 1,
        "shift": 2,
        "spill": 0,
    }
    assert row.figures["pairs"].low == row.figures["pairs"].high == 1


def test_a_judge_that_says_the_same_of_all_is_half_in_order_and_spill_is_not_known() -> None:
    clips = versions("a", "nasal")
    said = {"timbre": told(clips, [3] * 4), "breath": told(clips, [3] * 4)}
    [row] = of_damage(Manifest(tuple(clips)), said, FEW)
    assert row.figures["pairs"].value == 0.5
    assert row.figures["exact"].value == 0
    assert row.figures["spill"].value is None
    assert "does not fall" in row.figures["spill"].why


def test_kinds_are_told_of_one_by_one_and_together() -> None:
    gasps, dull = versions("a", "gasps"), versions("b", "muffled")
    said = {
        "breath": told([*gasps, *dull], [4, 3, 2, 1, 1, 1, 1, 1]),
        "timbre": told([*gasps, *dull], [1] * 4 + [1, 2, 3, 4]),
    }
    rows = of_damage(Manifest((*gasps, *dull)), said, FEW)
    assert [(row.kind, row.figures["pairs"].value) for row in rows] == [("gasps", 1), ("muffled", 0), ("all", 0.5)]


def test_what_judges_learn_from_is_never_reported_on() -> None:
    clips = versions("a", "gasps", Generator.TRAIN)
    with pytest.raises(ManifestBroken, match="learn from"):
        of_damage(Manifest(tuple(clips)), {"breath": told(clips, [4, 3, 2, 1])}, FEW)


def test_a_take_without_its_control_or_without_judgement_is_not_counted() -> None:
    clips = versions("a", "gasps")
    said = {"breath": told(clips, [4, 3, 2, 1])}
    for some in (clips[1:], clips[:1], []):
        with pytest.raises(TooFew):
            of_damage(Manifest(tuple(some)), said, FEW)
    with pytest.raises(TooFew):
        of_damage(Manifest(tuple(clips)), {"timbre": said["breath"]}, FEW)


def test_the_command_shows_a_table_json_and_a_page(tmp_path: Path) -> None:
    lines = []
    for clip in versions("a", "gasps"):
        assert clip.damage
        (tmp_path / f"{clip.id}.flac").touch()
        words = {"singer": "a", "song": "b", "licence": "CC0-1.0", "damage": vars(clip.damage)}
        lines.append(json.dumps({"id": clip.id, "audio": f"{clip.id}.flac", **words}))
    (tmp_path / "damaged.jsonl").write_text("\n".join(lines))
    (tmp_path / "said.csv").write_text("id,breath\n" + "".join(f"a-gasps-{grade},{4 - grade}\n" for grade in range(4)))
    asked = ["--data", str(tmp_path / "damaged.jsonl"), "--predictions", str(tmp_path / "said.csv"), "--damage"]
    shown = CliRunner().invoke(evaluate, [*asked, "--html", str(tmp_path / "page.html")])
    assert shown.exit_code == 0, shown.output
    assert "gasps" in shown.stdout
    assert "1.000" in shown.stdout
    assert "gasps" in (tmp_path / "page.html").read_text()
    said = json.loads(CliRunner().invoke(evaluate, [*asked, "--json"]).stdout)
    assert said["damage"][0]["figures"]["shift"]["value"] == 2
