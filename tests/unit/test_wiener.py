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


def test_it_is_the_filter_that_the_formula_gives(scene: tuple[Tensor, Tensor, Tensor]):
    """With matrices, one for each time and frequency, in double precision."""
    voice, backing, mask = scene
    mix, mask = (voice + backing).to(torch.complex128), mask.double()
    power = mix.abs().square()
    powers, places = [], []
    for part in (mask, 1 - mask):
        powers.append(2 * (part * power).sum(1) / power.sum(1))
        covariance = torch.einsum("bctf,bdtf->bfcd", mix * part, (mix * part).conj())
        places.append(covariance / covariance.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None].real)
    ours, theirs = (place[:, None] * each[..., None, None] for each, place in zip(powers, places, strict=True))
    loading = 0.01 * torch.eye(2)
    heard = (ours + 0.01 * torch.diag_embed(mask.movedim(1, -1))) @ torch.linalg.solve(
        ours + theirs + loading, mix.movedim(1, -1)[..., None]
    )
    assert share(placed(mix.to(torch.complex64), mask.float()), heard[..., 0].movedim(-1, 1)) < -100


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
