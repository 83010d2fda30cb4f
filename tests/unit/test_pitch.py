"""The pitch of a voice is the one that is sung, and there is one only where somebody sings."""

import numpy as np
import pytest
import soxr
from scipy import ndimage

from vocalverse.measure.frames import HOP_S, RATE_HZ, Frames
from vocalverse.measure.pitch.network import PitchNetwork
from vocalverse.measure.pitch.second import second_opinion
from vocalverse.measure.pitch.track import Pitch, hz_of, midi_of
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.synthesis import repertoire, singing
from vocalverse.synthesis.singing import Place, Sung, Tone, Vibrato, Voice, Vowel


@pytest.fixture(scope="module")
def tracker() -> PitchTracker:
    return PitchTracker.open()


@pytest.fixture(scope="module")
def song() -> Sung:
    return repertoire.song(14, seed=5)


def cents_off(pitch: Pitch, sung: Sung) -> np.ndarray:
    """Of the frames that are sung and found."""
    both = pitch.voiced & (sung.f0_hz > 0)
    return 1_200 * np.log2(pitch.hz[both] / sung.f0_hz[both])


def recall(pitch: Pitch, sung: Sung) -> float:
    return float(pitch.voiced[sung.f0_hz > 0].mean())


def test_a_song_is_found_within_cents(tracker: PitchTracker, song: Sung) -> None:
    pitch = tracker.track(Frames.of(song.samples))
    off = np.abs(cents_off(pitch, song))
    assert np.median(off) < 2
    assert np.mean(off > 50) < 0.01
    assert recall(pitch, song) > 0.95


def test_nothing_is_found_in_breaths_consonants_and_rests(tracker: PitchTracker, song: Sung) -> None:
    pitch = tracker.track(Frames.of(song.samples))
    rests = ~ndimage.binary_dilation(song.f0_hz > 0, iterations=2)
    assert np.mean(pitch.voiced[rests]) < 0.03
    assert np.all(pitch.hz[~pitch.voiced] == 0)
    assert np.all(np.isnan(pitch.midi) == ~pitch.voiced)


@pytest.mark.parametrize(("midi", "rate_hz"), [(48, 5.0), (60, 6.5), (72, 7.5)])
def test_a_vibrato_keeps_its_width_and_its_time(tracker: PitchTracker, midi: float, rate_hz: float) -> None:
    sung = singing.sing([Tone(midi, 1.5, rest_s=0.3, vibrato=Vibrato(rate_hz, 80, onset_s=0))])
    pitch = tracker.track(Frames.of(sung.samples))
    middle = slice(60, 160)
    found, truth = 100 * pitch.midi[middle], 100 * midi_of(sung.f0_hz[middle])
    assert np.std(found) == pytest.approx(np.std(truth), rel=0.15)
    assert np.corrcoef(found, truth)[0, 1] > 0.99


def test_an_octave_that_the_network_mistakes_is_put_right(tracker: PitchTracker) -> None:
    """The second harmonic is by far the loudest where the first formant lies on it."""
    voice, place = Voice(tilt_db_per_octave=-3), Place(noise_dbfs=-70)
    sung = singing.sing([Tone(73, 0.5, rest_s=0.2, vowel=Vowel.E)], voice=voice, place=place)
    frames = Frames.of(sung.samples)
    guess = PitchNetwork.open().guess(frames)
    wrong = guess.hz[guess.confidence > 0.5] > 1.8 * hz_of(73)
    assert np.mean(wrong) > 0.3
    assert np.all(np.abs(cents_off(tracker.track(frames), sung)) < 50)


@pytest.mark.parametrize("midi", [84, 91, 94])
def test_a_whistle_is_found_where_it_is(tracker: PitchTracker, midi: float) -> None:
    sung = repertoire.whistle([Tone(midi, 1, rest_s=0.2)])
    pitch = tracker.track(Frames.of(sung.samples))
    assert recall(pitch, sung) > 0.8
    assert np.median(np.abs(cents_off(pitch, sung))) < 5


def test_a_soft_song_is_found_like_a_loud_one(tracker: PitchTracker, song: Sung) -> None:
    loud = tracker.track(Frames.of(song.dry))
    soft = tracker.track(Frames.of(song.dry * np.float32(0.01)))
    assert np.mean(loud.voiced == soft.voiced) > 0.995
    both = loud.voiced & soft.voiced
    assert np.allclose(loud.hz[both], soft.hz[both], rtol=1e-3)


def test_a_telephone_takes_no_pitch_away(tracker: PitchTracker, song: Sung) -> None:
    phone = soxr.resample(soxr.resample(song.dry, 44_100, 8_000), 8_000, 44_100).astype(np.float32)
    pitch = tracker.track(Frames.of(phone))
    assert recall(pitch, song) > 0.95
    assert np.median(np.abs(cents_off(pitch, song))) < 2


@pytest.mark.parametrize("length", [0, 1, 100, RATE_HZ])
def test_silence_has_no_pitch(tracker: PitchTracker, length: int) -> None:
    frames = Frames.of_signal(np.zeros(length, np.float32))
    pitch = tracker.track(frames)
    assert len(pitch.hz) == len(pitch.voiced) == len(pitch.confidence) == len(frames)
    assert not pitch.voiced.any()
    assert not pitch.confidence.any()


@pytest.mark.parametrize("level", [1e-5, 0.1])
def test_noise_has_no_pitch(tracker: PitchTracker, level: float) -> None:
    noise = level * np.random.default_rng(0).standard_normal(4 * RATE_HZ)
    pitch = tracker.track(Frames.of_signal(noise.astype(np.float32)))
    assert pitch.voiced.mean() < 0.02
    assert np.isfinite(pitch.confidence).all()


def test_one_short_note_in_a_long_silence_is_found(tracker: PitchTracker) -> None:
    sung = singing.sing([Tone(62, 0.12)], place=Place(lead_s=3, tail_s=3, noise_dbfs=-100))
    pitch = tracker.track(Frames.of(sung.samples))
    assert 0.06 <= pitch.voiced.sum() * HOP_S <= 0.16
    assert np.median(np.abs(cents_off(pitch, sung))) < 20


def test_pauses_that_are_not_listened_to_change_nothing() -> None:
    """Songs are half pauses: the network hears the rest as if it had heard all."""
    sung = singing.sing([Tone(57, 0.5), Tone(60, 0.5, rest_s=2), Tone(62, 0.4, rest_s=1)])
    frames = Frames.of(sung.dry)
    network = PitchNetwork.open()
    cut = network.guess(frames)
    loud_db = np.percentile(frames.level_db, 95)
    signal = frames.samples * np.float32(10 ** ((-20 - loud_db) / 20))
    whole = network._detector.detect(signal, RATE_HZ, 60.0, 2_093.75)
    heard = cut.confidence > 0
    assert 0.2 < heard.mean() < 0.7
    assert np.allclose(cut.hz[heard], whole.pitch_hz[heard], rtol=1e-4)
    assert np.all(whole.confidence[~heard] < 0.5)


def test_the_same_song_gives_the_same_bits_and_is_left_as_it_was(tracker: PitchTracker, song: Sung) -> None:
    frames = Frames.of(song.samples)
    frames.samples.flags.writeable = frames.power.flags.writeable = False
    first, again = tracker.track(frames), PitchTracker.open().track(frames)
    assert np.array_equal(first.hz, again.hz)
    assert np.array_equal(first.confidence, again.confidence)


def test_a_confidence_is_a_share_of_right_frames(tracker: PitchTracker) -> None:
    """On singers that its numbers were not made with."""
    sure, right = [], []
    for seed in (2_001, 2_002, 2_003):
        voice = Voice(breathiness_db=-14, jitter=0.008, wobble_cents=15)
        sung = repertoire.song(9, seed=seed, voice=voice, place=Place(noise_dbfs=-50, t60_s=0.2, drr_db=8))
        frames = Frames.of(sung.samples)
        pitch = tracker.track(frames)
        sure.append(pitch.confidence)
        near = np.abs(12 * np.log2(np.maximum(pitch.hz, 1) / np.maximum(sung.f0_hz, 1))) < 0.5
        right.append(np.where(pitch.voiced, near & (sung.f0_hz > 0), sung.f0_hz > 0))
    confidence, correct = np.concatenate(sure), np.concatenate(right)
    for low, high in ((0, 0.1), (0.9, 1.01)):
        there = (confidence >= low) & (confidence < high)
        assert correct[there].mean() == pytest.approx(confidence[there].mean(), abs=0.08)


def test_the_likeliest_pitch_is_told_where_nobody_would_call_it_sung(tracker: PitchTracker, song: Sung) -> None:
    loud = song.samples.mean(axis=1)
    noise = 8 * np.std(loud) * np.random.default_rng(0).standard_normal(song.samples.shape)
    frames = Frames.of((song.samples + noise).astype(np.float32))
    followed, pitch = tracker.follow(frames), tracker.track(frames)
    assert np.allclose(followed.hz[pitch.voiced], pitch.hz[pitch.voiced])
    sung = song.f0_hz > 0
    right = np.abs(12 * np.log2(followed.hz / np.maximum(song.f0_hz, 1))) < 0.5
    assert right[sung].mean() > (right & pitch.voiced)[sung].mean() + 0.02


def test_a_second_opinion_agrees_on_a_clear_song(tracker: PitchTracker, song: Sung) -> None:
    frames = Frames.of(song.dry)
    first, second = tracker.track(frames), second_opinion(frames)
    both = first.voiced & second.voiced
    assert both.sum() > 0.8 * first.voiced.sum()
    assert np.median(np.abs(1_200 * np.log2(first.hz[both] / second.hz[both]))) < 10


@pytest.mark.parametrize("length", [0, 1, RATE_HZ])
def test_a_second_opinion_finds_nothing_in_silence(length: int) -> None:
    frames = Frames.of_signal(np.zeros(length, np.float32))
    pitch = second_opinion(frames)
    assert len(pitch.hz) == len(frames)
    assert not pitch.voiced.any()
