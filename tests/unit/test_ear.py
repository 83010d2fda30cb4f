"""Both passes of the ear as networks, kept together."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from tests import voices
from tests.roformers import seeded
from vocalverse.errors import ModelRefused
from vocalverse.separate import ear as ears
from vocalverse.separate.backends import open_backend
from vocalverse.separate.dereverberate import dereverberate
from vocalverse.separate.ear import Ear
from vocalverse.separate.networks import configs
from vocalverse.separate.options import EarOptions
from vocalverse.separate.weights import save
from vocalverse.synthesis import rooms

torch.set_num_threads(1)

RATE_HZ = rooms.RATE_HZ
TINY: dict[str, Any] = {
    "audio": {"chunk_size": 22050, "sample_rate": RATE_HZ},
    "model": {
        "dim": 8,
        "depth": 1,
        "stereo": True,
        "num_stems": 1,
        "time_transformer_depth": 1,
        "freq_transformer_depth": 1,
        "num_bands": 12,
        "dim_head": 8,
        "heads": 1,
        "stft_n_fft": 1024,
        "stft_win_length": 1024,
        "stft_hop_length": 512,
        "mask_estimator_depth": 1,
    },
}


def tiny(path: Path, target: str, others: tuple[str, ...], rate_hz: int = RATE_HZ) -> Path:
    training = {"instruments": [target, *others], "target_instrument": target}
    said = {**TINY, "training": training, "audio": {**TINY["audio"], "sample_rate": rate_hz}}
    save(seeded(configs.read_yaml(yaml.safe_dump(said)), target), path, licence="MIT")
    return path


@pytest.fixture(autouse=True)
def plainly_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which backend is the quickest is measured elsewhere."""
    monkeypatch.setattr(
        ears, "open_fastest", lambda network, precision, **_: open_backend(network, "torch", precision, 1)
    )


@pytest.fixture
def separator(tmp_path: Path) -> Path:
    return tiny(tmp_path / "separator.safetensors", "vocals", ("other",))


@pytest.fixture
def dereverberator(tmp_path: Path) -> Path:
    return tiny(tmp_path / "dereverberator.safetensors", "noreverb", ("reverb",))


@pytest.fixture(scope="module")
def wet() -> np.ndarray:
    return rooms.in_room(voices.song(4, seed=1), rooms.room(1.0, drr_db=-3, seed=4, channels=2))


def test_both_networks_are_asked_one_after_the_other(separator: Path, dereverberator: Path, wet: np.ndarray):
    ear = Ear.open(EarOptions(separator=separator, dereverberator=dereverberator))
    assert ear.dereverberator is not None
    assert (ear.separator.info.stems, ear.dereverberator.info.stems) == (("voice",), ("dry",))
    separated = ear.separate(wet)
    given = separated.voice.copy()
    dry = ear.dereverberate(separated)
    assert np.array_equal(separated.voice, given)
    assert dry.samples.shape == wet.shape
    predicted = dereverberate(separated.voice, active=separated.activity.by_sample(len(wet)))
    assert dry.room == predicted.room
    if dry.strength:
        assert not np.array_equal(dry.samples, predicted.samples)
    assert np.array_equal(ear.dereverberate(separated).samples, dry.samples)


def test_without_a_second_network_the_room_is_predicted(separator: Path, wet: np.ndarray):
    ear = Ear.open(EarOptions(separator=separator))
    separated = ear.separate(wet)
    predicted = dereverberate(separated.voice, active=separated.activity.by_sample(len(wet)))
    assert np.array_equal(ear.dereverberate(separated).samples, predicted.samples)


def test_a_network_that_gives_the_backing_alone_leaves_the_voice(tmp_path: Path, wet: np.ndarray):
    path = tiny(tmp_path / "backing.safetensors", "instrumental", ("vocals",))
    ear = Ear.open(EarOptions(separator=path))
    with torch.inference_mode():
        voice = ear.separate(wet).voice
    assert ear.separator.info.stems == ("backing",)
    assert np.square(wet - voice).sum() > 0
    assert not np.array_equal(voice, wet)


def test_networks_in_each_others_place_are_refused_before_anything_is_heard(separator: Path, dereverberator: Path):
    with pytest.raises(ModelRefused, match=r"dereverberator\.safetensors.* dry does not separate"):
        Ear.open(EarOptions(separator=dereverberator))
    with pytest.raises(ModelRefused, match="does not dereverberate"):
        Ear.open(EarOptions(dereverberator=tiny(separator.with_name("b.safetensors"), "instrumental", ("vocals",))))


def test_a_network_of_another_rate_is_refused(tmp_path: Path):
    with pytest.raises(ModelRefused, match="48000 Hz"):
        Ear.open(EarOptions(separator=tiny(tmp_path / "x.safetensors", "vocals", ("other",), 48_000)))
