"""Without a song: where a backing's beats are, and how notes lie among them."""

import numpy as np
import numpy.typing as npt
import pytest

from vocalverse.measure.frames import RATE_HZ, Frames
from vocalverse.measure.free.beat_timing import BeatTiming, beat_timing
from vocalverse.measure.free.beats import find_beats, onset_strength

BEATS_S = 0.4 + 0.5 * np.arange(120)  # 120 in a minute


def drums(at_s: npt.NDArray[np.float64], length_s: float, *, seed: int = 0) -> Frames:
    rng = np.random.default_rng(seed)
    sound = 0.001 * rng.standard_normal(round(length_s * RATE_HZ))
    hit = 0.3 * rng.standard_normal(1_600) * np.exp(-np.arange(1_600) / 300)
    for start in np.rint(at_s * RATE_HZ).astype(int):
        part = sound[start : start + len(hit)]
        part += hit[: len(part)]
    return Frames.of_signal(sound.astype(np.float32))


def sung(spread_s: float, *, seed: int = 0, late_s: float = 0.0) -> npt.NDArray[np.float64]:
    """On beats and half beats."""
    rng = np.random.default_rng(seed)
    at_s = 0.4 + 0.25 * rng.choice(235, size=120, replace=False)
    return np.sort(at_s + late_s + rng.normal(0, spread_s, len(at_s)))


def of(spread_s: float, *, late_s: float = 0.0) -> BeatTiming:
    found = beat_timing(sung(spread_s, late_s=late_s), BEATS_S)
    assert found is not None
    return found


@pytest.mark.parametrize("period_s", [0.4, 0.5, 0.65])
def test_beats_are_found_where_they_are(period_s: float) -> None:
    truth_s = np.arange(0.3, 40, period_s)
    found = find_beats(drums(truth_s, 40))
    assert found is not None
    assert found.tempo_bpm == pytest.approx(60 / period_s, rel=0.03)
    off_s = np.abs(found.at_s[:, None] - truth_s).min(axis=1)
    assert np.median(off_s) < 0.03
    assert (off_s < 0.05).mean() > 0.9


def test_in_silence_and_in_noise_there_is_no_beat() -> None:
    silent = Frames.of_signal(np.zeros(20 * RATE_HZ, np.float32))
    assert find_beats(silent) is None
    noise = np.random.default_rng(0).standard_normal(20 * RATE_HZ) * 0.1
    assert find_beats(Frames.of_signal(noise.astype(np.float32))) is None


def test_the_strength_is_highest_where_something_begins() -> None:
    strength = onset_strength(drums(np.asarray([1.0, 2.0]), 3))
    assert len(strength) == len(drums(np.asarray([1.0]), 3))
    assert abs(int(strength.argmax()) % 100) <= 3 or abs(int(strength.argmax()) % 100 - 100) <= 3


def test_notes_on_the_beats_have_full_marks_wherever_the_recording_begins() -> None:
    for late_s in (0.0, 0.1, 0.35):
        found = of(0.008, late_s=late_s)
        assert found.score.value > 95
        assert found.parts == 2


def test_spread_is_told_and_costs_in_its_order() -> None:
    found = [of(spread_s) for spread_s in (0.0, 0.02, 0.035, 0.05)]
    scores = [one.score.value for one in found]
    assert scores == sorted(scores, reverse=True)
    assert found[1].spread_ms == pytest.approx(20, abs=4)
    assert found[0].by_chance_ms == pytest.approx(72, abs=1)
    assert all(one.score.low <= one.score.value <= one.score.high for one in found)


def test_notes_that_begin_anywhere_are_given_no_number() -> None:
    anywhere = np.sort(np.random.default_rng(3).uniform(0.4, 59, 120))
    assert beat_timing(anywhere, BEATS_S) is None


def test_too_few_notes_or_beats_tell_nothing() -> None:
    assert beat_timing(sung(0.01)[:10], BEATS_S) is None
    assert beat_timing(sung(0.01), BEATS_S[:1]) is None
    assert beat_timing([], []) is None


def test_thirds_of_a_beat_are_a_rhythm_too() -> None:
    at_s = np.asarray([0.4 + 0.5 * beat + 0.5 * part / 3 for beat in range(60) for part in (0, 2)])
    found = beat_timing(at_s, BEATS_S)
    assert found is not None
    assert found.parts == 3
    assert found.score.value > 95
