import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.samples import TAKES, make_recording, write_samples
from vocalverse.samples.music import RATE_HZ, Key, backing, key_of
from vocalverse.samples.worse import worse
from vocalverse.synthesis.damage.intact import intact

KEYS = [Key(0, minor=False), Key(9, minor=True), Key(6, minor=False)]


def pitch_classes_of(key: Key) -> list[int]:
    return [(key.tonic + step) % 12 for step in ((0, 2, 3, 5, 7, 8, 10) if key.minor else (0, 2, 4, 5, 7, 9, 11))]


@pytest.mark.parametrize("key", KEYS)
def test_the_key_of_a_scale_that_rests_on_its_triad_is_found(key: Key):
    scale = pitch_classes_of(key)
    sung = [*scale, *(scale[degree] for degree in (0, 2, 4, 0, 4, 0))]
    time_s = np.arange(RATE_HZ // 2) / RATE_HZ
    voice = np.concatenate([np.sin(2 * np.pi * 440 * 2 ** ((pitch - 9) / 12) * time_s) for pitch in sung])
    assert key_of(voice) == key


@pytest.mark.parametrize("key", KEYS)
def test_a_backing_keeps_to_its_key(key: Key):
    music = backing(key, 12 * RATE_HZ, np.random.default_rng(1))
    spectrum = np.abs(np.fft.rfft(music, 2**20))
    hz = np.fft.rfftfreq(2**20, 1 / RATE_HZ)
    audible = (hz > 100) & (hz < 1000)
    pitch_class = np.round(69 + 12 * np.log2(hz[audible] / 440)).astype(int) % 12
    energy = np.bincount(pitch_class, weights=spectrum[audible] ** 2, minlength=12)
    allowed = {*pitch_classes_of(key), (key.tonic + 11) % 12}  # the leading tone of the minor's dominant
    assert sum(energy[one] for one in allowed) > 0.9 * energy.sum()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one recording and the backing alone."""
    folder = tmp_path_factory.mktemp("venue")
    make_recording(TAKES[0], folder / "song.flac", seed=1, backing_out=folder / "backing.flac")
    return folder


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the samples as the agent finds them."""
    folder = tmp_path_factory.mktemp("agent") / "inbox"
    write_samples(folder)
    return folder


def test_a_recording_is_the_same_for_the_same_seed(recorded: Path, inbox: Path, tmp_path: Path):
    assert (inbox / "sample-1.flac").read_bytes() == (recorded / "song.flac").read_bytes()
    other = make_recording(TAKES[0], tmp_path / "other.flac", seed=2)
    assert other.read_bytes() != (recorded / "song.flac").read_bytes()


def test_a_recording_is_the_voice_over_its_backing(recorded: Path):
    song, rate_hz = soundfile.read(recorded / "song.flac")
    music, _ = soundfile.read(recorded / "backing.flac")
    voice, _ = soundfile.read(TAKES[0])
    assert rate_hz == RATE_HZ
    assert song.shape == music.shape
    assert np.abs(song).max() == pytest.approx(10 ** (-3 / 20), abs=1e-3)
    for part, least in ((voice, 0.5), (music[:, 0], 0.3)):
        assert likeness(part, song[:, 0]) > least


def likeness(part: np.ndarray, whole: np.ndarray) -> float:
    """The greatest normalised cross-correlation over all delays."""
    length = 2**20
    crossed = np.fft.irfft(np.fft.rfft(whole, length) * np.conj(np.fft.rfft(part, length)))
    return float(np.abs(crossed).max() / np.linalg.norm(part) / np.linalg.norm(whole))


def test_the_samples_come_with_sidecars_that_grant_nothing(inbox: Path):
    assert sorted(path.name for path in inbox.iterdir()) == [
        "sample-1.flac",
        "sample-1.json",
        "sample-2-worse.flac",
        "sample-2-worse.json",
        "sample-2.flac",
        "sample-2.json",
    ]
    for recording in inbox.glob("*.flac"):
        said = json.loads(recording.with_suffix(".json").read_text())
        assert said["consent"] == {"keep_audio": False, "training": False, "share": False}
        assert said["singer"].startswith("sample-singer-")
        assert soundfile.info(recording).samplerate == RATE_HZ


def test_what_is_sung_worse_is_out_of_tune_and_nothing_else():
    sung, _ = soundfile.read(TAKES[1], dtype="float64")
    tracker = PitchTracker.open()
    before, after = (intact(voice[:, None].astype(np.float32), tracker) for voice in (sung, worse(sung, seed=2)))
    both = before.pitch.voiced & after.pitch.voiced
    off = 100 * np.abs(before.pitch.midi - after.pitch.midi)[both]
    assert 40 < np.median(off) < 110
    assert both.sum() > 0.85 * before.pitch.voiced.sum()
    loud = [10 * np.log10(np.mean(np.square(one.samples))) for one in (before, after)]
    assert loud[1] == pytest.approx(loud[0], abs=1.0)


def test_what_is_sung_worse_has_the_room_and_the_backing_of_what_it_was_made_of(inbox: Path):
    sounds = [soundfile.read(inbox / f"{name}.flac")[0] for name in ("sample-2", "sample-2-worse")]
    assert len(sounds[0]) == len(sounds[1])
    count_in = [sound[: RATE_HZ // 2] / np.abs(sound).max() for sound in sounds]  # nobody sings yet
    assert likeness(count_in[0][:, 0], count_in[1][:, 0]) > 0.99
