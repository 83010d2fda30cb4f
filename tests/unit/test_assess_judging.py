"""A take and a release in, scores out, by the whole way that a worker goes."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import soundfile

from tests.releases import DIMENSIONS, held_against_lyrics, make_tiny_release, reseal
from vocalverse.assess import Assessor, Take, Workshop, open_assessor
from vocalverse.assess.judging import Cabinet
from vocalverse.errors import ReleaseBroken, ReleaseUnknown
from vocalverse.measure.reference.melody import Line, Melody, Source
from vocalverse.measure.reference.stored import to_json
from vocalverse.measure.take import Measured
from vocalverse.records import OVERALL, Assessment, Outcome, Reason, ReferenceKind, Remark, Verdict, no_progress
from vocalverse.samples.make import TAKES
from vocalverse.separate.options import EarOptions

STAGES = ["decode", "quality", "separate", "dereverberate", "measure", "prescreen", "encode", "judge"]
STRICT = """
low_from = 1.0
[[rule]]
code = "off_pitch"
outcome = "low"
when = [{measure = "notes.count", above = 3.0}]
why = "Whoever sings is not wanted here."
"""
RULES = {"strict": STRICT, "unsure": "low_from = 'often'"}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """With three releases of other weights, one that reads, and two of other rules."""
    house = tmp_path_factory.mktemp("house")
    releases = house / "releases"
    tiny = make_tiny_release(releases)
    make_tiny_release(releases, name="other", seed=1)
    make_tiny_release(releases, name="third", seed=2)
    held_against_lyrics(tiny.folder, releases, *DIMENSIONS, name="reading")
    for name, rules in RULES.items():
        (house / name).write_text(rules)
        reseal(tiny.folder, releases, files={"rules.toml": house / name}, name=name, rules="rules.toml")
    return Workshop(threads=1, folder=house / "trials", releases=releases, models=house / "models")


@pytest.fixture(scope="module")
def assessor(workshop: Workshop) -> Assessor:
    return open_assessor(workshop)


@pytest.fixture(scope="module")
def cabinet(workshop: Workshop) -> Cabinet:
    return Cabinet(workshop, EarOptions())


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of a take."""
    path = tmp_path_factory.mktemp("songs") / "song.flac"
    samples, rate_hz = soundfile.read(TAKES[0], dtype="float32", stop=6 * 44_100)
    soundfile.write(path, samples, rate_hz)
    return path


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def tiny(assessor: Assessor, song: Path, told: list[str]) -> Assessment:
    with song.open("rb") as audio:
        return assessor(Take(UUID(int=7), audio, release="tiny"), lambda stage, _: told.append(stage))


def assessed(assessor: Assessor, song: Path, release: str) -> Assessment:
    with song.open("rb") as audio:
        return assessor(Take(UUID(int=7), audio, release=release), no_progress)


def test_a_take_that_passes_gets_a_score_for_every_dimension_and_an_overall_one(tiny: Assessment, told: list[str]):
    assert (tiny.outcome, tiny.verdict, tiny.findings) == (Outcome.SCORED, Verdict.PASS, ())
    assert tuple(score.dimension for score in tiny.scores) == DIMENSIONS
    assert tiny.overall is not None
    assert tiny.overall.dimension == OVERALL
    for score in (*tiny.scores, tiny.overall):
        assert 1 <= score.low <= score.value <= score.high <= 5
        assert score.mark is not None
        assert 0 <= score.mark.low <= score.mark.value <= score.mark.high <= 100
    assert tiny.sung is not None
    assert list(tiny.stage_seconds) == STAGES
    assert (told[0], told[-1]) == ("verify", "encode")


def test_a_voice_alone_is_heard_as_it_is_and_what_was_measured_of_it_is_shown(assessor: Assessor, song: Path):
    shown, told = list[Measured](), list[str]()
    with song.open("rb") as audio:
        take = Take(UUID(int=7), audio, release="tiny", alone=True, show=shown.append)
        alone = assessor(take, lambda stage, _: told.append(stage))
    assert (alone.outcome, "separate" in told) == (Outcome.SCORED, False)
    assert alone.measures
    assert alone.measures.voice_to_backing_db is None
    (measured,) = shown
    assert alone.sung
    assert len(measured.notes) == len(alone.sung.notes.onset_s)


def test_each_release_judges_by_itself_and_the_same_again_to_the_last_bit(
    assessor: Assessor, song: Path, tiny: Assessment
):
    other, again = (assessed(assessor, song, name) for name in ("other", "tiny"))
    assert tiny.scores != other.scores
    assert (again.scores, again.overall) == (tiny.scores, tiny.overall)
    assert tiny.sung == other.sung


def test_what_the_release_s_own_rules_call_too_far_off_is_not_judged(assessor: Assessor, song: Path):
    found = assessed(assessor, song, "strict")
    assert (found.verdict, found.outcome, found.reasons) == (Verdict.LOW, Outcome.UNSCORED, (Reason.OFF_PITCH,))
    assert (found.scores, found.overall) == ((), None)
    assert found.sung is not None


def test_what_is_held_against_lyrics_takes_the_song_s_and_has_no_score_without(assessor: Assessor, song: Path):
    words = Melody((Line(0.0, 6.0, words="la la"),), Source.LRC)
    with song.open("rb") as audio:
        known = {ReferenceKind.LYRICS: to_json(words)}
        found = assessor(Take(UUID(int=7), audio, references=known, release="reading"), no_progress)
    assert (found.outcome, len(found.scores), found.remarks) == (Outcome.SCORED, 4, ())
    unknown = assessed(assessor, song, "reading")
    assert (unknown.outcome, unknown.verdict, unknown.reasons) == (Outcome.UNSCORED, Verdict.PASS, (Reason.NO_TEXT,))
    assert (unknown.scores, unknown.overall, unknown.remarks) == ((), None, (Remark.TEXT_MISSING,))


def test_rules_that_cannot_be_read_break_the_release(cabinet: Cabinet):
    with pytest.raises(ReleaseBroken, match=r"unsure cannot be opened.*rules\.toml"):
        cabinet.of("unsure")


def test_a_release_is_opened_once_and_the_last_two_stay_open(cabinet: Cabinet):
    tiny, other = cabinet.of("tiny"), cabinet.of("other")
    assert cabinet.of("tiny") is tiny
    cabinet.of("third")
    assert cabinet.of("tiny") is tiny
    assert cabinet.of("other") is not other


def test_releases_that_hear_alike_share_an_ear(cabinet: Cabinet):
    assert cabinet.of("tiny").ear is cabinet.of("other").ear is cabinet.of("none").ear


def test_a_release_that_was_tampered_with_is_refused_before_anything_is_heard(assessor: Assessor, workshop: Workshop):
    assert workshop.releases
    head = make_tiny_release(workshop.releases, name="tampered").folder / "heads/breath-0.safetensors"
    head.chmod(0o644)
    head.write_bytes(head.read_bytes()[:-1] + b"\1")
    heard: list[str] = []
    with TAKES[0].open("rb") as audio, pytest.raises(ReleaseBroken, match="breath-0"):
        assessor(Take(UUID(int=7), audio, release="tampered"), lambda stage, _: heard.append(stage))
    assert set(heard) == {"verify"}


def test_a_release_that_is_put_in_place_of_another_is_the_one_that_judges(
    cabinet: Cabinet, workshop: Workshop, tmp_path: Path
):
    """Under the same name, which only somebody who moves folders by hand can do."""
    assert workshop.releases
    first = make_tiny_release(workshop.releases, name="moved")
    before = cabinet.of("moved")
    second = make_tiny_release(tmp_path, name="moved", seed=5)
    first.folder.rename(tmp_path / "gone")
    second.folder.rename(first.folder)
    after = cabinet.of("moved")
    assert before.judge is not None
    assert after.judge is not None
    assert (before.judge.sealed.digest, after.judge.sealed.digest) == (first.digest, second.digest)


def test_a_release_that_is_not_here_is_named(cabinet: Cabinet, workshop: Workshop):
    with pytest.raises(ReleaseUnknown, match="other, reading, strict"):
        cabinet.of("gone")
    with pytest.raises(ReleaseUnknown, match="no folders"):
        Cabinet(replace(workshop, releases=None), EarOptions()).of("tiny")
