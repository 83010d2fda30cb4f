"""Backends: whatever runs a network, the stems are the same."""

from collections.abc import Mapping
from typing import Any, Never

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vocalverse.errors import BackendFailed, BadInput, OutOfMemory
from vocalverse.separate.backends import open_backend
from vocalverse.separate.backends.backend import Chunks, narrowed
from vocalverse.separate.networks.network import Network, NetworkInfo
from vocalverse.separate.precision import Precision

CHUNK = 2048


class Little(Network):
    """One matrix, one normed layer and one convolution on blocks of 16 samples: two stems of a stereo chunk."""

    def __init__(self) -> None:
        super().__init__()
        self.info = NetworkInfo("little", 44_100, 2, ("voice", "backing"), CHUNK)
        self.grow = nn.Linear(16, 64)
        self.mix = nn.Conv1d(2, 2, 3, padding=1)
        self.shrink = nn.Linear(64, 32)
        self.register_buffer("scale", torch.tensor(2.0))

    def to_config(self) -> Mapping[str, Any]:
        return {}

    def analyse(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        return audio.unflatten(-1, (-1, 16)), torch.complex(audio, torch.zeros_like(audio))

    def core(self, features: Tensor) -> Tensor:
        grown = torch.tanh(self.grow(features.to(self.grow.weight.dtype))) * self.scale
        batch, channels, blocks, width = grown.shape
        mixed = self.mix(grown.permute(0, 2, 1, 3).reshape(-1, channels, width))
        mixed = mixed.reshape(batch, blocks, channels, width).permute(0, 2, 1, 3)
        return torch.sigmoid(self.shrink(mixed.to(self.shrink.weight.dtype)))

    def synthesise(self, spectrum: Tensor, masks: Tensor, samples: int) -> Tensor:
        stems = masks.unflatten(-1, (2, 16)).permute(0, 3, 1, 2, 4).flatten(3)
        return stems * spectrum.real.unsqueeze(1)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def network():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return Little().eval().requires_grad_(False)


def noise(batch: int = 1, samples: int = CHUNK, channels: int = 2, seed: int = 0):
    return np.random.default_rng(seed).standard_normal((batch, channels, samples), dtype=np.float32) * 0.3


def fidelity_db(stems: Chunks, reference: Chunks):
    return 10 * np.log10(np.square(reference).sum() / np.square(stems - reference).sum())


def test_the_stems_are_those_of_the_network_itself(network: Network):
    chunks = noise(3)
    stems = open_backend(network, "torch", Precision.FP32)(chunks)
    assert stems.shape == (3, 2, 2, CHUNK)
    assert stems.dtype == np.float32
    np.testing.assert_allclose(stems, network.separate(torch.from_numpy(chunks)).numpy(), atol=1e-6)


@pytest.mark.parametrize(("precision", "least_db"), [(Precision.BF16, 38), (Precision.FP16, 50)])
def test_half_precision_stays_near(network: Network, precision: Precision, least_db: float):
    chunks = noise(1)
    exact = open_backend(network, "torch", Precision.FP32)(chunks)
    assert fidelity_db(open_backend(network, "torch", precision)(chunks), exact) >= least_db


def test_the_chunks_are_not_touched(network: Network):
    chunks = noise(2)
    before = chunks.copy()
    open_backend(network, "torch", Precision.BF16)(chunks)
    np.testing.assert_array_equal(chunks, before)


def test_only_large_matrices_are_narrowed_and_the_rest_is_shared(network: Network):
    narrow = narrowed(network, Precision.BF16)
    assert narrow.grow.weight.dtype == torch.bfloat16
    assert network.grow.weight.dtype == torch.float32
    assert narrow.mix.weight is network.mix.weight
    assert narrow.scale is network.scale


@pytest.mark.parametrize("chunks", [noise(channels=1), noise()[0], noise(0)], ids=["mono", "no batch", "empty"])
def test_chunks_of_another_shape_are_refused(network: Network, chunks: Chunks):
    with pytest.raises(BadInput):
        open_backend(network, "torch", Precision.FP32)(chunks)


def test_what_is_no_number_never_leaves(network: Network):
    network.shrink.bias.fill_(torch.nan)
    with pytest.raises(BackendFailed):
        open_backend(network, "torch", Precision.FP32)(noise())


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (RuntimeError("boom"), BackendFailed),
        (MemoryError(), OutOfMemory),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 TB"), OutOfMemory),
    ],
)
def test_a_failure_in_mid_song_names_the_backend(
    network: Network, monkeypatch: pytest.MonkeyPatch, raised: Exception, error: type[Exception]
):
    def fail(_features: Tensor) -> Never:
        raise raised

    monkeypatch.setattr(network, "core", fail)
    with pytest.raises(error, match="torch"):
        open_backend(network, "torch", Precision.FP32)(noise())
