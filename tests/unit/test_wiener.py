"""Stems from different places of the stereo image, whose truth is known."""

import pytest
import torch
from torch import Tensor

from vocalverse.separate.networks.wiener import placed


def noise(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.complex64, generator=torch.Generator().manual_seed(seed))


def share(estimate: Tensor, truth: Tensor) -> float:
    """Error against truth, in dB."""
    return float(10 * torch.log10((estimate - truth).abs().square().sum() / truth.abs().square().sum()))


def at(source: Tensor, left: float, right: float) -> Tensor:
    return torch.stack([source * left, source * right], dim=1)


@pytest.fixture(scope="module")
def scene() -> tuple[Tensor, Tensor, Tensor]:
    """A voice in the middle and an instrument on the left, each coming and going; and a mask that is half right."""
    loud = torch.rand(2, 2, 200, 16, generator=torch.Generator().manual_seed(9)).pow(4)
    voice, backing = (noise(2, 200, 16, seed=i) * loud[i] for i in (0, 1))
    truth = loud[0].square() / (loud[0].square() + loud[1].square())
    mask = (0.25 + 0.5 * truth)[:, None].expand(-1, 2, -1, -1)
    return at(voice, 1, 1), at(backing, 1, 0.1), mask


def test_places_part_what_the_mask_leaves_together(scene: tuple[Tensor, Tensor, Tensor]):
    voice, backing, mask = scene
    mix = voice + backing
    assert share(placed(mix, mask), voice) < share(mix * mask, voice) - 3


def test_alike_channels_get_the_mask_alone(scene: tuple[Tensor, Tensor, Tensor]):
    voice, _, mask = scene
    assert torch.allclose(placed(voice, mask), voice * mask, atol=1e-5)


@pytest.mark.parametrize("level", [1e-6, 1.0, 1e3])
def test_the_level_of_a_recording_does_not_matter(scene: tuple[Tensor, Tensor, Tensor], level: float):
    voice, backing, mask = scene
    mix = voice + backing
    assert share(placed(mix * level, mask) / level, placed(mix, mask)) < -80


def test_all_or_nothing_stays_so(scene: tuple[Tensor, Tensor, Tensor]):
    voice, backing, mask = scene
    mix = voice + backing
    assert share(placed(mix, torch.ones_like(mask)), mix) < -90
    assert not placed(mix, torch.zeros_like(mask)).any()


def test_silence_and_one_dead_channel_hold_no_trap(scene: tuple[Tensor, Tensor, Tensor]):
    voice, backing, mask = scene
    mix = voice + backing
    assert not placed(torch.zeros_like(mix), mask).any()
    mix[:, 1] = 0
    assert torch.allclose(placed(mix, mask), mix * mask, atol=1e-5)


def test_chunks_of_a_batch_do_not_hear_each_other(scene: tuple[Tensor, Tensor, Tensor]):
    voice, backing, mask = scene
    mix = voice + backing
    assert torch.allclose(placed(mix, mask)[1:], placed(mix[1:], mask[1:]), atol=1e-6)
