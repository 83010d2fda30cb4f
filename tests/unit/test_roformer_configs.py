"""A public yaml gives the network's config; one that lies or is broken is refused with a sentence."""

import json
from typing import Any

import pytest
import torch

from vocalverse.errors import ModelBroken
from vocalverse.separate.networks import build, configs
from vocalverse.separate.networks.configs import Architecture

VOCALS = """
audio:
  chunk_size: 352800
  dim_f: 1024
  dim_t: 256
  hop_length: 441
  n_fft: 2048
  num_channels: 2
  sample_rate: 44100
model:
  dim: 384
  depth: 6
  stereo: true
  num_stems: 1
  time_transformer_depth: 1
  freq_transformer_depth: 1
  num_bands: 60
  dim_head: 64
  heads: 8
  attn_dropout: 0
  flash_attn: True
  dim_freqs_in: 1025
  sample_rate: 44100
  stft_n_fft: 2048
  stft_hop_length: 441
  stft_win_length: 2048
  stft_normalized: False
  mask_estimator_depth: 2
  multi_stft_resolutions_window_sizes: !!python/tuple
  - 4096
  - 2048
training:
  instruments:
  - vocals
  - other
  target_instrument: vocals
inference:
  dim_t: 1101
  num_overlap: 2
"""

TWO_STEMS = """
audio: {chunk_size: 131584, sample_rate: 44100}
model:
  dim: 16
  depth: 1
  stereo: true
  num_stems: 2
  freqs_per_bands: !!python/tuple [1, 16, 32, 80, 128]
  stft_n_fft: 512
  stft_win_length: 512
  stft_hop_length: 128
training: {instruments: [vocals, other]}
"""


def _changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def test_the_public_vocal_models_yaml():
    config = configs.read_yaml(VOCALS)
    assert config.architecture is Architecture.MEL_BAND
    assert (config.dim, config.depth, config.heads, config.head_dim, config.mel_bands) == (384, 6, 8, 64, 60)
    assert (config.channels, config.stems, config.mask_depth, config.hop) == (2, ("voice",), 2, 441)
    assert config.chunk == 441 * 1100  # of its inference, not of its training


def test_a_yaml_with_bands_side_by_side_and_two_stems():
    config = configs.read_yaml(TWO_STEMS)
    assert config.architecture is Architecture.BAND_SPLIT
    assert config.band_bins == (1, 16, 32, 80, 128)
    assert config.stems == ("voice", "backing")
    assert (config.mask_depth, config.time_depth, config.chunk) == (2, 2, 131584)


@pytest.mark.parametrize(
    ("instruments", "target", "stems"),
    [
        ("[noreverb, reverb]", "noreverb", ("dry",)),
        ("[Vocals, Instrumental]", "Instrumental", ("backing",)),
        ("[drums, other]", "other", ("other",)),  # of a band, so not all of the backing
    ],
)
def test_stems_have_our_words(instruments: str, target: str, stems: tuple[str, ...]):
    text = TWO_STEMS.replace("num_stems: 2", "num_stems: 1")
    text = _changed(text, "[vocals, other]", f"{instruments}, target_instrument: {target}")
    assert configs.read_yaml(text).stems == stems


@pytest.mark.parametrize("text", [VOCALS, TWO_STEMS])
def test_what_our_files_hold_rebuilds_the_same_network(text: str):
    config = configs.read_yaml(text)
    stored = json.loads(json.dumps(configs.to_config(config)))
    assert configs.from_config(stored, config.architecture) == config
    with torch.device("meta"):
        network = build(config.architecture, stored)
    assert network.to_config() == stored
    assert network.info.stems == config.stems


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("dim: 384", "dim: many", "dim has to be a whole number, not 'many'"),
        ("dim: 384", "dim: 0", "dim has to be a whole number from 1"),
        ("dim: 384", "dim: 10000000000", "dim has to be a whole number from 1 to 4096"),
        ("  dim: 384\n", "", "dim has to be a whole number, not None"),
        ("dim: 384", "dim: !!python/object/apply:os.system ['touch hacked']", "not ['touch hacked']"),
        ("depth: 6", "depth: 6.5", "depth has to be a whole number"),
        ("dim_head: 64", "dim_head: 63", "have to be even"),
        ("num_bands: 60", "freqs: 60", "either num_bands"),
        ("num_bands: 60", "num_bands: 500", "bands hold no bin"),
        ("num_bands: 60", "num_bands: 60\n  freqs_per_bands: [2, 3]", "signs of both"),
        ("num_stems: 1", "num_stems: 3", "num_stems is 3, but training names 1"),
        ("stereo: true", "stereo: 2", "stereo has to be true or false"),
        ("stft_hop_length: 441", "stft_hop_length: 4410", "at most half of the window"),
        ("dim_t: 1101", "dim_t: 2", "shorter than one spectrum"),
        ("  sample_rate: 44100\nmodel", "  sample_rate: 48000\nmodel", "model.sample_rate is 44100"),
        ("model:\n", "model: [1]\nrest:\n", "model has to be a section"),
    ],
)
def test_a_lie_is_named(old: str, new: str, said: str):
    with pytest.raises(ModelBroken) as refused:
        config = configs.read_yaml(_changed(VOCALS, old, new))
        build(config.architecture, configs.to_config(config))
    assert said in str(refused.value)


def test_bands_have_to_add_up():
    with pytest.raises(ModelBroken, match="add up to 256 bins, but stft_n_fft 512 gives 257"):
        configs.read_yaml(_changed(TWO_STEMS, "128]", "127]"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "model",
        "model: {dim: 3",
        "model: " + "[" * 3000,
        "x: 2021-99-99",
        "? [1]\n: 2\n? {a: b}\n: 3",
        "a: &a [1, 1]\n" + "\n".join(f"a{i}: &a{i} [*a, *a]" for i in range(9)),
        "#" * 300_000,
    ],
)
def test_a_broken_yaml_is_refused(text: str):
    with pytest.raises(ModelBroken):
        configs.read_yaml(text)


def test_a_yaml_that_grows_when_it_is_printed_is_refused_at_once():
    lists = "a0: &a0 [x, x]\n" + "\n".join(f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}]" for i in range(60))
    with pytest.raises(ModelBroken) as refused:
        configs.read_yaml(f"{lists}\nmodel: {{dim: *a60, depth: 1, num_bands: 60}}")
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    "change",
    [{"dim": "16"}, {"dim": True}, {"surprise": 1}, {"architecture": "unet_pair"}, {"stems": []}, {"hop": None}],
)
def test_a_config_of_ours_may_lie_too(change: dict[str, Any]):
    stored = configs.to_config(configs.read_yaml(TWO_STEMS)) | change
    with pytest.raises(ModelBroken):
        build("bs_roformer", stored)


def test_a_config_of_ours_has_to_be_whole():
    stored = configs.to_config(configs.read_yaml(TWO_STEMS))
    del stored["dim"]
    with pytest.raises(ModelBroken, match="not whole"):
        build("bs_roformer", stored)


def test_a_checkpoint_of_another_shape_is_refused_with_the_first_keys_and_their_number():
    wanted = {"a": (2, 3), **{f"lost{number}": (1,) for number in range(5)}}
    configs.check_shapes(wanted, {key: list(shape) for key, shape in wanted.items()}, name="whole.ckpt")
    with pytest.raises(ModelBroken) as refused:
        configs.check_shapes(wanted, {"a": (3, 2), "more": (1,)}, name="lies.ckpt")
    said = str(refused.value)
    assert said.startswith("lies.ckpt: ")
    assert "5 missing (lost0, lost1, lost2, …)" in said
    assert "1 not of the network (more)" in said
    assert "1 of another shape (a [3, 2] instead of [2, 3])" in said
