"""Stems as files: whole or not there, and never clipped without a word."""

import os
import resource
from pathlib import Path

import numpy as np
import pytest
import soundfile

from vocalverse.errors import BadInput, DiskFull
from vocalverse.separate.stems import SoundFormat, Stem, Together, write_stems

RATE_HZ = 44_100


def noise(peak: float, *, seed: int = 1, frames: int = 300_000) -> np.ndarray:
    samples = np.random.default_rng(seed).uniform(-1, 1, (frames, 2)).astype(np.float32)
    samples[1000] = 1.0
    return samples * np.float32(peak)


def written(folder: Path, sound: SoundFormat, mono: bool = False, **stems: Stem) -> float:
    paths = {folder / f"{name}.{sound}": stem for name, stem in stems.items()}
    with Together() as together:
        return write_stems(together, paths, sample_rate_hz=RATE_HZ, sound=sound, mono=mono)


def test_a_wav_holds_the_very_samples_however_loud(tmp_path: Path):
    loud = noise(1.7)
    assert written(tmp_path, SoundFormat.WAV, a=Stem.of(loud)) == 1.0
    read, rate_hz = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert rate_hz == RATE_HZ
    assert np.array_equal(read, loud)


def test_a_flac_that_would_clip_is_made_softer_with_all_the_stems_beside_it(tmp_path: Path):
    """So that they still add up."""
    loud, soft = noise(1.6), noise(0.3, seed=2)
    gain = written(tmp_path, SoundFormat.FLAC, a=Stem.of(loud), b=Stem.of(soft))
    assert gain == pytest.approx(1 / 1.6, rel=1e-5)
    for name, stem in (("a", loud), ("b", soft)):
        read, _ = soundfile.read(tmp_path / f"{name}.flac", dtype="float32")
        assert np.abs(read - stem * np.float32(gain)).max() < 2**-22
        assert soundfile.info(tmp_path / f"{name}.flac").subtype == "PCM_24"


def test_the_rest_is_what_the_part_leaves_and_a_mono_file_has_one_channel(tmp_path: Path):
    whole, part = noise(0.5), noise(0.25, seed=2)
    assert written(tmp_path, SoundFormat.WAV, mono=True, rest=Stem.rest(whole, part)) == 1.0
    read, _ = soundfile.read(tmp_path / "rest.wav", dtype="float32", always_2d=True)
    assert np.abs(read - (whole - part).mean(axis=1, keepdims=True)).max() < 1e-7


@pytest.mark.parametrize("stop", [KeyboardInterrupt, DiskFull])
def test_what_was_begun_and_not_ended_is_not_there_and_what_was_there_stays(tmp_path: Path, stop: type[BaseException]):
    (tmp_path / "a.wav").write_bytes(b"of last time")

    def give_up(stage: str, fraction: float) -> None:
        raise stop

    with pytest.raises(stop), Together() as together:
        write_stems(
            together,
            {tmp_path / "a.wav": Stem.of(noise(0.5)), tmp_path / "b.wav": Stem.of(noise(0.5))},
            sample_rate_hz=RATE_HZ,
            sound=SoundFormat.WAV,
            progress=give_up,
        )
    assert os.listdir(tmp_path) == ["a.wav"]
    assert (tmp_path / "a.wav").read_bytes() == b"of last time"


@pytest.mark.parametrize("sound", list(SoundFormat))
def test_a_disk_that_is_full_is_a_sentence_and_leaves_nothing(tmp_path: Path, sound: SoundFormat):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(DiskFull, match="room"):
            written(tmp_path, sound, a=Stem.of(noise(0.5)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be written"):
        written(tmp_path / "file" / "below", SoundFormat.FLAC, a=Stem.of(noise(0.5)))


def test_the_shortest_stem_is_one_frame(tmp_path: Path):
    written(tmp_path, SoundFormat.FLAC, a=Stem.of(np.zeros((1, 2), np.float32)))
    assert soundfile.info(tmp_path / "a.flac").frames == 1
