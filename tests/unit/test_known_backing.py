"""Known backings: found at every delay and on every clock, taken out of every room, and left alone if not there."""

import librosa
import numpy as np
import pytest
import soxr

from tests.backings import RATE_HZ, in_room, played, room, si_sdr_db, tune, voice
from vocalverse.separate.known import cancel, voice_of
from vocalverse.separate.known.alignment import Alignment, aligned
from vocalverse.separate.known.drift import refine
from vocalverse.separate.known.place import find
from vocalverse.separate.known.room import EARLY, EDGE, hear, tail_frames, unheard
from vocalverse.separate.known.spectra import samples_of, spectrum
from vocalverse.separate.known.speed import semitones_higher
from vocalverse.separate.known.tune import tuned
from vocalverse.separate.known.whitened import whitened

TUNE = tune(10)
VOICE = voice(8)
ROOM = room()


def place(mix: np.ndarray, backing: np.ndarray) -> tuple[Alignment, float]:
    recording, sought = whitened(mix, sample_rate_hz=RATE_HZ), whitened(backing, sample_rate_hz=RATE_HZ)
    rough = find(recording, sought)
    fine = refine(recording, sought, rough.alignment)
    return tuned(mix, backing, fine, scale=10.0), rough.significance


def recorded(*, delay_s: float = 0.0, drift_ppm: float = 0.0, backing: np.ndarray = TUNE) -> np.ndarray:
    """The voice, as loud as a backing that loudspeaker and room have changed."""
    return VOICE + in_room(played(backing, frames=len(VOICE), delay_s=delay_s, drift_ppm=drift_ppm), ROOM)


@pytest.mark.parametrize(("delay_s", "drift_ppm"), [(0.35, 0.0), (0.35, -200.0), (-1.2, 200.0)])
def test_delay_and_drift_are_found_under_a_voice_in_a_room(delay_s: float, drift_ppm: float):
    found, significance = place(recorded(delay_s=delay_s, drift_ppm=drift_ppm), TUNE)
    assert significance > 12
    assert 1e6 * (found.stretch - 1) == pytest.approx(drift_ppm, abs=3)
    # The direct sound is 3 ms into the room's response.
    assert found.delay_s == pytest.approx(delay_s + 0.003, abs=0.0002)


@pytest.mark.parametrize("delay_s", [5.0, -6.5])
def test_a_backing_that_covers_only_a_part_of_the_recording_is_found(delay_s: float):
    found, _ = place(recorded(delay_s=delay_s), TUNE)
    assert found.delay_s == pytest.approx(delay_s + 0.003, abs=0.0005)


def test_the_delay_of_an_untouched_copy_is_found_to_the_sample():
    found, _ = place(played(TUNE, frames=len(VOICE), delay_s=4_321 / RATE_HZ) + VOICE, TUNE)
    assert found.delay_s * RATE_HZ == pytest.approx(4_321, abs=0.5)


def test_a_few_seconds_tell_the_drift_of_real_clocks():
    backing = TUNE[: 4 * RATE_HZ]
    found, _ = place(recorded(delay_s=0.2, drift_ppm=-50, backing=backing), backing)
    assert 1e6 * (found.stretch - 1) == pytest.approx(-50, abs=3)


def test_the_backing_of_another_song_stands_out_no_more_than_chance():
    _, significance = place(recorded(), tune(10, seed=77))
    assert significance < 6


def test_a_backing_is_taken_out_of_a_room_with_delay_and_drift():
    mix = recorded(delay_s=0.4, drift_ppm=50)
    result = cancel(mix, TUNE)
    assert result.used
    assert si_sdr_db(mix, VOICE) < 1
    assert si_sdr_db(result.residual, VOICE) > 15
    assert result.delay_s == pytest.approx(0.403, abs=0.0005)
    assert result.drift_ppm == pytest.approx(50, abs=3)
    heard = np.square(mix - VOICE).sum() / np.square(VOICE).sum()
    assert result.bleed_db == pytest.approx(10 * np.log10(heard), abs=0.7)


@pytest.mark.parametrize("key_shift", [-4, 0])
def test_a_backing_played_slower_and_so_lower_is_taken_out_whether_it_was_announced_or_not(key_shift: int):
    made = -4
    shifted = soxr.resample(TUNE, RATE_HZ * 2 ** (made / 12), RATE_HZ)
    mix = recorded(delay_s=0.3, drift_ppm=50, backing=shifted)[: 3 * RATE_HZ]
    result = cancel(mix, TUNE, key_shift=key_shift)
    assert (result.used, result.key_shift) == (True, made)
    assert result.tempo_ratio == pytest.approx(2 ** (made / 12))
    assert result.delay_s == pytest.approx(0.303, abs=0.001)
    assert si_sdr_db(result.residual, VOICE[: len(mix)]) > 12


def test_a_backing_shifted_in_key_alone_is_left_to_the_separator():
    higher = np.repeat(librosa.effects.pitch_shift(TUNE[:, 0], sr=RATE_HZ, n_steps=3, n_fft=4_096)[:, None], 2, axis=1)
    mix = recorded(backing=higher)[: 3 * RATE_HZ]
    result = cancel(mix, TUNE, key_shift=3)
    assert not result.used
    assert np.array_equal(result.residual, mix)


def test_a_shift_that_was_announced_but_not_made_does_no_harm():
    mix = recorded()[: 2 * RATE_HZ]
    result = cancel(mix, TUNE, key_shift=2)
    assert (result.used, result.key_shift, result.tempo_ratio) == (True, 0, 1.0)
    assert si_sdr_db(result.residual, VOICE[: len(mix)]) > 12


def test_both_channels_of_a_stereo_backing_find_their_ways_to_both_microphones():
    backing = tune(5, stereo=True)
    sung = VOICE[: len(backing)]
    mix = sung + in_room(backing, ROOM) + in_room(backing[:, ::-1], room(seed=5))
    assert si_sdr_db(cancel(mix, backing).residual, sung) > 10


def test_a_backing_shorter_than_the_recording_is_taken_out():
    backing = TUNE[: 4 * RATE_HZ]
    mix = recorded(delay_s=0.2, backing=backing)
    assert si_sdr_db(cancel(mix, backing).residual, VOICE) > si_sdr_db(mix, VOICE) + 10


@pytest.mark.parametrize(
    "backing",
    [
        tune(9, seed=77),
        np.zeros_like(TUNE),
        np.full_like(TUNE, 0.5),
        (0.1 * np.random.default_rng(3).standard_normal((9 * RATE_HZ, 2))).astype(np.float32),
        TUNE[:100],
        TUNE[:0],
    ],
    ids=["another song", "silence", "constant", "noise", "a blink", "nothing"],
)
def test_a_recording_without_the_backing_comes_back_as_it_was(backing: np.ndarray):
    mix = recorded()
    result = cancel(mix, backing)
    assert not result.used
    assert result.delay_s is None
    assert result.residual is mix


@pytest.mark.parametrize("semitones", [-6, 3])
def test_a_speed_that_nobody_announced_is_found(semitones: int):
    faster = soxr.resample(TUNE, RATE_HZ * 2 ** (semitones / 12), RATE_HZ)
    assert semitones_higher(recorded(delay_s=0.3, backing=faster), TUNE, sample_rate_hz=RATE_HZ) == semitones


def test_another_song_is_no_faster_than_it_is():
    assert semitones_higher(recorded(), tune(10, seed=77), sample_rate_hz=RATE_HZ) == 0


@pytest.mark.parametrize("frames", [0, 1, 4_410])
def test_a_recording_of_a_blink_comes_back_as_it_was(frames: int):
    mix = recorded()[:frames]
    result = cancel(mix, TUNE)
    assert not result.used
    assert np.array_equal(result.residual, mix)


def test_a_dead_channel_stays_dead_and_an_offset_does_no_harm():
    mix = recorded(delay_s=0.1)[: 4 * RATE_HZ] + np.float32(0.05)
    mix[:, 1] = 0
    result = cancel(mix, TUNE)
    assert result.used
    assert not result.residual[:, 1].any()
    heard = result.residual[:, :1] - result.residual[:, :1].mean()
    assert si_sdr_db(heard, VOICE[: len(mix), :1]) > 12


def test_the_recording_alone_stays_when_its_backing_is_the_whole_of_it():
    mix = played(TUNE, frames=4 * RATE_HZ)
    result = cancel(mix, TUNE)
    assert result.used
    assert np.square(result.residual).mean() < 0.01 * np.square(mix).mean()


def test_the_same_input_gives_the_same_bits_and_is_not_touched():
    mix, backing = recorded(delay_s=0.1)[: 2 * RATE_HZ], TUNE.copy()
    mix.flags.writeable = backing.flags.writeable = False
    first, second = cancel(mix, backing), cancel(mix, backing)
    assert np.array_equal(first.residual, second.residual)
    assert first.residual.dtype == np.float32
    assert first.delay_s == second.delay_s


def test_progress_grows_to_one_and_what_it_raises_stops_the_work():
    mix = recorded()[: 2 * RATE_HZ]
    fractions: list[float] = []
    cancel(mix, TUNE, progress=lambda stage, fraction: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1

    def stop(stage: str, fraction: float) -> None:
        raise InterruptedError(stage)

    with pytest.raises(InterruptedError, match="cancel"):
        cancel(mix, TUNE, progress=stop)


def test_signs_of_life_come_while_the_backing_is_sought_and_while_the_room_is_learnt():
    fractions: list[float] = []
    cancel(recorded()[: 3 * RATE_HZ], TUNE, progress=lambda stage, fraction: fractions.append(fraction))
    assert sum(fraction == 0 for fraction in fractions) >= 10
    assert sum(fraction > 0 for fraction in fractions) > 100


@pytest.mark.parametrize("gain", [1.0, 0.5, 3.0])
def test_a_room_that_is_known_is_heard_at_once_however_loud_the_backing_is_now(gain: float):
    """Bins of noise, the voice as loud as the backing through a room that dies away within a few frames."""
    rng = np.random.default_rng(4)

    def noise(frames: int) -> np.ndarray:
        return (rng.standard_normal((32, 1, frames)) + 1j * rng.standard_normal((32, 1, frames))).astype(np.complex64)

    before, frames = tail_frames(), 200
    response = noise(6) * np.exp(-np.arange(6)).astype(np.float32)
    known = unheard()
    for loud in (1.0, 1.0, gain):
        backing, sung = noise(before + frames + EARLY), noise(frames)
        lagged = (backing[:, :, before - lag : before - lag + frames] * response[:, :, lag, None] for lag in range(6))
        echo = np.float32(loud) * sum(lagged)
        heard = hear(sung + echo, backing, known, passes=3)
    wrong = np.square(np.abs(heard.echo - echo)[..., EDGE:-EDGE]).mean() / np.square(np.abs(echo)).mean()
    assert wrong < 0.1


def test_a_separator_takes_no_more_than_may_be_left_of_the_echo():
    """One that takes half of the voice's power along with all of the backing, as separators do where both sound."""
    echo = in_room(TUNE[: len(VOICE)], ROOM)
    mix, residual = VOICE + echo, VOICE + np.float32(0.05) * echo
    separated = VOICE * np.repeat(np.tile([1.0, 0.3], 16), len(VOICE) // 32)[:, None].astype(np.float32)
    voice = voice_of(mix, residual, separated)
    assert si_sdr_db(voice, VOICE) > max(si_sdr_db(residual, VOICE), si_sdr_db(separated, VOICE)) + 0.5


def test_a_separator_is_believed_where_nothing_could_be_cancelled():
    mix = recorded()
    assert np.allclose(voice_of(mix, mix, VOICE), VOICE, atol=1e-5)


def test_a_voice_is_a_number_also_in_the_silence_after_the_song():
    sung, echo = VOICE[: 2 * RATE_HZ].copy(), TUNE[: 2 * RATE_HZ].copy()
    sung[40_000:] = echo[40_000:] = 0
    assert np.isfinite(voice_of(sung + echo, sung + np.float32(0.05) * echo, np.float32(0.7) * sung)).all()


@pytest.mark.parametrize("frames", [0, 1, 5_000])
def test_a_voice_is_as_long_as_its_recording(frames: int):
    silence = np.zeros((frames, 2), np.float32)
    assert np.array_equal(voice_of(silence, silence, silence), silence)


def test_a_spectrum_comes_back_as_it_went_in():
    assert np.allclose(samples_of(spectrum(TUNE), len(TUNE)), TUNE, atol=1e-6)


@pytest.mark.parametrize("stretch", [1.0, 1 + 50e-6, 2 ** (-2 / 12)])
def test_a_backing_is_read_as_if_it_stood_in_the_recording(stretch: float):
    """A tone, so that every reading can be checked against the sine itself."""
    hz, delay_s, start, frames = 700.0, 0.25, 20_000, 9_000
    time_s = np.arange(3 * RATE_HZ) / RATE_HZ
    tone = np.sin(2 * np.pi * hz * time_s)[:, None].astype(np.float32)
    piece = aligned(tone, Alignment(delay_s, stretch), start=start, frames=frames, sample_rate_hz=RATE_HZ)
    recording_s = (start + np.arange(frames) + piece.late) / RATE_HZ
    assert abs(piece.late) <= 0.5
    assert np.allclose(piece.samples[:, 0], np.sin(2 * np.pi * hz * (recording_s - delay_s) / stretch), atol=2e-3)
