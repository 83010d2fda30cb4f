"""Noise, hum and howl of a room are told from the music and the singing in it."""

from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from tests import backings
from vocalverse.measure.frames import Frames, Heard
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.room import RoomHealth, measure_room
from vocalverse.synthesis.repertoire import whistle
from vocalverse.synthesis.singing import Place, Sung, Tone, Vibrato, Vowel, sing

Sound = npt.NDArray[np.float64]  # [frames] at 44.1 kHz


@cache
def take(noise_dbfs: float = -60.0) -> Sung:
    tones = [
        Tone(57, 0.8, rest_s=0.6),
        Tone(60, 0.8, rest_s=0.8, vibrato=Vibrato()),
        Tone(62, 0.9, rest_s=0.6, vowel=Vowel.U),
        Tone(81, 0.9, rest_s=0.3, vowel=Vowel.U),
    ]
    return sing(tones, place=Place(noise_dbfs=noise_dbfs))


@cache
def clean() -> Heard:
    return take().heard()


def seconds() -> Sound:
    return np.arange(len(take().samples)) / 44_100


def tune() -> Sound:
    return backings.tune(len(take().samples) / 44_100, seed=2)[: len(take().samples), 0].astype(np.float64)


def health(added: Sound | float = 0.0) -> RoomHealth:
    """Of the take with something else in the recording."""
    mix = take().samples + np.broadcast_to(added, len(take().samples))[:, None]
    return measure_room(replace(clean(), mix=Frames.of(mix.astype(np.float32))))


def sines(levels_dbfs: dict[float, float]) -> Sound:
    """RMS of each, by frequency."""
    return sum(
        2**0.5 * 10 ** (level / 20) * np.sin(2 * np.pi * hz * seconds() + hz) for hz, level in levels_dbfs.items()
    )


def growing(hz: float, *, from_s: float = 1.0, to_s: float = 3.2) -> Sound:
    """A howl: 30 dB a second, until the amplifier has no more."""
    at_s = seconds() - from_s
    level_db = np.minimum(-45 + 30 * at_s, -5)
    return np.where((at_s > 0) & (seconds() < to_s), 10 ** (level_db / 20), 0) * np.sin(2 * np.pi * hz * seconds())


@pytest.mark.parametrize("noise_dbfs", [-70.0, -50.0])
def test_the_noise_floor_is_that_of_the_pauses(noise_dbfs: float) -> None:
    sung = take(noise_dbfs)
    frames = Frames.of(
        (np.random.default_rng(9).standard_normal((44_100, 2)) * 10 ** (noise_dbfs / 20)).astype(np.float32)
    )
    floor_dbfs = float(np.median(frames.level_db[10:-10]))  # of two channels' mean, up to 8 kHz
    found = measure_room(sung.heard())
    assert found.noise_floor_dbfs == pytest.approx(floor_dbfs, abs=1)
    assert found.snr_db == pytest.approx(sung.heard().dry.level_db[sung.pitch.voiced].mean() - floor_dbfs, abs=3)


def test_where_a_backing_never_rests_the_noise_is_not_known() -> None:
    found = health(tune())
    assert found.noise_floor_dbfs is None
    assert found.snr_db is None


@pytest.mark.parametrize("mains_hz", [50, 60])
@pytest.mark.parametrize("off", [0.998, 1.0, 1.002])
def test_hum_is_found_with_its_mains_and_level(mains_hz: int, off: float) -> None:
    found = health(sines({off * mains_hz * order: level for order, level in ((1, -56.0), (2, -53.0), (3, -60.0))}))
    assert found.hum_hz == mains_hz
    assert found.hum_dbfs == pytest.approx(-50.7, abs=1)


def test_hum_is_found_under_a_backing() -> None:
    found = health(tune() + sines({50: -45.0, 100: -50.0, 150: -55.0}))
    assert found.hum_hz == 50
    assert found.hum_dbfs == pytest.approx(-43.4, abs=1.5)


def test_voices_backings_and_noise_do_not_hum() -> None:
    assert health().hum_hz is None
    assert health(tune()).hum_hz is None
    assert health(sines({49: -30.0, 98: -30.0})).hum_hz is None  # a bass that never stops


@pytest.mark.parametrize("hz", [430.0, 1_370.0, 2_730.0, 5_100.0])
def test_a_howl_is_found_with_its_time_and_frequency(hz: float) -> None:
    found = health(growing(hz))
    assert found.howl_hz == pytest.approx(hz, abs=3)
    assert 1.0 < found.howl_s <= 2.3
    assert 1.0 <= found.howls[0].start_s < 2.2
    assert found.howls[0].end_s == pytest.approx(3.2, abs=0.05)
    assert found.howls[0].dbfs == pytest.approx(-8, abs=1)


def test_a_howl_is_found_over_a_backing() -> None:
    found = health(tune() + growing(2_730.0))
    assert found.howl_hz == pytest.approx(2_730, abs=3)
    assert found.howl_s > 0.8


@pytest.mark.parametrize(
    "added",
    [
        pytest.param(lambda: 0.0, id="a voice alone"),
        pytest.param(tune, id="a backing"),
        pytest.param(lambda: 3 * tune(), id="a loud backing"),
        pytest.param(lambda: sines({440 * order: -20 - 9 * np.log2(order) for order in range(1, 6)}), id="an organ"),
        pytest.param(lambda: sines({880: -20}) * np.exp(-3 * seconds()), id="a struck sine"),
        pytest.param(lambda: growing(2_730.0, to_s=1.3), id="a beep too short to howl"),
    ],
)
def test_music_and_singing_do_not_howl(added: object) -> None:
    assert callable(added)
    found = health(added())
    assert found.howl_s == 0
    assert found.howl_hz is None


def test_whistling_is_no_howl() -> None:
    whistled = whistle([Tone(86, 0.8, rest_s=0.2), Tone(88, 1.0, rest_s=0.2)])
    assert measure_room(whistled.heard()).howls == ()


@pytest.mark.parametrize("length", [0, 500, 48_000])
def test_silence_has_neither_noise_nor_hum_nor_howl(length: int) -> None:
    frames = Frames.of_signal(np.zeros(length, np.float32))
    off = np.zeros(len(frames), np.bool_)
    found = measure_room(Heard(frames, frames, frames, Pitch(off.astype(np.float32), off, off.astype(np.float32))))
    assert found == RoomHealth(None, None, None, None, 0.0, None, ())
