import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vocalverse.audio import faults
from vocalverse.audio.faults import clipping, dropouts, runs
from vocalverse.audio.formats import Codec, Container
from vocalverse.audio.quality import channel_correlation, dc_offset, dead_channels, measure, noise_floor_dbfs
from vocalverse.audio.waveform import Source, Waveform

RATE_HZ = 44_100


def noise(level: float, seconds: float = 4.0, channels: int = 2) -> np.ndarray:
    rng = np.random.default_rng(7)
    return (level * rng.standard_normal((round(seconds * RATE_HZ), channels))).astype(np.float32)


def tone(gain: float, hz: float = 997.0, seconds: float = 2.0) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (gain * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)[:, None]


def test_a_tone_driven_to_twice_full_scale_is_clipped_for_two_thirds_of_its_time():
    found = clipping(np.clip(tone(2.0, hz=100), -1, 1), RATE_HZ)
    assert found.share == pytest.approx(2 / 3, abs=0.01)
    assert found.longest_ms == pytest.approx(10 / 3, abs=0.05)


def test_a_clipped_tone_turned_down_afterwards_is_still_clipped():
    found = clipping(0.4 * np.clip(tone(2.0, hz=100), -1, 1), RATE_HZ)
    assert found.share == pytest.approx(2 / 3, abs=0.01)


@pytest.mark.parametrize("hz", [40.0, 110.0, 997.0])
def test_a_whole_tone_in_16_bits_is_not_clipped(hz: float):
    assert clipping(np.round(tone(0.9, hz=hz) * 32768).astype(np.float32) / 32768, RATE_HZ).share == 0


def test_the_steps_of_a_faint_noise_are_not_clipping():
    assert clipping(np.sign(noise(1)).astype(np.float32) / 32768, RATE_HZ).share == 0


def test_zeros_cut_into_noise_are_dropouts():
    samples = noise(0.1)
    for start, length in ((20_000, 441), (60_000, 4410)):
        samples[start : start + length] = 0
    found = dropouts(samples, RATE_HZ)
    assert found.count == 2
    assert found.total_s == pytest.approx(0.11, abs=1e-4)


def test_a_pause_that_fades_in_and_out_and_silent_ends_are_no_dropouts():
    samples = noise(0.1)
    fade = np.linspace(1, 0, 20_000, dtype=np.float32)[:, None] ** 6
    samples[20_000:40_000] *= fade
    samples[40_000:60_000] = 0
    samples[60_000:80_000] *= fade[::-1]
    samples[:5_000] = samples[-5_000:] = 0
    assert dropouts(samples, RATE_HZ).count == 0


def test_one_silent_channel_is_no_dropout():
    samples = noise(0.1)
    samples[20_000:30_000, 0] = 0
    assert dropouts(samples, RATE_HZ).count == 0


@settings(max_examples=100, deadline=None, derandomize=True)
@given(arrays.arrays(np.bool_, st.integers(0, 40)), st.integers(1, 3), st.integers(1, 7))
def test_runs_are_the_same_wherever_blocks_end(mask: np.ndarray, at_least: int, block: int):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faults, "BLOCK_FRAMES", block)
        found = runs(lambda part: part > 0, mask.astype(np.float32), at_least).tolist()
    text = "".join("x" if one else " " for one in mask)
    words = [(start, start + len(word)) for start, word in words_of(text) if len(word) >= at_least]
    assert [tuple(run) for run in found] == words


def words_of(text: str) -> list[tuple[int, str]]:
    at, found = 0, []
    for word in text.split(" "):
        if word:
            found.append((at, word))
        at += len(word) + 1
    return found


def test_the_noise_floor_is_the_level_between_the_phrases():
    samples = noise(0.001)
    samples[: 2 * RATE_HZ] += tone(0.5)
    assert noise_floor_dbfs(samples, RATE_HZ) == pytest.approx(-60, abs=0.5)
    assert noise_floor_dbfs(samples + np.float32(0.1), RATE_HZ) == pytest.approx(-60, abs=0.5)


def test_digital_silence_has_no_noise_floor():
    assert noise_floor_dbfs(np.zeros((4 * RATE_HZ, 2), np.float32), RATE_HZ) is None
    assert noise_floor_dbfs(np.zeros((0, 2), np.float32), RATE_HZ) is None


def test_the_offset_is_the_larger_of_the_channels_with_its_sign():
    assert dc_offset(noise(0.1) + np.float32([0.01, -0.05])) == pytest.approx(-0.05, abs=0.002)


def test_correlation_tells_equal_swapped_and_unrelated_channels():
    one = noise(0.1)
    assert channel_correlation(one[:, [0, 0]]) == pytest.approx(1)
    assert channel_correlation(one[:, [0, 0]] * np.float32([1, -1])) == pytest.approx(-1)
    assert channel_correlation(one) == pytest.approx(0, abs=0.02)
    assert channel_correlation(one[:, :1]) is None
    assert channel_correlation(one * np.float32([1, 0])) is None


@pytest.mark.parametrize(
    ("rms", "dead"), [((0.1, 0.0), 1), ((0.1, 0.1), 0), ((0.0, 0.0), 0), ((0.1, 1e-5, 0.05), 1), ((0.1,), 0)]
)
def test_a_channel_is_dead_only_beside_a_living_one(rms: tuple[float, ...], dead: int):
    assert dead_channels(rms) == dead


def test_measures_of_a_mono_tone_count_its_one_channel_once():
    samples = np.repeat(tone(1.0, seconds=5), 2, axis=1)
    source = Source(Container.WAV, Codec.PCM, 48_000, 1, 5.0, (0.7,), False, False, 1, 0.002)
    seen: list[float] = []
    found = measure(Waveform(samples, RATE_HZ, source), progress=lambda stage, fraction: seen.append(fraction))
    assert found.loudness_lufs == pytest.approx(-3.01, abs=0.01)
    assert found.peak_dbfs == pytest.approx(0, abs=0.01)
    assert (found.duration_s, found.sample_rate_hz, found.channels, found.codec) == (5.0, 48_000, 1, "pcm")
    assert (found.dropout_count, found.dropout_s) == (1, 0.002)
    assert found.channel_correlation is None
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
