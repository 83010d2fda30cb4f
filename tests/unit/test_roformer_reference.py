"""Ours against the public package's networks on the same random weights. A missing package fails here."""

import warnings
from dataclasses import replace
from typing import Any

import librosa
import numpy as np
import pytest
import torch
import yaml
from torch import Tensor, nn

from tests.golden_rule import draw
from tests.roformers import agreement_db, seeded
from vocalverse.separate.networks import bands, configs
from vocalverse.separate.networks.configs import USUAL_BAND_BINS, Architecture, RoformerConfig
from vocalverse.separate.networks.layers import cast_weights

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the packages that it stands on
    from audio_separator.separator.uvr_lib_v5.roformer.bs_roformer import BSRoformer
    from audio_separator.separator.uvr_lib_v5.roformer.mel_band_roformer import MelBandRoformer

SMALL = {
    "dim": 32,
    "depth": 2,
    "heads": 2,
    "dim_head": 16,
    "stereo": True,
    "time_transformer_depth": 1,
    "freq_transformer_depth": 1,
}
MEL = SMALL | {"num_bands": 60}
SPLIT = SMALL | {"freqs_per_bands": USUAL_BAND_BINS}

# Name → model section of a yaml, samples.
CASES: dict[str, tuple[dict[str, Any], int]] = {
    "mel": (MEL | {"stft_hop_length": 441, "mask_estimator_depth": 2}, 22050),
    "mel, mono, one deep mask for each of two stems": (
        MEL | {"stereo": False, "num_stems": 2, "mask_estimator_depth": 3},
        20001,
    ),
    "mel, shallow masks, a longer window, wide heads, more layers": (
        MEL
        | {"dim": 24, "dim_head": 64, "time_transformer_depth": 2, "num_bands": 40, "mask_estimator_depth": 1}
        | {"stft_n_fft": 4096, "stft_win_length": 4096, "stft_hop_length": 1024, "num_stems": 3},
        20000,
    ),
    "mel, another rate, window within the transform, normalised": (
        MEL
        | {"num_bands": 30, "sample_rate": 16000, "stft_n_fft": 1024, "stft_win_length": 512, "stft_hop_length": 128}
        | {"stft_normalized": True, "depth": 1, "heads": 3},
        9000,
    ),
    "mel, with fields that change nothing": (
        MEL
        | {"mlp_expansion_factor": 2, "zero_dc": False, "skip_connection": True, "match_input_audio_length": True}
        | {"attn_dropout": 0.1, "ff_dropout": 0.1, "dim_freqs_in": 1025},
        15000,
    ),
    "bs": (SPLIT | {"stft_hop_length": 441}, 22050),
    "bs, mono, two stems, linear attention, narrow deep masks": (
        SPLIT
        | {"stereo": False, "num_stems": 2, "linear_transformer_depth": 2}
        | {"mask_estimator_depth": 3, "mlp_expansion_factor": 2},
        20000,
    ),
    "bs, four stems, few bands, a short window": (
        SPLIT
        | {"freqs_per_bands": (1, 16, 32, 80, 128), "num_stems": 4, "mask_estimator_depth": 1}
        | {"stft_n_fft": 512, "stft_win_length": 512, "stft_hop_length": 128},
        9000,
    ),
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _config(model: dict[str, Any]) -> RoformerConfig:
    """By the yaml, as a public model comes."""
    stems = [f"stem{number}" for number in range(model.get("num_stems", 1))]
    return configs.read_yaml(
        yaml.dump({"model": model, "training": {"instruments": stems}, "audio": {"chunk_size": 65536}})
    )


def _public(model: dict[str, Any], weights: dict[str, Tensor]) -> nn.Module:
    # Its constructor asks for a spectrum without a window, for its size alone.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        network: nn.Module = (MelBandRoformer if "num_bands" in model else BSRoformer)(**model)
    network.load_state_dict(weights)
    return network.eval()


def _sound(model: dict[str, Any], samples: int, name: str) -> Tensor:
    return torch.from_numpy(0.1 * draw(f"{name}/sound", (2, 2 if model["stereo"] else 1, samples)))


@pytest.mark.parametrize("name", CASES)
@torch.inference_mode()
def test_single_precision_is_equal_to_the_public_network(name: str):
    model, samples = CASES[name]
    network, sound = seeded(_config(model), name), _sound(model, samples, name)
    ours = network.separate(sound).numpy()
    theirs = _public(model, network.state_dict())(sound).numpy().reshape(*ours.shape[:-1], -1)
    assert ours.shape[-1] == samples
    assert agreement_db(theirs, ours[..., : theirs.shape[-1]]) > 110


@pytest.mark.parametrize("name", CASES)
@torch.inference_mode()
def test_half_precision_stays_close(name: str):
    model, samples = CASES[name]
    network, sound = seeded(_config(model), name), _sound(model, samples, name)
    exact = network.separate(sound).numpy()
    cast_weights(network, torch.bfloat16)
    assert agreement_db(exact, network.separate(sound).numpy()) > 38


@torch.inference_mode()
def test_the_last_samples_are_not_cut_off():
    """The public network drops what does not fill a hop; a mask of ones gives the sound back to its end."""
    model, samples = CASES["mel"]
    network = seeded(_config(model), "end")
    sound = _sound(model, samples - 100, "end")
    _, spectrum = network.analyse(sound)
    ones = torch.tensor([1.0, 0.0]).repeat(len(network.rows)).expand(2, 1, spectrum.shape[-1], -1)
    assert agreement_db(sound.numpy(), network.synthesise(spectrum, ones, sound.shape[-1])[:, 0].numpy()) > 110


@torch.inference_mode()
def test_silence_stays_silence():
    model, samples = CASES["mel"]
    out = seeded(_config(model), "silence").separate(torch.zeros(1, 2, samples))
    assert out.shape == (1, 1, 2, samples)
    assert not out.any()


@pytest.mark.parametrize("sample_rate_hz", [16000, 44100, 48000])
@pytest.mark.parametrize(("count", "n_fft"), [(24, 1024), (40, 2048), (60, 2048), (60, 4096), (64, 2048)])
def test_mel_bands_are_where_the_public_filterbank_is_above_zero(count: int, n_fft: int, sample_rate_hz: int):
    weights = librosa.filters.mel(sr=sample_rate_hz, n_fft=n_fft, n_mels=count)
    weights[0, 0] = weights[-1, -1] = 1
    layout = bands.mel(count, sample_rate_hz=sample_rate_hz, n_fft=n_fft)
    np.testing.assert_array_equal(layout.bins, np.nonzero(weights > 0)[1])
    np.testing.assert_array_equal(layout.widths, (weights > 0).sum(1))


def test_half_precision_leaves_norms_and_angles_alone():
    config = replace(_config(MEL), depth=1)
    assert config.architecture is Architecture.MEL_BAND
    network = seeded(config, "cast")
    cast_weights(network, torch.bfloat16)
    kept = {key.rpartition(".")[2] for key, tensor in network.state_dict().items() if tensor.dtype == torch.float32}
    assert kept == {"gamma", "freqs"}
