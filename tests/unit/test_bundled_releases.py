"""The releases that come with the package: what they are made of, who may use them, and that they judge."""

from pathlib import Path

import pytest
import soundfile

from vocalverse.models.catalogue import Commercial
from vocalverse.release.card import CARD
from vocalverse.release.shelf import BUNDLED
from vocalverse.release.spec import HEARD
from vocalverse.release.verify import Sealed, verify
from vocalverse.synthesis.repertoire import song
from vocalverse.synthesis.singing import RATE_HZ
from vocalverse.training.bundled.hear import Hearer, Sound, Version, versions
from vocalverse.training.licences import commercial
from vocalverse.training.manifest import Clip

NAMES = ("lite", "lite-research")
LARGEST = 2 * 10**6  # bytes of one: all weights of the package have 40 MB together


@pytest.fixture(params=NAMES)
def sealed(request: pytest.FixtureRequest) -> Sealed:
    return verify(BUNDLED / request.param)


def test_four_dimensions_each_of_evidence_of_its_own(sealed: Sealed) -> None:
    dimensions = sealed.spec.dimensions
    assert [one.key for one in dimensions] == ["breath", "technique", "timbre", "emotion"]
    named = [evidence.name for one in dimensions for evidence in one.evidence if evidence.name != HEARD]
    assert len(set(named)) == len(named)
    assert all(len(one.evidence) >= 4 for one in dimensions)
    assert sealed.spec.overall is not None
    assert set(sealed.spec.overall.weights) == {one.key for one in dimensions}


def test_what_networks_hear_is_the_smaller_part(sealed: Sealed) -> None:
    for one in sealed.spec.dimensions:
        heard = sum(evidence.weight for evidence in one.evidence if evidence.name == HEARD)
        assert heard < 0.4 * sum(evidence.weight for evidence in one.evidence)


def test_intervals_were_settled(sealed: Sealed) -> None:
    reaches = {one.calibration.reach for one in (*sealed.spec.dimensions, sealed.spec.overall) if one}
    assert len(reaches) == 5
    assert min(reaches) > 0


def test_they_are_small_and_say_where_they_come_from(sealed: Sealed) -> None:
    assert sealed.bytes < LARGEST
    card = (sealed.folder / CARD).read_text(encoding="utf-8")
    assert all(part.licence in card for part in sealed.spec.parts)
    assert {"whisper-tiny-en", "heads", "reasoned tables"} <= {part.name for part in sealed.spec.parts}
    assert "not learn from" in sealed.spec.measured_on


def test_any_business_may_use_lite_and_none_lite_research() -> None:
    lite, research = (verify(BUNDLED / name).spec for name in NAMES)
    assert lite.commercial is Commercial.YES
    assert {commercial(part.licence) for part in lite.parts} == {Commercial.YES}
    assert research.commercial is Commercial.NO
    assert "research" in research.title


def test_nothing_that_was_agreed_to_comes_along() -> None:
    assert {path.name for path in BUNDLED.iterdir()} == set(NAMES)


def test_a_take_is_judged_in_every_version_and_the_same_every_time(tmp_path: Path) -> None:
    audio = tmp_path / "take.flac"
    soundfile.write(audio, song(10, seed=4).dry[:, 0], RATE_HZ)
    clip = Clip("take", audio, "singer", "song", "MIT")
    hearer = Hearer.open(BUNDLED / "lite", tmp_path / "models")
    said = [hearer(sound) for sound in (*versions([clip]), Sound(clip, Version.PLAIN))]
    assert [one.version for one in said] == [*Version, Version.PLAIN]
    assert said[0].scores == said[-1].scores
    assert all(one.scores.keys() == {"breath", "technique", "timbre", "emotion"} for one in said)
    assert len({one.scores["timbre"].value for one in said}) == len(Version)
