"""MuQ gives what the public package gave on the same weights."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.golden_rule import GOLDEN, arrays, filled, wave
from vocalverse.models.encoders.muq import MEL, UNUSED, decibels
from vocalverse.models.encoders.muq_net import Muq, MuqSize

SMALL = MuqSize(64, 4, 4, 128, 32)
MEAN, STD = 6.768444971712967, 18.417922652295623


@pytest.fixture(scope="module")
def small() -> Muq:
    return filled(Muq(SMALL), "muq_small", prefix="model.")


def _mel(audio: np.ndarray[Any, Any]) -> Tensor:
    return (decibels(torch.from_numpy(audio)) - MEAN) / STD


def _published(name: str) -> Mapping[str, list[int]]:
    shapes = json.loads((GOLDEN / f"keys_{name}.json").read_text())
    named = {key.removeprefix("model."): shape for key, shape in shapes.items()}
    return {key: shape for key, shape in named.items() if not key.startswith(UNUSED)}


@pytest.mark.parametrize(("size", "name"), [(SMALL, "muq_small"), (MuqSize(), "muq_large_published")])
def test_its_keys_are_the_published_ones(size: MuqSize, name: str):
    with torch.device("meta"):
        network = Muq(size)
    assert {key: list(tensor.shape) for key, tensor in network.state_dict().items()} == _published(name)


def test_its_mel_is_the_public_packages():
    golden = arrays("muq_small")
    mel = _mel(golden["audio"]).numpy()
    assert MEL.hop * mel.shape[1] == len(golden["audio"])
    assert (
        np.abs(mel * STD + MEAN - np.pad(golden["mel_db_first_frame"][:, None], ((0, 0), (0, 399))))[:, 0].max() < 1e-3
    )
    assert np.abs(mel[:, :10] - golden["mel_normalised_first10"]).max() < 1e-3
    assert np.abs(mel - golden["mel_normalised_f16"]).max() < 5e-3


@torch.inference_mode()
def test_a_small_ones_states_are_the_public_packages(small: Muq):
    golden = arrays("muq_small")
    states = [state[0].numpy() for state in small.states(_mel(golden["audio"])[None])]
    assert len(states) == golden["n_hidden_states"]
    assert np.abs(states[0] - golden["conv_out"]).max() < 1e-4
    assert np.abs(states[golden["mid_index"]] - golden["mid"]).max() < 1e-4
    assert np.abs(states[-1] - golden["last"]).max() < 1e-4


@torch.inference_mode()
def test_a_padded_batch_is_the_public_packages(small: Muq):
    golden = arrays("muq_small")
    second = np.pad(wave("muq/b", 48000, 24000, 180.0), (0, 48000))
    mel = torch.stack([_mel(golden["audio"]), _mel(second)])
    valid = torch.arange(100) < torch.tensor([[100], [50]])
    *_, last = small.states(mel, valid)
    assert np.abs(last.numpy() - golden["batch_last"]).max() < 1e-4
