from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
import soundfile

from vocalverse.assess import AssessOptions, Take, open_assessor
from vocalverse.audio.sandbox import DecodeLimits
from vocalverse.errors import UnsupportedFormat
from vocalverse.records import Assessment, Finding, Outcome, Reason, Remark, no_progress
from vocalverse.samples import TAKES

RATE_HZ = 44_100
ID = UUID(int=7)


def assessed(samples: np.ndarray, folder: Path, options: AssessOptions | None = None) -> Assessment:
    path = folder / "take.wav"
    soundfile.write(path, samples, RATE_HZ)
    with path.open("rb") as audio:
        return open_assessor(options)(Take(ID, audio), no_progress)


def noise(level: float, seconds: float) -> np.ndarray:
    return np.random.default_rng(3).normal(scale=level, size=(round(RATE_HZ * seconds), 2))


def test_a_sound_take_is_measured_and_not_scored():
    with TAKES[0].open("rb") as audio:
        found = open_assessor()(Take(ID, audio), no_progress)
    assert found.outcome is Outcome.UNSCORED
    assert found.findings == (Finding(Reason.NO_RELEASE, {}),)
    assert found.scores == ()
    assert found.remarks == ()
    assert found.measures is not None
    assert found.measures.duration_s == pytest.approx(9.1, abs=0.1)
    assert found.measures.channels == 1
    assert -30 < (found.measures.loudness_lufs or 0) < -10
    assert set(found.stage_seconds) == {"decode", "quality"}
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


def test_what_is_too_long_is_refused_without_measures_of_its_beginning(tmp_path: Path):
    found = assessed(noise(0.1, 7.0), tmp_path, AssessOptions(limits=DecodeLimits(max_s=6.0)))
    assert (found.outcome, found.reasons, found.measures) == (Outcome.REFUSED, (Reason.TOO_LONG,), None)
    assert found.findings[0].evidence["duration_s"] == 6.0


def test_an_odd_take_is_judged_with_remarks(tmp_path: Path):
    samples = noise(0.1, 6.0)
    samples[:, 1] = -samples[:, 0]
    samples[100_000:101_000] = 0
    assert assessed(samples, tmp_path).remarks == (Remark.SWAPPED_POLARITY, Remark.DROPOUTS)
    assert assessed(samples * [1, 0] + [0.05, 0], tmp_path).remarks == (Remark.DEAD_CHANNEL, Remark.DC_OFFSET)


def test_what_cannot_be_heard_is_raised_for_the_worker_to_reject(tmp_path: Path):
    path = tmp_path / "song.wav"
    path.write_text("#EXTM3U\n")
    with path.open("rb") as audio, pytest.raises(UnsupportedFormat):
        open_assessor()(Take(ID, audio), no_progress)


def test_progress_tells_the_stages_in_their_order():
    seen: list[tuple[str, float]] = []
    with TAKES[0].open("rb") as audio:
        open_assessor()(Take(ID, audio), lambda stage, fraction: seen.append((stage, fraction)))
    assert list(dict.fromkeys(stage for stage, _ in seen)) == ["decode", "quality"]
    assert seen[-1] == ("quality", 1.0)
    assert len(seen) > 20
