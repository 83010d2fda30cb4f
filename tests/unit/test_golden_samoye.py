"""SaMoye's networks give what the public code gave on the same weights."""

import json

import numpy as np
import pytest
import torch

from tests.golden_rule import GOLDEN, arrays, draw, filled, wave, weight
from vocalverse.models.encoders import coarse_f0
from vocalverse.models.encoders.hubert_soft import UNUSED, HubertSize, HubertSoft
from vocalverse.models.encoders.samoye_prior_net import Prior, SamoyePrior


def test_the_rule_draws_the_tensors_that_were_drawn():
    checked = 0
    for tensors in json.loads((GOLDEN / "weights_check.json").read_text()).values():
        for key, told in tensors.items():
            like = torch.zeros(told["shape"])
            drawn = weight(told["seed_text"].removesuffix(f"/{key}"), key, like)
            if drawn is not like:
                np.testing.assert_allclose(drawn.flatten()[:4], told["first"][:4], atol=1e-6)
                assert drawn.double().sum() == pytest.approx(told["sum64"], abs=1e-5)
                checked += 1
    assert checked > 50


def _shapes(name: str) -> dict[str, list[int]]:
    shapes: dict[str, list[int]] = json.loads((GOLDEN / f"keys_{name}.json").read_text())
    return shapes


@pytest.fixture(scope="module")
def prior() -> SamoyePrior:
    return filled(SamoyePrior(), "samoye_enc_p")


def _ask(prior: SamoyePrior, rows: slice, frames: int = 137, lengths: list[int] | None = None) -> Prior:
    golden = arrays("samoye_enc_p")
    ppg = draw("samoye_enc_p/input/ppg", (2, 137, 1280))[rows, :frames]
    units = draw("samoye_enc_p/input/vec", (2, 137, 256))[rows, :frames]
    bins = coarse_f0.bins(golden["f0_hz"])[rows, :frames]
    with torch.inference_mode():
        return prior(
            torch.from_numpy(ppg), torch.from_numpy(units), torch.from_numpy(bins), lengths and torch.tensor(lengths)
        )


def test_enc_p_has_the_published_keys(prior: SamoyePrior):
    assert {key: list(tensor.shape) for key, tensor in prior.state_dict().items()} == _shapes("samoye_enc_p")
    assert sum(tensor.numel() for tensor in prior.parameters()) == 6_931_200


def test_enc_p_of_one_clip_is_the_public_codes(prior: SamoyePrior):
    golden, found = arrays("samoye_enc_p"), _ask(prior, slice(0, 1))
    for name, ours in (("hidden", found.hidden), ("m", found.mean), ("logs", found.log_scale)):
        assert np.abs(ours.numpy() - golden[f"single_{name}"]).max() < 1e-4


def test_enc_p_of_two_clips_of_two_lengths_is_the_public_codes(prior: SamoyePrior):
    golden, found = arrays("samoye_enc_p"), _ask(prior, slice(0, 2), lengths=[137, 90])
    for name, ours in (("hidden", found.hidden), ("m", found.mean), ("logs", found.log_scale)):
        assert np.abs(ours.numpy() - golden[f"batch_{name}"]).max() < 1e-4


def test_enc_p_of_a_clip_shorter_than_its_reach_is_the_public_codes(prior: SamoyePrior):
    assert np.abs(_ask(prior, slice(0, 1), 4).hidden.numpy() - arrays("samoye_enc_p")["short4_hidden"]).max() < 1e-4


def test_coarse_f0_is_the_public_codes():
    golden = arrays("samoye_enc_p")
    np.testing.assert_array_equal(coarse_f0.bins(golden["f0_hz"]), golden["f0_bins"])
    np.testing.assert_array_equal(coarse_f0.bins(golden["coarse_f0_hz"]), golden["coarse_bins_torch"])
    known = np.array([0, 100, 220, 440, 880, 5000], np.float32)
    np.testing.assert_array_equal(coarse_f0.bins(known), [1, 20, 60, 122, 217, 255])


@pytest.fixture(scope="module")
def hubert() -> HubertSoft:
    return filled(HubertSoft(HubertSize()), "hubert_soft")


def test_hubert_soft_has_the_published_keys(hubert: HubertSoft):
    shapes = {key: list(tensor.shape) for key, tensor in hubert.state_dict().items()}
    assert shapes == {key: shape for key, shape in _shapes("hubert_soft").items() if not key.startswith(UNUSED)}


@torch.inference_mode()
def test_hubert_softs_units_are_the_public_codes(hubert: HubertSoft):
    golden = arrays("hubert_soft")
    seen: dict[str, torch.Tensor] = {}
    hubert.feature_projection.register_forward_hook(lambda _module, _given, out: seen.update(projected=out))
    hubert.norm.register_forward_pre_hook(lambda _module, given: seen.update(placed=given[0]))
    hubert.encoder.layers[5].register_forward_hook(lambda _module, _given, out: seen.update(layer6=out))
    units = hubert(torch.from_numpy(golden["audio"])[None])
    assert np.abs(units.numpy() - golden["units"]).max() < 1e-4
    for name, ours in (
        ("after_feature_projection", "projected"),
        ("before_first_norm", "placed"),
        ("layer6", "layer6"),
    ):
        assert np.abs(seen[ours].numpy() - golden[f"{name}_f16"]).max() < 5e-3


@torch.inference_mode()
def test_hubert_softs_units_of_an_odd_length_are_the_public_codes(hubert: HubertSoft):
    units = hubert(torch.from_numpy(wave("hubert_soft/odd", 16123, 16000))[None])
    assert np.abs(units.numpy() - arrays("hubert_soft")["units_16123"]).max() < 1e-4
