"""Rooms, microphones, noise and codecs that voices are put through by chance."""

from dataclasses import replace

import numpy as np
import pytest

from vocalverse.audio.waveform import Samples
from vocalverse.synthesis.channel import Channel, drawn, through
from vocalverse.synthesis.repertoire import song
from vocalverse.synthesis.singing import RATE_HZ


@pytest.fixture(scope="module")
def voice() -> Samples:
    return song(6, seed=3).dry[:, :1]


def _db_above(sound: Samples, hz: float) -> float:
    power = np.square(np.abs(np.fft.rfft(sound[:, 0])))
    return float(10 * np.log10(power[round(hz / RATE_HZ * len(sound)) :].sum() / power.sum()))


def test_the_same_channel_gives_the_same_sound(voice: Samples) -> None:
    channel = drawn(np.random.default_rng(4))
    assert np.array_equal(through(voice, channel), through(voice, channel))
    assert drawn(np.random.default_rng(4)) == channel


def test_how_loud_a_voice_was_is_not_told(voice: Samples) -> None:
    channel = Channel(t60_s=0.4)
    assert through(0.1 * voice, channel) == pytest.approx(through(voice, channel), abs=1e-4)


def test_channels_differ_as_recordings_do() -> None:
    random = np.random.default_rng(1)
    some = [drawn(random) for _ in range(200)]
    assert 0.4 < np.mean([one.t60_s > 0 for one in some]) < 0.8
    assert len({one.codec for one in some}) == 5
    assert np.ptp([one.noise_db for one in some]) > 30


def test_noise_lies_where_it_was_asked_for(voice: Samples) -> None:
    clean, noisy = (through(voice, replace(Channel(), noise_db=db)) for db in (-120.0, -20.0))
    noise_db = 10 * np.log10(np.square(noisy - clean).mean() / np.square(clean).mean())
    assert noise_db == pytest.approx(-20, abs=0.5)


def test_a_microphone_that_tilts_upwards_is_brighter(voice: Samples) -> None:
    dark, bright = (through(voice, replace(Channel(), tilt_db=db)) for db in (-2.0, 2.0))
    assert _db_above(bright, 2_000) > _db_above(dark, 2_000) + 3


def test_silence_stays_finite() -> None:
    assert np.isfinite(through(np.zeros((RATE_HZ // 2, 1), np.float32), Channel(t60_s=0.3))).all()
