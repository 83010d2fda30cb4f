import numpy as np
import pytest

from vocalverse.audio.loudness import k_weighting, loudness_lufs

RATE_HZ = 44_100


def tone(dbfs: float, seconds: float, *, hz: float = 997.0) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


def in_both(channel: np.ndarray) -> np.ndarray:
    return np.stack([channel, channel], axis=1)


def test_a_full_scale_tone_of_997_hz_in_one_channel_is_at_minus_3_01():
    left = np.stack([tone(0, 5), np.zeros(5 * RATE_HZ, np.float32)], axis=1)
    assert loudness_lufs(left, RATE_HZ) == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize("dbfs", [-23.0, -33.0, -50.0])
def test_a_tone_in_both_channels_is_as_loud_as_its_peak(dbfs: float):
    """EBU Tech 3341, cases 1 and 2."""
    assert loudness_lufs(in_both(tone(dbfs, 20, hz=1000.0)), RATE_HZ) == pytest.approx(dbfs, abs=0.05)


def test_quiet_passages_are_gated_out():
    """EBU Tech 3341, case 3: 10 s at -36, 60 s at -23, 10 s at -36 dBFS."""
    song = np.concatenate([tone(-36, 10), tone(-23, 60), tone(-36, 10)])
    assert loudness_lufs(in_both(song), RATE_HZ) == pytest.approx(-23.0, abs=0.1)


def test_silence_under_the_absolute_gate_does_not_count():
    """EBU Tech 3341, case 4."""
    song = np.concatenate([tone(-72, 10), tone(-36, 10), tone(-23, 60), tone(-36, 10), tone(-72, 10)])
    assert loudness_lufs(in_both(song), RATE_HZ) == pytest.approx(-23.0, abs=0.1)


def test_the_filters_are_the_standards_at_48_khz():
    table = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, 1, -1.99004745483398, 0.99007225036621],
    ]
    np.testing.assert_allclose(k_weighting(48_000), table, atol=1e-7)


@pytest.mark.parametrize("frames", [0, 100, round(0.39 * RATE_HZ)])
def test_less_than_one_block_has_no_loudness(frames: int):
    assert loudness_lufs(np.ones((frames, 2), np.float32), RATE_HZ) is None


def test_silence_has_no_loudness():
    assert loudness_lufs(np.zeros((RATE_HZ, 2), np.float32), RATE_HZ) is None
    assert loudness_lufs(in_both(tone(-75, 3)), RATE_HZ) is None
