"""Scores of pitch and rhythm: full for a clean take, in order for worse ones, and honest about what is only guessed."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.test_take import measured, sung
from vocalverse.measure.against.align import Aligned, align
from vocalverse.measure.against.coverage import coverage
from vocalverse.measure.against.intonation import intonation
from vocalverse.measure.against.matching import match
from vocalverse.measure.against.rhythm import rhythm
from vocalverse.measure.free.beat_timing import beat_timing
from vocalverse.measure.free.grid import semitone_grid
from vocalverse.measure.marks import marks
from vocalverse.measure.take import AgainstSong, ByItself, Measured
from vocalverse.prescreen.evidence import evidence
from vocalverse.prescreen.judge import Prescreened, prescreen
from vocalverse.prescreen.rules import bundled
from vocalverse.prescreen.scores import pitch_score, rhythm_score
from vocalverse.records import Reason, Verdict
from vocalverse.synthesis.melodies import Faults, Take, melody, perform

SONG = melody(16, seed=4)
NOTHING = ByItself(None, None, None, None, None)


@pytest.fixture(scope="module")
def any_take() -> Measured:
    """For what is not looked at here."""
    return measured(sung(), None)


def against(take: Take, any_take: Measured) -> Measured:
    aligned = align(take.pitch, SONG)
    assert isinstance(aligned, Aligned)
    matched = match(aligned, SONG, take.notes, take.pitch)
    song = AgainstSong(SONG, aligned, intonation(matched), rhythm(matched), coverage(aligned, SONG, take.pitch))
    return replace(any_take, against_song=song, by_itself=NOTHING)


def judged(faults: Faults, any_take: Measured) -> Prescreened:
    return prescreen(evidence(against(perform(SONG, faults), any_take)), bundled())


def test_a_clean_take_has_full_marks_in_any_key_and_however_late(any_take: Measured):
    for faults in (Faults(), Faults(semitones=3), Faults(semitones=-12), Faults(latency_s=0.1)):
        found = judged(faults, any_take)
        assert found.verdict is Verdict.PASS
        assert found.pitch is not None
        assert found.rhythm is not None
        assert min(found.pitch.low, found.rhythm.low) > 97


@pytest.mark.parametrize(
    ("which", "worse"),
    [
        ("pitch", [Faults(note_cents=cents) for cents in (0, 50, 100, 200)]),
        ("rhythm", [Faults(note_s=late_s) for late_s in (0, 0.06, 0.1, 0.2)]),
    ],
)
def test_worse_takes_have_less(any_take: Measured, which: str, worse: list[Faults]):
    values = [getattr(judged(faults, any_take), which).value for faults in worse]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[-1] > 40


@pytest.mark.parametrize(
    ("passing", "low", "reason"),
    [
        (Faults(note_cents=75), Faults(note_cents=200), Reason.OFF_PITCH),
        (Faults(note_s=0.2), Faults(note_s=0.8), Reason.LITTLE_SUNG),  # lines are no lines any more
        (Faults(line_s=0.1), Faults(line_s=0.2), Reason.OFF_RHYTHM),
    ],
)
def test_who_is_too_far_off_is_told_why(any_take: Measured, passing: Faults, low: Faults, reason: Reason):
    assert judged(passing, any_take).verdict is Verdict.PASS
    found = judged(low, any_take)
    assert found.verdict is Verdict.LOW
    assert reason in [one.code for one in found.findings]


def test_lines_that_are_sung_and_not_found_make_the_score_less_and_less_sure(any_take: Measured):
    whole = against(perform(SONG, Faults(note_cents=30)), any_take)
    song = whole.against_song
    assert isinstance(song, AgainstSong)
    lines = [replace(line, found=number % 2 == 0) for number, line in enumerate(song.aligned.lines)]
    half = replace(whole, against_song=replace(song, aligned=replace(song.aligned, lines=tuple(lines))))
    before, after = pitch_score(whole), pitch_score(half)
    assert before is not None
    assert after is not None
    assert after.value < before.value
    assert after.low < 0.6 * before.low
    assert after.high == before.high


def test_a_pitch_that_is_guessed_lies_where_the_song_would_have_put_it(any_take: Measured):
    inside = []
    for seed, cents in enumerate([5, 15, 30, 50, 80, 120] * 3):
        take = perform(SONG, Faults(note_cents=cents), seed=seed)
        known = pitch_score(against(take, any_take))
        guessed = pitch_score(replace(any_take, by_itself=replace(NOTHING, grid=semitone_grid(take.pitch))))
        assert known is not None
        assert guessed is not None
        assert guessed.high - guessed.low > 2 * (known.high - known.low)
        inside.append(guessed.low <= known.value <= guessed.high)
    assert np.mean(inside) >= 0.85


def test_a_rhythm_that_is_guessed_lies_where_the_song_would_have_put_it(any_take: Measured):
    beats, inside = np.arange(0, 100, 0.5), []
    for seed, off_s in enumerate([0.02, 0.03, 0.04, 0.05, 0.06] * 3):
        late_s = np.random.default_rng(seed).normal(0, off_s, 180)
        timing = beat_timing(beats[4:184] + np.arange(180) % 2 * 0.25 + late_s, beats)
        assert timing is not None
        guessed = rhythm_score(replace(any_take, by_itself=replace(NOTHING, timing=timing)))
        assert guessed is not None
        inside.append(guessed.low <= 100 * marks(1_000 * late_s, full_to=50, none_from=200).mean() <= guessed.high)
    assert np.mean(inside) >= 0.85


def test_without_a_song_no_take_is_too_far_off(any_take: Measured):
    take = perform(SONG, Faults(note_cents=300))
    alone = replace(any_take, by_itself=replace(NOTHING, grid=semitone_grid(take.pitch)))
    assert prescreen(evidence(alone), bundled()).verdict is Verdict.PASS


def test_where_nothing_is_known_there_is_no_score(any_take: Measured):
    nothing = replace(any_take, by_itself=NOTHING)
    assert pitch_score(nothing) is None
    assert rhythm_score(nothing) is None
