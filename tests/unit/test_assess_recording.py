from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import numpy as np
import pytest
import soundfile

from vocalverse.assess import AssessOptions, Assessor, Take, Workshop, open_assessor
from vocalverse.audio.sandbox import DecodeLimits
from vocalverse.errors import LeaseLost, UnsupportedFormat
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.reference import stored_guide
from vocalverse.measure.reference.guide import guide_of
from vocalverse.measure.reference.read import read_reference
from vocalverse.measure.reference.stored import to_json
from vocalverse.measure.take import hear
from vocalverse.records import (
    OVERALL,
    Assessment,
    Finding,
    Language,
    Measures,
    Outcome,
    Reason,
    ReferenceKind,
    Remark,
    Verdict,
    no_progress,
)
from vocalverse.samples.make import TAKES, make_recording
from vocalverse.synthesis.melodies import melody

RATE_HZ = 44_100


class Recorded(NamedTuple):
    recording: Path
    backing: Path


ID = UUID(int=7)
STAGES = ["decode", "quality", "separate", "dereverberate", "measure", "prescreen"]
WITHOUT_EAR = AssessOptions(ear=None)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(threads=1, folder=tmp_path_factory.mktemp("trials"))


@pytest.fixture(scope="module")
def whole_assessor(workshop: Workshop) -> Assessor:
    return open_assessor(workshop)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A sample as a venue would record it, and what was played to it."""
    folder = tmp_path_factory.mktemp("recorded")
    recording = make_recording(TAKES[1], folder / "recording.flac", seed=1, backing_out=folder / "backing.flac")
    return Recorded(recording, folder / "backing.flac")


def assessed(samples: np.ndarray, folder: Path, options: AssessOptions = WITHOUT_EAR) -> Assessment:
    path = folder / "take.wav"
    soundfile.write(path, samples, RATE_HZ)
    with path.open("rb") as audio:
        return open_assessor(options=options)(Take(ID, audio), no_progress)


def noise(level: float, seconds: float) -> np.ndarray:
    return np.random.default_rng(3).normal(scale=level, size=(round(RATE_HZ * seconds), 2))


def test_a_sound_take_is_measured_and_not_scored(whole_assessor: Assessor):
    with TAKES[0].open("rb") as audio:
        found = whole_assessor(Take(ID, audio), no_progress)
    assert found.outcome is Outcome.UNSCORED
    assert found.findings == (Finding(Reason.NO_RELEASE, {}),)
    assert found.scores == ()
    assert found.remarks == ()
    assert found.measures is not None
    assert found.measures.duration_s == pytest.approx(9.1, abs=0.1)
    assert found.measures.channels == 1
    assert -30 < (found.measures.loudness_lufs or 0) < -10
    assert found.measures.voice_share > 0.5
    assert found.measures.bleed_db is None
    assert found.verdict is Verdict.PASS
    assert found.sung is not None
    assert 5 < found.sung.figures.voiced_s < 9
    assert len(found.sung.notes.onset_s) == found.sung.figures.note_count > 10
    assert list(found.stage_seconds) == STAGES
    assert all(seconds > 0 for seconds in found.stage_seconds.values())


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (noise(0.1, 2.0), Reason.TOO_SHORT),
        (noise(0.0005, 6.0), Reason.TOO_QUIET),
        (np.zeros((6 * RATE_HZ, 2)), Reason.TOO_QUIET),
        (np.clip(noise(8.0, 6.0), -1, 1), Reason.CLIPPED),
    ],
)
def test_what_cannot_be_judged_is_refused_with_its_measures(samples: np.ndarray, reason: Reason, tmp_path: Path):
    found = assessed(samples, tmp_path)
    assert found.outcome is Outcome.REFUSED
    assert found.reasons == (reason,)
    assert found.scores == ()
    assert found.measures is not None
    assert [(words.about, words.language) for words in found.feedback] == [(OVERALL, one) for one in Language]


def test_what_is_too_long_is_refused_without_measures_of_its_beginning(tmp_path: Path):
    found = assessed(noise(0.1, 7.0), tmp_path, AssessOptions(limits=DecodeLimits(max_s=6.0), ear=None))
    assert (found.outcome, found.reasons, found.measures) == (Outcome.REFUSED, (Reason.TOO_LONG,), None)
    assert found.findings[0].evidence["duration_s"] == 6.0


def test_an_odd_take_is_judged_with_remarks(tmp_path: Path):
    samples = noise(0.1, 6.0)
    samples[:, 1] = -samples[:, 0]
    samples[100_000:101_000] = 0
    assert assessed(samples, tmp_path).remarks == (Remark.SWAPPED_POLARITY, Remark.DROPOUTS)
    assert assessed(samples * [1, 0] + [0.05, 0], tmp_path).remarks == (Remark.DEAD_CHANNEL, Remark.DC_OFFSET)


RULES = """
low_from = 1.0
[[rule]]
code = "{code}"
outcome = "{outcome}"
when = [{{measure = "notes.count", above = 3.0}}]
why = "Whoever sings is not wanted here."
"""


@pytest.mark.parametrize(
    ("code", "outcome", "verdict", "found_as"),
    [
        ("hum", "refuse", Verdict.REFUSE, Outcome.REFUSED),
        ("off_pitch", "low", Verdict.LOW, Outcome.UNSCORED),
        ("two_singers", "warn", Verdict.PASS, Outcome.UNSCORED),
    ],
)
def test_the_rules_decide_and_what_was_measured_is_kept(
    workshop: Workshop, code: str, outcome: str, verdict: Verdict, found_as: Outcome, tmp_path: Path
):
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES.format(code=code, outcome=outcome))
    with TAKES[0].open("rb") as audio:
        found = open_assessor(replace(workshop, rules=rules))(Take(ID, audio), no_progress)
    assert (found.verdict, found.outcome) == (verdict, found_as)
    if outcome == "warn":
        assert (found.reasons, found.remarks) == ((Reason.NO_RELEASE,), (Remark.TWO_SINGERS,))
    else:
        assert found.reasons == (Reason(code),)
        assert found.findings[0].evidence["notes.count"] > 3
    assert found.sung is not None


def test_a_take_is_held_against_its_song(whole_assessor: Assessor, recorded: Recorded):
    references = {
        ReferenceKind.MELODY: to_json(read_reference(TAKES[1].with_suffix(".txt").read_bytes(), name="chart.txt"))
    }
    with recorded.recording.open("rb") as audio:
        found = whole_assessor(Take(ID, audio, references=references), no_progress)
    assert (found.verdict, found.remarks) == (Verdict.PASS, ())
    assert found.sung is not None
    figures = found.sung.figures
    assert (figures.lines_sung, figures.transposed_semitones) == (4, 0)
    assert figures.song_latency_s == pytest.approx(1.47, abs=0.05)  # the count-in and the room
    assert min(figures.pitch_score, figures.rhythm_score) > 60
    assert figures.pitch_low <= figures.pitch_score <= figures.pitch_high
    assert {words.about for words in found.feedback} == {OVERALL, "pitch", "rhythm"}


def test_a_known_guide_that_is_played_back_is_refused(whole_assessor: Assessor, recorded: Recorded):
    """Over the backing, in a room."""
    voice, _ = soundfile.read(TAKES[1], dtype="float32", always_2d=True)
    guide = guide_of(hear(voice, voice, voice, PitchTracker.open()))
    with recorded.recording.open("rb") as audio:
        found = whole_assessor(
            Take(ID, audio, references={ReferenceKind.GUIDE: stored_guide.to_json(guide)}), no_progress
        )
    assert (found.verdict, found.outcome) == (Verdict.REFUSE, Outcome.REFUSED)
    assert found.reasons == (Reason.KNOWN_GUIDE_PLAYBACK,)
    assert found.sung is not None
    assert found.sung.figures.guide_same_share > 0.5


def test_a_song_that_cannot_be_read_is_remarked_upon_and_the_take_is_judged(whole_assessor: Assessor):
    references = {ReferenceKind.MELODY: {"version": 1}, ReferenceKind.LYRICS: to_json(melody(4))}
    with TAKES[0].open("rb") as audio:
        found = whole_assessor(Take(ID, audio, references=references), no_progress)
    assert found.remarks == (Remark.REFERENCE_UNREADABLE,)
    assert found.sung is not None
    assert (found.sung.figures.song_untold or found.sung.figures.song_latency_s) is not None


def test_what_cannot_be_heard_is_raised_for_the_worker_to_reject(tmp_path: Path):
    path = tmp_path / "song.wav"
    path.write_text("#EXTM3U\n")
    with path.open("rb") as audio, pytest.raises(UnsupportedFormat):
        open_assessor(options=WITHOUT_EAR)(Take(ID, audio), no_progress)


def test_a_known_backing_is_taken_out_and_tells_the_rooms_latency(whole_assessor: Assessor, recorded: Recorded):
    with recorded.recording.open("rb") as audio, recorded.backing.open("rb") as backing:
        found = whole_assessor(Take(ID, audio, backing=backing), no_progress)
    assert found.remarks == ()
    assert found.measures is not None
    assert found.measures.backing_delay_s == pytest.approx(0.0, abs=0.002)
    assert found.measures.backing_drift_ppm == pytest.approx(0.0, abs=5.0)
    assert found.measures.backing_coherence > 0.1


def test_a_backing_that_is_not_in_the_recording_is_remarked_upon(whole_assessor: Assessor, recorded: Recorded):
    with recorded.recording.open("rb") as audio, TAKES[0].open("rb") as another:
        found = whole_assessor(Take(ID, audio, backing=another), no_progress)
    assert found.remarks == (Remark.BACKING_NOT_HEARD,)
    assert found.outcome is Outcome.UNSCORED
    assert found.measures is not None
    assert (found.measures.backing_delay_s, found.measures.bleed_db) == (None, None)


def test_a_backing_that_is_no_sound_harms_nothing(whole_assessor: Assessor, recorded: Recorded, tmp_path: Path):
    (tmp_path / "backing").write_text("no sound")
    with recorded.recording.open("rb") as audio, (tmp_path / "backing").open("rb") as backing:
        found = whole_assessor(Take(ID, audio, backing=backing), no_progress)
    assert found.remarks == (Remark.BACKING_UNREADABLE,)
    assert found.measures is not None
    assert found.measures.voice_share > 0.3


def test_what_progress_raises_ends_the_hearing_between_two_chunks(whole_assessor: Assessor, recorded: Recorded):
    def lost(stage: str, fraction: float) -> None:
        if stage == "separate" and fraction > 0:
            raise LeaseLost("It was taken away.")

    with recorded.recording.open("rb") as audio, pytest.raises(LeaseLost):
        whole_assessor(Take(ID, audio), lost)


def test_the_same_recording_gives_the_same_figures_to_the_last_bit(whole_assessor: Assessor, recorded: Recorded):
    def found() -> Measures | None:
        with recorded.recording.open("rb") as audio, recorded.backing.open("rb") as backing:
            return whole_assessor(Take(ID, audio, backing=backing), no_progress).measures

    assert found() == found()


def test_progress_tells_the_stages_in_their_order(whole_assessor: Assessor):
    seen: list[tuple[str, float]] = []
    with TAKES[0].open("rb") as audio:
        whole_assessor(Take(ID, audio), lambda stage, fraction: seen.append((stage, fraction)))
    assert list(dict.fromkeys(stage for stage, _ in seen)) == STAGES[:-1]
    assert len(seen) > 20
