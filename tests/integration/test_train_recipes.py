"""Every recipe from end to end, on tiny random encoders and singing out of numbers: it learns what can be heard of
singers that it never heard, nothing where scores were dealt out at random, and what comes out serves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.generated_singing import Take, make_takes, write_manifest
from tests.tiny_encoders import make_tiny, make_tiny_text
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.models.encoders.encoder import Family
from vocalverse.records import TextKind
from vocalverse.release.judge import Judge
from vocalverse.release.verify import verify
from vocalverse.training import manifest_files
from vocalverse.training.course import Course
from vocalverse.training.ensemble import Member
from vocalverse.training.job import Job, Result, run
from vocalverse.training.listen import Listener
from vocalverse.training.manifest import Clip
from vocalverse.training.opening import Means
from vocalverse.training.recipe import Hearing
from vocalverse.training.recipe_read import read

pytestmark = pytest.mark.timeout(900)

pytestmark = pytest.mark.timeout(900)  # whole trainings, beside other tests

QUICK = ("shares.test=0.25", "training.batch=8", "training.epochs=60", "training.patience=20")


@dataclass(frozen=True)
class Tried:
    """How a recipe is tried: the paper's structure, quicker steps."""

    recipe: str
    encoders: Mapping[str, Family]
    judged: Mapping[str, str]  # dimension: the fault that it is about
    learns: Sequence[str]  # dimensions of which these encoders tell enough
    changes: Sequence[str]
    ablation: str | None = None


TRIED = (
    Tried(
        "vocalverse",
        {"samoye": Family.SAMOYE, "qwen": Family.QWEN2_AUDIO},
        {"breath": "breath", "technique": "technique", "timbre": "timbre", "emotion": "emotion"},
        ("timbre", "emotion"),
        (
            "hearing.ear=false",
            "ensemble.seeds=[1]",
            "training.rate=0.003",
            "heads.sung.hidden=16",
            "heads.sung.measures=['long_tone_spread_cents', 'dynamics_db', 'hnr_db']",
            "heads.heard.measures=['ring_spr_db', 'dynamics_db']",
            *QUICK,
        ),
    ),
    Tried(
        "singmos",
        {"wav2vec2": Family.WAV2VEC2},
        {"quality": "emotion", "lyrics": "technique", "melody": "breath"},
        ("quality",),
        (
            "training.rate=0.02",
            "training.warmup.epochs=2",
            "heads.frames.measures=['dynamics_db']",
            *QUICK,
        ),
        ablation="frozen",
    ),
    Tried(
        "mmmos",
        {"wavlm": Family.WAVLM, "muq": Family.MUQ, "m2d": Family.M2D},
        {"pq": "technique", "pc": "emotion", "ce": "timbre", "cu": "breath"},
        ("pc", "ce"),
        (
            "heads.pq.measures=['long_tone_spread_cents']",
            "heads.pc.measures=['dynamics_db']",
            "heads.ce.measures=['ring_spr_db']",
            "heads.cu.measures=['hnr_db']",
            "ensemble.kinds=['mlp']",
            "ensemble.seeds=[1]",
            "ensemble.keep=2",
            *QUICK,
            "training.rate=0.003",
        ),
    ),
    Tried(
        "dera-mos",
        {"muq": Family.MUQ},
        {"impression": "emotion", "alignment": "technique"},
        ("impression",),
        (
            "encoders.muq.normalise=true",
            "heads.impression.hidden=16",
            "heads.impression.measures=['dynamics_db']",
            *QUICK,
            "training.rate=0.01",
        ),
    ),
)


@dataclass(frozen=True)
class House:
    folder: Path
    takes: tuple[Take, ...]

    def encoder(self, family: Family) -> Path:
        place = self.folder / "encoders" / family
        return place if place.exists() else make_tiny(family, place)

    def reader(self) -> Path:
        place = self.folder / "encoders/text"
        return place if place.exists() else make_tiny_text(place)

    @property
    def extra(self) -> dict[str, dict[str, object]]:
        """Standards, who made it, and words: none of it tells of a score."""
        words = ("a calm voice", "a bright song", "slow and low")
        return {
            take.id: {"domain": str(1 + at % 2), "synthetic": at % 2 == 0, "text": words[at % 3]}
            for at, take in enumerate(self.takes)
        }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("house")
    return House(folder, make_takes(folder / "takes", singers=14, songs=5))


def nobody(_member: Member, _course: Course) -> None:
    return


def trained(house: House, tried: Tried, out: Path, *, shuffled: bool = False) -> Result:
    data = write_manifest(out.with_suffix(".jsonl"), house.takes, tried.judged, shuffled=shuffled, extra=house.extra)
    folders = [f"encoders.{name}.folder={house.encoder(family)}" for name, family in tried.encoders.items()]
    if tried.recipe == "dera-mos":
        folders.append(f"text_encoder.folder={house.reader()}")
    recipe = read(tried.recipe, ablation=tried.ablation, changes=[*folders, *tried.changes])
    means = Means(out, house.folder / "models", house.folder / "cache")
    return run(Job(recipe, data, means), nobody)


@pytest.mark.parametrize("tried", TRIED, ids=lambda tried: tried.recipe)
def test_a_recipe_learns_of_singers_that_it_never_heard_and_its_release_serves(house: House, tried: Tried) -> None:
    out = house.folder / tried.recipe
    result = trained(house, tried, out)
    by_dimension = {one.dimension: one.test for one in result.outcomes}
    assert set(by_dimension) == set(tried.judged)
    for dimension in tried.learns:
        test = by_dimension[dimension]
        assert test is not None
        assert (test.figures["srcc"].value or 0) > 0.3, dimension
        assert (test.figures["mse"].value or 9) < 0.95 * test.mse_of_mean, dimension
        assert test.held.coverage > 0.7

    shuffled = trained(house, tried, house.folder / f"{tried.recipe}-shuffled", shuffled=True)
    tests = [one.test for one in shuffled.outcomes if one.test is not None and one.dimension in tried.learns]
    assert np.mean([one.figures["srcc"].value or 0.0 for one in tests]) < 0.3
    assert np.mean([(one.figures["mse"].value or 0) / one.mse_of_mean for one in tests]) > 0.9

    serves(house, tried, result, manifest_files.read(out.with_suffix(".jsonl")).clips)
    report = result.report.read_text(encoding="utf-8")
    assert "<svg" in report
    assert all(dimension in report for dimension in tried.judged)


def serves(house: House, tried: Tried, result: Result, clips: Sequence[Clip]) -> None:
    """What the release says of clips is what was measured of it."""
    assert verify(result.sealed.folder).digest == result.sealed.digest
    judge = Judge.open(result.sealed.folder, models=house.folder / "models")
    outcome = next(one for one in result.outcomes if one.dimension == tried.learns[0])
    assert outcome.test is not None
    listener, said, wanted = Listener(Hearing(crop_s=10.0)), [], []
    for clip in clips[:: len(clips) // 12]:
        listened = listener.listen(clip)
        figures = listened.figures(PitchTracker.open())
        judged = judge.judge(judge.encode(listened.sounds), figures, {TextKind.DESCRIPTION: clip.text})
        scores = {score.dimension: score for score in judged.scores}
        assert set(scores) == set(tried.judged)
        assert all(1 <= one.low <= one.value <= one.high <= 5 for one in scores.values())
        assert (judged.overall is not None) == (tried.recipe == "vocalverse")
        said.append(scores[outcome.dimension].value)
        wanted.append(clip.mean(outcome.dimension))
    assert np.corrcoef(said, np.asarray(wanted, float))[0, 1] > 0.2
