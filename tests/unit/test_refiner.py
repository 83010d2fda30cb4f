"""The U-Nets, trained further."""

from pathlib import Path
from typing import Any

import pytest
import torch

from vocalverse.errors import ModelBroken
from vocalverse.separate import weights
from vocalverse.separate.networks import build
from vocalverse.separate.networks.network import Network
from vocalverse.separate.options import BUNDLED
from vocalverse.separate.quality import sdr

UNET: dict[str, Any] = {
    "widths": [2, 4, 4, 4, 4, 8],
    "bins": 64,
    "n_fft": 256,
    "hop": 64,
    "frames": 64,
    "sample_rate_hz": 44100,
}
INNER = {"downs.4", "downs.5", "ups.0", "ups.1"}


def small(level: float = 1.0) -> Network:
    torch.manual_seed(7)
    return build("refined_unet", {"unet": UNET, "level": level}).eval()


def noise(samples: int = 3000) -> torch.Tensor:
    return torch.randn(2, 2, samples, generator=torch.Generator().manual_seed(3)) * 0.1


def apart_db(one: torch.Tensor, other: torch.Tensor) -> float:
    return sdr(one.numpy(), other.numpy())


def test_before_its_first_lesson_it_is_the_unets() -> None:
    network, audio = small(level=3.0), noise()
    plain = build("unet_pair", {**UNET, "level": 3.0}).eval()
    plain.load_state_dict(network.state_dict())
    assert torch.equal(network.separate(audio), plain.separate(audio))


def test_stems_sum_to_the_mix_and_silence_is_silent() -> None:
    network, audio = small(), noise()
    assert apart_db(network.separate(audio).sum(1), audio) > 100
    assert not network.separate(torch.zeros(1, 2, 3000)).any()


def test_outer_layers_learn_and_the_inner_ones_stay() -> None:
    still = {name for name, p in small().named_parameters() if not p.requires_grad}
    assert still == {
        f"{net}.{layer}.{p}" for net in ("voice", "backing") for layer in INNER for p in ("weight", "bias")
    }


@pytest.mark.parametrize("int8", [False, True])
def test_a_saved_one_is_the_same_again(tmp_path: Path, int8: bool) -> None:
    network, audio = small(), noise()
    weights.save(network, tmp_path / "net.safetensors", licence="research only", int8=int8)
    again = weights.load(tmp_path / "net.safetensors")
    assert again.info == network.info
    assert apart_db(again.separate(audio), network.separate(audio)) > (30 if int8 else 120)


def test_after_the_bundled_unets_its_file_holds_what_was_learnt_alone(tmp_path: Path) -> None:
    network, audio = build("refined_unet", {"unet": None, "level": 3.5}), noise(30_000)
    with torch.no_grad():
        network.get_parameter("voice.downs.0.weight").mul_(1.1)
    weights.save(network, tmp_path / "net.safetensors", licence="research only")
    assert (tmp_path / "net.safetensors").stat().st_size < 7_000_000
    again = weights.load(tmp_path / "net.safetensors")
    assert not [name for name in again.state_dict() if any(f".{layer}." in name for layer in INNER)]
    assert apart_db(again.separate(audio), network.separate(audio)) > 120


def test_the_research_ear_is_marked_so_and_lies_beside_its_licence() -> None:
    folder = BUNDLED / "research"
    said = weights.describe(folder / "lite_research.safetensors")
    assert (said.architecture, said.licence[:13]) == ("refined_unet", "research only")
    assert (folder / "LICENSE").is_file()
    assert weights.load(folder / "lite_research.safetensors").info.stems == ("voice", "backing")


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"unet": UNET},
        {"unet": UNET, "level": 0},
        {"unet": UNET, "level": "loud"},
        {"unet": UNET, "level": float("nan")},
        {"unet": UNET, "level": 1.0, "more": 1},
        {"unet": {**UNET, "bins": 63}, "level": 1.0},
    ],
)
def test_a_config_that_cannot_be_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ModelBroken):
        build("refined_unet", config)
