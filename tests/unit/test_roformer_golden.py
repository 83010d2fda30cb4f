"""Ours give what the public networks once gave on the same weights, also half-way through."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from tests.roformers import seeded
from vocalverse.separate.networks import build, configs
from vocalverse.separate.networks.configs import USUAL_BAND_BINS, Architecture, RoformerConfig
from vocalverse.separate.networks.roformer import Roformer

GOLDEN = Path(__file__).parent.parent / "golden"
KEYS = {
    Architecture.MEL_BAND: "keys_mel_roformer_small.json",
    Architecture.BAND_SPLIT: "keys_bs_roformer_small.json",
}

Arrays = dict[str, npt.NDArray[Any]]


def _config(architecture: Architecture, **changes: Any) -> RoformerConfig:
    values: dict[str, Any] = {
        "architecture": architecture,
        "dim": 48,
        "depth": 2,
        "heads": 2,
        "head_dim": 24,
        "channels": 2,
        "stems": ("voice",),
        "time_depth": 1,
        "frequency_depth": 1,
        "hop": 441,
        "mask_depth": 2,
        "chunk": 66150,
        "mel_bands": 60 if architecture is Architecture.MEL_BAND else 0,
        "band_bins": () if architecture is Architecture.MEL_BAND else USUAL_BAND_BINS,
    }
    return RoformerConfig(**values | changes)


@pytest.fixture(scope="module", params=list(Architecture))
def case(request: pytest.FixtureRequest) -> tuple[Roformer, Arrays]:
    torch.set_num_threads(1)
    architecture: Architecture = request.param
    with np.load(GOLDEN / f"{architecture}.npz") as arrays:
        return seeded(_config(architecture), architecture), dict(arrays)


@torch.inference_mode()
def test_the_separated_sound_is_the_public_networks(case: tuple[Roformer, Arrays]):
    network, golden = case
    out = network.separate(torch.from_numpy(golden["audio"])[None])
    assert np.abs(out[0, 0].numpy() - golden["out"]).max() < 2e-6


@torch.inference_mode()
def test_so_is_what_it_holds_half_way(case: tuple[Roformer, Arrays]):
    network, golden = case
    features, _ = network.analyse(torch.from_numpy(golden["audio"])[None])
    held: dict[str, torch.Tensor] = {}
    hooks = [
        network.band_split.register_forward_hook(lambda *given: held.update(split=given[-1])),
        network.mask_estimators[0].register_forward_pre_hook(lambda *given: held.update(estimated=given[-1][0])),
    ]
    mask = network.core(features)
    for hook in hooks:
        hook.remove()
    assert features.shape[1] == golden["frames"]
    for name, array in (("split", "band_split_every10"), ("estimated", "mask_input_every10")):
        every_tenth = held[name][0].transpose(0, 1)[:: int(golden["frame_step"])]
        assert np.abs(every_tenth.numpy() - golden[array]).max() < 5e-5
    assert np.abs(mask[0, 0, 0].numpy() - golden["mask_first_frame"]).max() < 5e-5


def test_mel_bands_hold_the_same_bins():
    with np.load(GOLDEN / "mel_band_roformer.npz") as golden:
        network = Roformer(_config(Architecture.MEL_BAND))
        bands = network.bands
        firsts = bands.bins[np.cumsum([0, *bands.widths[:-1]])]
        np.testing.assert_array_equal(bands.widths, golden["bins_per_band"])
        np.testing.assert_array_equal(firsts, golden["band_first_bin"])
        np.testing.assert_array_equal(bands.overlap, golden["bands_per_bin"])
        np.testing.assert_array_equal(network.rows.numpy(), golden["freq_indices"])


@pytest.mark.parametrize("architecture", list(Architecture))
def test_a_checkpoint_has_the_same_keys(architecture: Architecture):
    wanted = json.loads((GOLDEN / KEYS[architecture]).read_text())
    assert {key: list(tensor.shape) for key, tensor in Roformer(_config(architecture)).state_dict().items()} == wanted


def test_the_published_vocal_model_has_the_same_keys_and_is_built_without_memory():
    wanted = json.loads((GOLDEN / "keys_mel_band_roformer_published_384x6x60.json").read_text())
    config = _config(Architecture.MEL_BAND, dim=384, depth=6, heads=8, head_dim=64, chunk=352800)
    with torch.device("meta"):
        network = build(config.architecture, configs.to_config(config))
    assert {key: list(tensor.shape) for key, tensor in network.state_dict().items()} == wanted
    assert sum(weight.numel() for weight in network.parameters()) == 228_202_852
    assert {weight.device.type for weight in network.parameters()} == {"meta"}
    assert {table.device.type for table in network.buffers()} == {"cpu"}  # no checkpoint holds them
