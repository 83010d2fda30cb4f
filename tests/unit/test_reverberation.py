"""The room told from the voice alone."""

import numpy as np
import pytest

from tests import voices
from vocalverse.separate.reverberation import Room, estimate, reverberation_time_s
from vocalverse.synthesis import rooms


@pytest.fixture(scope="module")
def song() -> np.ndarray:
    return voices.song(15, seed=5)


@pytest.mark.parametrize("t60_s", [0.35, 0.6, 1.0])
@pytest.mark.parametrize("drr_db", [-3, 6])
def test_the_reverberation_time_is_found_within_a_quarter(song: np.ndarray, t60_s: float, drr_db: float) -> None:
    found_s = reverberation_time_s(rooms.in_room(song, rooms.room(t60_s, drr_db, seed=7)))
    assert found_s == pytest.approx(t60_s, rel=0.25)


def test_a_dry_voice_says_nothing_of_its_room(song: np.ndarray) -> None:
    assert estimate(song[:, None].astype(np.float32), late_db=-25) == Room(None, None)


def test_level_changes_nothing(song: np.ndarray) -> None:
    wet = rooms.in_room(song, rooms.room(0.6, 0, seed=7))
    assert reverberation_time_s(wet * np.float32(0.1)) == pytest.approx(reverberation_time_s(wet), rel=1e-3)


def test_what_comes_late_tells_the_ratio_in_a_room_that_dies_away_evenly(song: np.ndarray) -> None:
    wet = rooms.in_room(song, rooms.room(0.6, 0, seed=7))
    late = estimate(wet).t60_s
    assert late is not None
    share = 0.5 * 10 ** (-6 * 0.05 / late)  # of what is reverberant, after 50 ms
    found_db = estimate(wet, late_db=10 * np.log10(share), after_s=0.05).drr_db
    assert found_db == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("samples", [0, 1, 1_024, 30_000])
@pytest.mark.parametrize("level", [0.0, 0.5])
def test_silence_and_constants_say_nothing(samples: int, level: float) -> None:
    assert estimate(np.full((samples, 2), level, np.float32)) == Room(None, None)
