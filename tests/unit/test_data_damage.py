"""`data damage`: versions that differ in what was hurt, and in nothing else that could be told from."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from vocalverse.audio.loudness import loudness_lufs
from vocalverse.cli.data_damage import damage
from vocalverse.cli.lazy import Root
from vocalverse.synthesis.damage.family import Generator
from vocalverse.synthesis.singing import RATE_HZ, Tone, sing
from vocalverse.training.manifest import Manifest
from vocalverse.training.manifest_files import read, write


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short phrases after pauses, with no note that a vibrato could live in."""
    folder = tmp_path_factory.mktemp("takes") / "ann"
    folder.mkdir()
    sung = sing([Tone(midi, 0.35, rest_s=rest_s) for midi, rest_s in ((57, 0.6), (60, 0.05), (62, 0.7), (59, 0.05))])
    soundfile.write(folder / "moon_1.wav", sung.samples[:, 0], RATE_HZ)
    return folder / "moon_1.wav"


def run(*arguments: object) -> Result:
    root = Root("vocalverse", commands={"damage": damage})
    return CliRunner().invoke(root, ["damage", *map(str, arguments)])


@pytest.fixture(scope="module")
def made(take: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Manifest, dict[str, object]]:
    out = tmp_path_factory.mktemp("out")
    kinds = "pitch,gasps,muffled,vibrato"
    done = run(take.parent.parent, "--out", out, "--kinds", kinds, "--names", "{singer}/{song}_*", "--json")
    assert done.exit_code == 0, done.output
    return read(out / "damaged.jsonl"), json.loads(done.stdout)


def test_a_take_becomes_a_control_and_three_grades_of_each_kind_that_finds_something_to_hurt(
    made: tuple[Manifest, dict[str, object]],
) -> None:
    manifest, said = made
    damages = [clip.damage for clip in manifest.clips if clip.damage]
    assert [(one.kind, one.grade) for one in damages] == [
        (kind, grade) for kind in ("pitch", "gasps", "muffled") for grade in range(4)
    ]
    assert {(one.of, one.generator) for one in damages} == {("ann/moon_1", Generator.TRAIN)}
    assert {(clip.singer, clip.song) for clip in manifest.clips} == {("ann", "moon")}
    assert said["untouched"] == {"vibrato": 1}


def test_of_any_two_grades_the_lesser_is_better_in_the_dimension_that_is_hurt(
    made: tuple[Manifest, dict[str, object]],
) -> None:
    manifest, _ = made
    grades = {clip.id: clip.damage for clip in manifest.clips}
    assert len(manifest.pairs) == 3 * len(list(combinations(range(4), 2)))
    for pair in manifest.pairs:
        better, worse = grades[pair.better], grades[pair.worse]
        assert better
        assert worse
        assert better.kind == worse.kind
        assert better.grade < worse.grade
        assert pair.dimension == {"pitch": "technique", "gasps": "breath", "muffled": "timbre"}[worse.kind]


def test_level_and_length_tell_nothing(made: tuple[Manifest, dict[str, object]], take: Path) -> None:
    loud = [loudness_lufs(*soundfile.read(clip.audio, dtype="float32", always_2d=True)) for clip in made[0].clips]
    assert np.ptp(loud) < 0.2
    assert {soundfile.info(clip.audio).frames for clip in made[0].clips} == {soundfile.info(take).frames}


def test_the_same_seed_makes_the_same_sound_and_another_one_another(take: Path, tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        assert run(take, "--out", tmp_path / name, "--kinds", "gasps", "--grades", 1, "--seed", seed).exit_code == 0
    one, same, other = (
        [clip.audio.read_bytes() for clip in read(tmp_path / name / "damaged.jsonl").clips]
        for name in ("one", "same", "other")
    )
    assert one == same
    assert one[1] != other[1]


def test_the_manifest_says_the_same_as_parquet(made: tuple[Manifest, dict[str, object]], tmp_path: Path) -> None:
    write(made[0], tmp_path / "damaged.parquet")
    assert read(tmp_path / "damaged.parquet") == made[0]


def test_what_cannot_be_is_said_in_a_sentence(take: Path, tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(RATE_HZ), RATE_HZ)
    for arguments, said in (
        ((take, "--kinds", "gasps,hiccups"), "there is no hiccups"),
        ((take, "--names", "{singer}-{song}"), "fits no recording"),
        ((silent, "--kinds", "gasps"), "Nothing was found to hurt"),
        ((tmp_path / "nothing.wav",), "nothing.wav"),
    ):
        done = run(*arguments, "--out", tmp_path / "out")
        assert done.exit_code == 2, (arguments, done.output)
        assert said in done.stderr
    assert not (tmp_path / "out" / "damaged.jsonl").exists()


@pytest.mark.parametrize(
    "damage", [{"kind": "gasps"}, "gasps", {"kind": "a", "grade": -1, "of": "b", "generator": "train"}]
)
def test_a_line_whose_damage_makes_no_sense_is_told_of(damage: object, take: Path, tmp_path: Path) -> None:
    clip = {"id": "a", "audio": str(take), "singer": "s", "song": "t", "licence": "x", "damage": damage}
    (tmp_path / "odd.jsonl").write_text(json.dumps(clip))
    done = run(tmp_path / "odd.jsonl", "--out", tmp_path / "out")
    assert "line 1: damage is" in done.stderr
