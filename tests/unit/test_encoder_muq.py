"""MuQ over whole songs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.golden_rule import wave
from tests.tiny_encoders import MUQ, make_tiny
from vocalverse.errors import ModelBroken
from vocalverse.models.encoders.encoder import Family, Span, whole
from vocalverse.models.encoders.open import open_encoder
from vocalverse.models.encoders.sound import Sound
from vocalverse.models.encoders.windows import Windowed
from vocalverse.separate.precision import Precision


def _song(seconds: float) -> Sound:
    return Sound(wave("song", round(seconds * 24000), 24000), 24000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny(Family.MUQ, tmp_path_factory.mktemp("muq"))


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Windowed:
    opened = open_encoder(Family.MUQ, folder, layer=-1)
    assert isinstance(opened, Windowed)
    return opened


@torch.inference_mode()
def test_a_window_of_30_s_gives_its_middle_28(encoder: Windowed):
    sound = _song(70)
    found = encoder.encode(sound, whole(sound))
    assert found.values.shape == (1750, MUQ.width)
    np.testing.assert_allclose(found.start_s, np.arange(1750) / 25)
    middle = encoder.windows(sound, whole(sound))[1]
    assert (middle.start, middle.samples, middle.skip, middle.frames) == (27 * 24000, 30 * 24000, 25, 700)
    alone = encoder.hear(encoder.prepare(sound, middle)[None], middle)[0]
    np.testing.assert_allclose(found.values[700:1400], alone[25:-25], atol=1e-5)


def test_what_shares_a_batch_changes_nothing(encoder: Windowed):
    sound = _song(120)
    alone, together = (replace(encoder, batch=size).encode(sound, whole(sound)).values for size in (1, 3))
    np.testing.assert_allclose(alone, together, atol=1e-5)


def test_a_span_gives_the_same_alone_and_among_others(encoder: Windowed):
    sound, spans = _song(50), (Span(0.5, 33), Span(40, 49.99))
    alone = np.concatenate([encoder.encode(sound, [span]).values for span in spans])
    np.testing.assert_allclose(encoder.encode(sound, spans).values, alone, atol=1e-5)


def test_all_layers_are_given_where_they_are_asked_for(folder: Path, encoder: Windowed):
    sound = _song(3)
    every = open_encoder(Family.MUQ, folder, layer=None).encode(sound, whole(sound)).values
    assert every.shape == (75, MUQ.depth + 1, MUQ.width)
    np.testing.assert_array_equal(every[:, -1], encoder.encode(sound, whole(sound)).values)
    first = open_encoder(Family.MUQ, folder, layer=1).encode(sound, whole(sound)).values
    np.testing.assert_array_equal(every[:, 1], first)


def test_a_third_of_a_second_is_heard_and_so_is_a_twentieth(encoder: Windowed):
    for seconds, frames in ((0.3, 7), (0.041, 1), (0.02, 0)):
        sound = _song(seconds)
        found = encoder.encode(sound, whole(sound)).values
        assert found.shape == (frames, MUQ.width)
        assert np.isfinite(found).all()


def test_bf16_is_near_fp32(folder: Path, encoder: Windowed):
    sound = _song(12)
    rough = open_encoder(Family.MUQ, folder, layer=-1, precision=Precision.BF16)
    values = [one.encode(sound, whole(sound)).values.ravel() for one in (encoder, rough)]
    assert np.corrcoef(*values)[0, 1] > 0.99


@pytest.mark.parametrize(
    ("stat", "message"),
    [
        ({}, "does not tell stat.melspec_2048_mean"),
        ({"melspec_2048_mean": 6.7, "melspec_2048_std": 0}, "melspec_2048_std = 0.0, which is no deviation"),
    ],
)
def test_a_config_without_statistics_is_refused(tmp_path: Path, stat: dict[str, float], message: str):
    folder = make_tiny(Family.MUQ, tmp_path)
    (folder / "config.json").write_text(json.dumps({"stat": stat}))
    with pytest.raises(ModelBroken, match=message):
        open_encoder(Family.MUQ, folder, layer=-1)


NORM = "model.conformer.layers.0.conv_module.batch_norm.running_var"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({NORM: None}, "lacks .*running_var"),
        ({"model.conformer.extra": torch.ones(2)}, "no place for: conformer.extra"),
        ({NORM: torch.ones(3)}, r"running_var \[3\] instead of \[64\]"),
        ({NORM: torch.full((64,), torch.nan)}, "no numbers in .*running_var"),
        ({"model.conv.linear.weight": None}, "holds no MuQ: it has no 'conv.linear.weight'"),
    ],
)
def test_weights_that_are_no_muqs_are_named(tmp_path: Path, changes: dict[str, Any], message: str):
    folder = make_tiny(Family.MUQ, tmp_path)
    tensors = load_file(folder / "model.safetensors") | changes
    kept = {name: one for name, one in tensors.items() if one is not None}
    save_file(kept, folder / "model.safetensors")
    with pytest.raises(ModelBroken, match=message):
        open_encoder(Family.MUQ, folder, layer=-1)


def test_what_only_training_needs_is_passed_over(tmp_path: Path, encoder: Windowed):
    folder, sound = make_tiny(Family.MUQ, tmp_path), _song(2)
    beside = {
        "model.linear.weight": torch.ones(2, 2),
        "model.rvq.quantizers.0.codebook.weight": torch.ones(2, 2),
        "model.conformer.pos_conv_embed.conv.parametrizations.weight.original0": torch.ones(1, 1, 128),
    }
    save_file(load_file(folder / "model.safetensors") | beside, folder / "model.safetensors")
    again = open_encoder(Family.MUQ, folder, layer=-1).encode(sound, whole(sound)).values
    np.testing.assert_array_equal(again, encoder.encode(sound, whole(sound)).values)
