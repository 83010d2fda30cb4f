"""The small net after the U-Nets."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vocalverse.errors import ModelBroken
from vocalverse.separate import weights
from vocalverse.separate.networks import build
from vocalverse.separate.networks.refiner import RefinedUNet
from vocalverse.separate.quality import sdr

UNET: dict[str, Any] = {
    "widths": [4, 8],
    "bins": 64,
    "n_fft": 256,
    "hop": 64,
    "frames": 32,
    "sample_rate_hz": 44100,
}
REFINER: dict[str, Any] = {"dim": 8, "hidden": 16, "dilations": [1, 2], "bands": [[4, 4], [3, 8]], "channels": 2}


def small(seed: int = 7, **refiner: object) -> RefinedUNet:
    torch.manual_seed(seed)
    network = build("refined_unet", {"refiner": REFINER | refiner, "unet": UNET})
    assert isinstance(network, RefinedUNet)
    return network.eval()


def taught(network: RefinedUNet) -> RefinedUNet:
    """As after some lessons: its last layers are no longer at nothing."""
    with torch.no_grad():
        for output in network.refiner.outputs:
            output.weight.normal_(std=1.0)
    return network


def noise(seed: int = 3, samples: int = 3000) -> torch.Tensor:
    return torch.randn(2, 2, samples, generator=torch.Generator().manual_seed(seed)) * 0.1


def apart_db(one: torch.Tensor, other: torch.Tensor) -> float:
    return sdr(one.numpy(), other.numpy())


def test_before_its_first_lesson_it_gives_what_the_unets_give() -> None:
    network, audio = small(), noise()
    assert apart_db(network.separate(audio), network.unet.separate(audio)) > 100


def test_what_it_learns_reaches_the_stems_which_still_sum_to_the_mix() -> None:
    network, audio = taught(small()), noise()
    stems = network.separate(audio)
    assert apart_db(stems, network.unet.separate(audio)) < 60
    assert apart_db(stems.sum(1), audio) > 100


def test_above_its_bins_the_unets_mask_stays() -> None:
    network, audio = taught(small()), noise()
    features, _ = network.analyse(audio)
    with torch.inference_mode():
        mask, theirs = network.core(features), network.unet.core(features.square().sum(2).sqrt())
    learnt = network.refiner.config.bins
    assert learnt == 40
    assert torch.equal(mask[:, :, 0, :, learnt:], theirs[..., learnt:])
    assert not mask[:, :, 1, :, learnt:].any()


def test_the_level_of_a_recording_changes_nothing_of_the_correction() -> None:
    network = taught(small()).refiner
    spectrum = torch.randn(1, 2, 2, 8, 64, generator=torch.Generator().manual_seed(5))
    mask = torch.rand(1, 2, 8, 64, generator=torch.Generator().manual_seed(6))
    with torch.inference_mode():
        assert apart_db(network(30 * spectrum, mask), network(spectrum, mask)) > 40


def test_refiner_and_outer_layers_learn_the_inner_ones_stay() -> None:
    torch.manual_seed(1)
    network = build("refined_unet", {"refiner": REFINER, "unet": UNET | {"widths": [2, 2, 2, 2, 2, 2], "frames": 64}})
    still = {name for name, p in network.named_parameters() if not p.requires_grad}
    inner = {"downs.4", "downs.5", "ups.0", "ups.1"}
    assert still == {f"unet.{u}.{i}.{p}" for u in ("voice", "backing") for i in inner for p in ("weight", "bias")}


@pytest.mark.parametrize("int8", [False, True])
def test_a_saved_one_is_the_same_again(tmp_path: Path, int8: bool) -> None:
    network, audio = taught(small()), noise()
    weights.save(network, tmp_path / "net.safetensors", licence="research only", int8=int8)
    again = weights.load(tmp_path / "net.safetensors")
    assert again.info == network.info
    assert apart_db(again.separate(audio), network.separate(audio)) > (30 if int8 else 120)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"refiner": REFINER},
        {"refiner": {**REFINER, "dim": 0}, "unet": UNET},
        {"refiner": {**REFINER, "bands": []}, "unet": UNET},
        {"refiner": {**REFINER, "bands": [[100, 32]]}, "unet": UNET},
        {"refiner": {**REFINER, "bands": "all"}, "unet": UNET},
        {"refiner": {k: v for k, v in REFINER.items() if k != "hidden"}, "unet": UNET},
    ],
)
def test_a_config_that_cannot_be_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ModelBroken):
        build("refined_unet", config)


def test_half_precision_stays_near() -> None:
    network, audio = taught(small()), noise()
    features, spectrum = network.analyse(audio)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        masks = network.core(features)
    stems = network.synthesise(spectrum, masks, audio.shape[-1])
    assert np.isfinite(stems.numpy()).all()
    assert apart_db(stems, network.separate(audio)) > 30


def test_after_the_bundled_unets_its_file_is_small(tmp_path: Path) -> None:
    network, audio = build("refined_unet", {"refiner": REFINER, "unet": None}), noise(samples=30_000)
    with torch.no_grad():
        network.get_parameter("unet.voice.downs.0.weight").mul_(1.1)
    weights.save(network, tmp_path / "net.safetensors", licence="research only", int8=True)
    assert (tmp_path / "net.safetensors").stat().st_size < 2_500_000
    again = weights.load(tmp_path / "net.safetensors")
    assert set(again.state_dict()) == set(network.state_dict())
    assert apart_db(again.separate(audio), network.separate(audio)) > 25
