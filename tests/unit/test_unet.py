"""Spleeter's pair of U-Nets against its own definition, and the weights that come with the package."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalverse.errors import ModelBroken
from vocalverse.samples import TAKES
from vocalverse.samples.music import backing, key_of
from vocalverse.separate.bundled.quantise import from_spleeter
from vocalverse.separate.networks import build
from vocalverse.separate.networks.unet import UNetConfig, UNetPair
from vocalverse.separate.options import BUNDLED
from vocalverse.separate.quality import si_sdr
from vocalverse.separate.weights import describe, load

SMALL = UNetConfig(widths=(4, 6, 8), bins=64, n_fft=256, hop=64, frames=24)


class Published(nn.Module):
    """One of Spleeter's nets as its authors wrote it, batch norms and all."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        down, up = (2, *widths), (*reversed(widths), 1)
        self.conv = nn.ModuleList(nn.Conv2d(a, b, 5, 2) for a, b in pairwise(down))
        self.bn = nn.ModuleList(nn.BatchNorm2d(width, eps=1e-3) for width in widths)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(a * (2 if i else 1), b, 5, 2) for i, (a, b) in enumerate(pairwise(up))
        )
        self.ubn = nn.ModuleList(nn.BatchNorm2d(width, eps=1e-3) for width in up[1:])
        self.out = nn.Conv2d(1, 2, 4, dilation=2, padding=3)

    def forward(self, magnitudes: Tensor) -> Tensor:
        x, skips = magnitudes, []
        for conv, norm in zip(self.conv, self.bn, strict=True):
            skips.append(conv(functional.pad(x, (1, 2, 1, 2))))
            x = functional.leaky_relu(norm(skips[-1]), 0.2)
        x = skips.pop()
        for up, norm in zip(self.up, self.ubn, strict=True):
            x = norm(functional.relu(up(x)[:, :, 1:-2, 1:-2]))
            x = torch.cat([skips.pop(), x], 1) if skips else x
        return torch.sigmoid(self.out(x)) * magnitudes


def published(config: UNetConfig) -> nn.ModuleDict:
    torch.manual_seed(3)
    nets = nn.ModuleDict({"vocals": Published(config.widths), "accompaniment": Published(config.widths)}).eval()
    for norm in (module for module in nets.modules() if isinstance(module, nn.BatchNorm2d)):
        for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
            assert tensor is not None
            tensor.detach().uniform_(0.2, 1.5)
    return nets.requires_grad_(False)


def noise(samples: int, *, batch: int = 1, seed: int = 0) -> Tensor:
    return torch.randn(batch, 2, samples, generator=torch.Generator().manual_seed(seed)) * 0.1


def small(seed: int = 1) -> UNetPair:
    torch.manual_seed(seed)
    return UNetPair(SMALL).eval().requires_grad_(False)


def test_masks_are_those_of_the_published_nets():
    """Each estimates magnitudes, and the mask is the voice's part of their powers."""
    theirs = published(SMALL)
    ours = from_spleeter(theirs.state_dict(), SMALL)
    features, _ = ours.analyse(noise(SMALL.chunk, batch=2))
    voice, backing = (theirs[name](features) ** 2 for name in ("vocals", "accompaniment"))
    assert features.shape == (2, 2, SMALL.frames, SMALL.bins)
    assert torch.allclose(ours.core(features), voice / (voice + backing), atol=2e-5)


@pytest.mark.parametrize("samples", [SMALL.chunk, 1, 63, 64, 65, 5000])
def test_stems_sum_up_to_the_mix_at_any_length(samples: int):
    audio = noise(samples)
    stems = small().separate(audio)
    assert stems.shape == (1, 2, 2, samples)
    assert torch.allclose(stems.sum(1), audio, atol=1e-6)


def test_a_mask_of_ones_leaves_everything_in_the_voice():
    network, audio = small(), noise(SMALL.chunk)
    features, spectrum = network.analyse(audio)
    stems = network.synthesise(spectrum, torch.ones_like(features), SMALL.chunk)
    assert torch.allclose(stems[:, 0], audio, atol=1e-6)
    assert stems[:, 1].abs().max() < 1e-6


def test_chunks_of_a_batch_do_not_hear_each_other():
    network = small()
    first, second = noise(SMALL.chunk, seed=1), noise(SMALL.chunk, seed=2)
    together = network.separate(torch.cat([first, second]))
    assert torch.allclose(together[:1], network.separate(first), atol=1e-6)
    assert torch.allclose(together[1:], network.separate(second), atol=1e-6)


def test_silence_gives_silence():
    assert not small().separate(torch.zeros(1, 2, SMALL.chunk)).any()


@pytest.mark.parametrize("gain", [0.1, 30.0])
def test_a_recordings_level_changes_nothing_but_the_level(gain: float):
    network, audio = small(), noise(SMALL.chunk)
    assert torch.allclose(network.separate(gain * audio) / gain, network.separate(audio), atol=1e-5)


def test_each_chunk_of_a_batch_has_its_own_level():
    features, _ = small().analyse(noise(SMALL.chunk) * torch.tensor([1.0, 0.1])[:, None, None])
    assert features.square().mean(dim=(1, 2, 3)).sqrt().tolist() == pytest.approx([SMALL.level] * 2, rel=1e-4)


def test_what_is_far_too_quiet_for_music_is_raised_by_40_db_and_no_more():
    features, spectrum = small().analyse(noise(SMALL.chunk) * 1e-6)
    assert torch.allclose(features, spectrum[..., : SMALL.bins].abs() * 100)


def test_its_config_builds_it_again():
    network = small()
    again = build("unet_pair", network.to_config())
    again.load_state_dict(network.state_dict())
    audio = noise(SMALL.chunk)
    assert torch.equal(again.eval().separate(audio), network.separate(audio))
    assert again.info == network.info


@pytest.mark.parametrize(
    "lie",
    [
        {"widths": []},
        {"widths": [16] * 9},
        {"widths": [4, 6, 1 << 40]},
        {"widths": "aaa"},
        {"widths": [4, 6, 8.0]},
        {"bins": 60},
        {"bins": 1024},
        {"frames": 0},
        {"frames": 25},
        {"frames": 1 << 30},
        {"frames": True},
        {"hop": 100},
        {"n_fft": 1 << 20},
        {"level": 0},
        {"level": float("nan")},
        {"level": "loud"},
        {"unheard_of": 1},
    ],
)
def test_a_config_that_lies_is_refused(lie: dict[str, Any]):
    with pytest.raises(ModelBroken):
        build("unet_pair", {**small().to_config(), **lie})


def test_bundled_weights_say_what_they_are_and_stay_small():
    path = BUNDLED / "spleeter_2stems.safetensors"
    description = describe(path)
    assert (description.architecture, description.licence) == ("unet_pair", "MIT")
    assert path.stat().st_size < 20_000_000


def test_bundled_weights_take_a_real_voice_out_of_its_backing():
    """A take with chords, a bass and drums at the same level."""
    bundled = load(BUNDLED / "spleeter_2stems.safetensors")
    assert isinstance(bundled, UNetPair)
    network = UNetPair(replace(bundled.config, frames=192))
    network.load_state_dict(bundled.state_dict())
    network.eval().requires_grad_(False)
    take, _ = soundfile.read(TAKES[0], frames=network.info.chunk)
    chords = backing(key_of(take), len(take), np.random.default_rng(1))
    voice, music = (np.tile(signal[:, None] / signal.std() * 0.05, 2) for signal in (take, chords))
    stems = network.separate(torch.tensor((voice + music).T, dtype=torch.float32)[None])[0].mT.numpy()
    assert si_sdr(stems[0], voice) > 8
    assert si_sdr(stems[1], music) > 8
