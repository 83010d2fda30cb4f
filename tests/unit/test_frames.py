"""The frames that every measure reads lie where they say, at the level they say."""

import numpy as np
import pytest

from vocalverse.measure.frames import BIN_HZ, HOP, RATE_HZ, SILENT_DB, WINDOW, Frames


def sine(hz: float, seconds: float, *, rate_hz: int = RATE_HZ, amplitude: float = 1.0) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def test_a_frame_is_centred_on_its_time() -> None:
    signal = np.zeros(RATE_HZ, np.float32)
    signal[50 * HOP] = 1
    frames = Frames.of_signal(signal)
    assert len(frames) == 101
    assert frames.level_db.argmax() == 50
    assert frames.seconds[50] == pytest.approx(0.5)


@pytest.mark.parametrize("hz", [100.0, 440.0, 1_003.7])
def test_a_sine_of_full_scale_has_minus_three_decibels_wherever_it_lies_between_bins(hz: float) -> None:
    frames = Frames.of_signal(sine(hz, 1))
    assert np.allclose(frames.level_db[10:-10], -3.01, atol=0.05)
    assert frames.power[50].argmax() == round(hz / BIN_HZ)


def test_a_band_holds_what_lies_in_it() -> None:
    frames = Frames.of_signal(sine(500, 1, amplitude=0.1) + sine(3_000, 1, amplitude=0.01))
    assert frames.band_db(400, 600)[50] == pytest.approx(-23, abs=0.1)
    assert frames.band_db(2_900, 3_100)[50] == pytest.approx(-43, abs=0.1)


def test_stereo_at_another_rate_is_averaged_and_resampled_and_left_as_it_was() -> None:
    left = sine(440, 1, rate_hz=44_100)
    samples = np.stack([left, np.zeros_like(left)], axis=1)
    samples.flags.writeable = False
    frames = Frames.of(samples)
    assert frames.duration_s == pytest.approx(1, abs=1e-4)
    assert frames.level_db[50] == pytest.approx(-9.03, abs=0.05)


def test_frames_far_into_a_song_are_made_like_the_first() -> None:
    signal = np.tile(np.random.default_rng(0).standard_normal(HOP * 64).astype(np.float32), 80)
    frames = Frames.of_signal(signal)
    assert np.array_equal(frames.power[64], frames.power[64 * 70])


@pytest.mark.parametrize("length", [0, 1, HOP, WINDOW])
def test_silence_has_the_lowest_level_however_short(length: int) -> None:
    frames = Frames.of_signal(np.zeros(length, np.float32))
    assert len(frames) == length // HOP + 1
    assert np.all(frames.level_db == SILENT_DB)
