"""A real NVIDIA GPU gives the CPU's stems. Deselected where there is none."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from vocalverse.separate.backends import open_backend
from vocalverse.separate.backends.backend import Chunks, forget_failures
from vocalverse.separate.networks import build, configs
from vocalverse.separate.networks.configs import Architecture, RoformerConfig
from vocalverse.separate.networks.network import Network
from vocalverse.separate.precision import Precision
from vocalverse.separate.stitch import Model, stitch

pytestmark = pytest.mark.filterwarnings("ignore")  # of Triton and torch's compiler

CONFIG = RoformerConfig(
    Architecture.MEL_BAND,
    dim=48,
    depth=2,
    stems=("voice",),
    chunk=66150,
    mask_depth=2,
    hop=441,
    mel_bands=60,
    channels=2,
)


@pytest.fixture
def network() -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return build(CONFIG.architecture, configs.to_config(CONFIG)).eval().requires_grad_(False)


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    forget_failures()


def stitched(source: Chunks, model: Model) -> Chunks:
    blocks: list[Chunks] = []
    stitch(source, model, lambda _, block: blocks.append(block))
    return np.concatenate(blocks, axis=1)


@pytest.mark.parametrize(
    ("precision", "least_db"), [(Precision.FP32, 80), (Precision.FP16, 50), (Precision.BF16, 36)], ids=str
)
def test_a_whole_song_has_the_cpus_stems(network: Network, precision: Precision, least_db: float):
    source = np.random.default_rng(0).standard_normal((10 * CONFIG.chunk + 77, 2), np.float32) * 0.1
    exact = stitched(source, open_backend(network, "torch", Precision.FP32))
    stems = stitched(source, open_backend(network, "cuda", precision))
    assert 10 * np.log10(np.square(exact).sum() / np.square(stems - exact).sum()) >= least_db


def test_the_same_song_gives_the_same_bits(network: Network):
    source = np.random.default_rng(0).standard_normal((5 * CONFIG.chunk, 2), np.float32) * 0.1
    backend = open_backend(network, "cuda", Precision.FP16)
    np.testing.assert_array_equal(stitched(source, backend), stitched(source, backend))
