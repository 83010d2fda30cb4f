"""What the bundled releases learn from: made singers, real ones who are not held back, and what is done to their takes."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from vocalverse.cli import main
from vocalverse.errors import BadInput
from vocalverse.models.catalogue import Commercial
from vocalverse.training import manifest_files
from vocalverse.training.bundled import corpus
from vocalverse.training.bundled.corpus import make_corpus
from vocalverse.training.bundled.made import LICENCE, made, made_songs
from vocalverse.training.bundled.material import Material
from vocalverse.training.bundled.people import amateurs, people
from vocalverse.training.held import is_held
from vocalverse.training.licences import commercial

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders as those of real singing, with next to nothing in their files."""
    folder = tmp_path_factory.mktemp("data")
    names = {
        "mir1k": [f"{singer}_{song}_0{clip}" for singer in ("abjones", "bobon") for song in (1, 2) for clip in (1, 2)],
        "ssvd": ["1011", "1078"],
        "gtsinger": ["zh02_Control", "zh02_Vibrato", "jp02_Breathy", "jp02_Control", "jp01_Control"],
        "ravdess_song": [f"03-02-05-0{intensity}-01-01-{actor}" for intensity in (1, 2) for actor in ("01", "04")],
    }
    random = np.random.default_rng(2)
    for kind, stems in names.items():
        (folder / kind).mkdir()
        for stem in stems:
            sound = 0.1 * random.standard_normal((RATE_HZ, 2 if kind == "mir1k" else 1))
            soundfile.write(folder / kind / f"{stem}.opus", sound, RATE_HZ, format="OGG", subtype="OPUS")
    return folder


@pytest.fixture(autouse=True)
def few_rivals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vocalverse.training.bundled.people._RIVALS", 1)


def test_nobody_by_whom_releases_are_proved_is_learnt_from(data: Path, tmp_path: Path) -> None:
    found = people(data, tmp_path)
    singers = {clip.singer for clip in (*found.to_damage, *found.others)}
    assert singers == {"abjones", "1011", "1078", "zh02", "jp02", "actor01"} - set(filter(is_held, ["1011", "1078"]))
    assert not any(map(is_held, singers))
    assert {clip.singer for clip in amateurs(data, tmp_path / "songs")} == {"abjones"}


def test_the_same_phrase_with_skill_and_the_same_sentence_with_strong_emotion_are_better(
    data: Path, tmp_path: Path
) -> None:
    pairs = {(pair.better, pair.worse, pair.dimension) for pair in people(data, tmp_path).pairs}
    assert ("gtsinger-zh02_Vibrato", "gtsinger-zh02_Control", "technique") in pairs
    assert not any("Breathy" in better and "Control" in worse for better, worse, _ in pairs), "a colour, no skill"
    strong = [pair for pair in pairs if pair[2] == "emotion"]
    assert strong == [("ravdess-05-01-actor01-02", "ravdess-05-01-actor01-01", "emotion")]
    rivals = {(better.split("-")[0], worse.split("-")[0]) for better, worse, about in pairs if about == "timbre"}
    assert rivals == {("gtsinger", "mir1k")}


def test_no_business_may_use_what_is_learnt_from_people_and_any_what_is_learnt_from_made_singers(
    data: Path, tmp_path: Path
) -> None:
    found = people(data, tmp_path)
    assert Commercial.YES not in {commercial(clip.licence) for clip in (*found.to_damage, *found.others)}
    assert commercial(LICENCE) is Commercial.YES


def test_a_folder_of_something_else_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["releases", "rebuild", str(tmp_path / "out"), "--data", str(tmp_path), "--json"])
    assert done.exit_code == BadInput.exit_status
    assert "mir1k" in json.loads(done.stderr)["message"]
    assert not (tmp_path / "out").exists()


def test_made_singers_are_others_every_time_and_the_same_ones_again(tmp_path: Path) -> None:
    first = made(2, tmp_path / "first").to_damage
    again = made(2, tmp_path / "again").to_damage
    assert [clip.audio.read_bytes() for clip in first] == [clip.audio.read_bytes() for clip in again]
    assert first[0].audio.read_bytes() != first[1].audio.read_bytes()
    (song,) = made_songs(1, tmp_path / "songs")
    assert song.singer not in {clip.singer for clip in first}
    assert soundfile.info(song.audio).duration > 2 * soundfile.info(first[0].audio).duration


def test_a_corpus_orders_each_take_by_its_damage_whatever_it_was_recorded_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "KINDS", frozenset({"dynamics"}))
    (take,) = made(1, tmp_path / "takes").to_damage
    path = make_corpus(Material(to_damage=(take,)), tmp_path)
    found = manifest_files.read(path)
    assert [clip.damage.grade for clip in found.clips if clip.damage] == [0, 1, 2, 3]
    assert {(pair.better[-1], pair.worse[-1]) for pair in found.pairs} == {
        (better, worse) for better in "0123" for worse in "0123" if better < worse
    }
    assert {soundfile.info(clip.audio).samplerate for clip in found.clips} == {RATE_HZ}
    before = [clip.audio.stat().st_mtime_ns for clip in found.clips]
    path.unlink()
    make_corpus(Material(to_damage=(take,)), tmp_path)
    assert before == [clip.audio.stat().st_mtime_ns for clip in found.clips], "what is there is not made again"
