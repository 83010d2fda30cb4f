"""CLAP's audio tower and RoBERTa against transformers' classes, and over whole songs and texts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import ClapFeatureExtractor, RobertaTokenizerFast

from tests.encoding import agreement, sung
from tests.tiny_encoders import clap_net, make_tiny, make_tiny_text, text_net, write, write_tokenizer
from vocalverse.errors import ModelBroken
from vocalverse.models.encoders.encoder import Family, whole
from vocalverse.models.encoders.open import open_encoder
from vocalverse.models.encoders.sound import Mono, Sound
from vocalverse.models.encoders.text import open_text_encoder

RATE_HZ = 48_000
WINDOW = 10 * RATE_HZ
NEAR = 1e-5


def clap_folder(net: Any, folder: Path) -> Path:
    folder.mkdir(parents=True)
    tensors = {f"audio_model.{name}": one for name, one in net.state_dict().items()}
    write(folder, tensors, {"model_type": "clap", "audio_config": net.config.to_dict()})
    return folder


@torch.inference_mode()
def pooled(net: Any, samples: Mono) -> Any:
    """As transformers hears a clip that is not longer than a window."""
    fused = net.config.enable_fusion
    extractor = ClapFeatureExtractor(frequency_min=0, truncation="fusion" if fused else "rand_trunc")
    heard = extractor(samples, sampling_rate=RATE_HZ, return_tensors="pt").input_features.float()
    return net(heard, is_longer=torch.zeros(1, 1, dtype=torch.bool)).pooler_output[0]


@pytest.mark.parametrize("fused", [False, True], ids=["unfused", "fused"])
def test_a_whole_window_s_mean_is_the_pooled_output(tmp_path: Path, *, fused: bool):
    torch.manual_seed(5)
    net = clap_net(enable_fusion=fused)
    song = sung(20.0, 5, RATE_HZ)
    encoder = open_encoder(Family.CLAP, clap_folder(net, tmp_path / "clap"), layer=-1)
    frames = encoder.encode(sound := Sound(song, RATE_HZ), whole(sound))
    for values, at in zip(np.split(frames.values, 2), (0, WINDOW), strict=True):
        found = agreement(pooled(net, song[at : at + WINDOW]), values.mean(axis=0))
        assert found.error < NEAR
        assert found.correlation > 1 - 1e-6


def test_the_last_window_reaches_back_to_be_whole(tmp_path: Path):
    torch.manual_seed(6)
    net = clap_net()
    encoder = open_encoder(Family.CLAP, clap_folder(net, tmp_path / "clap"), layer=-1)
    song = Sound(sung(15.0, 6, RATE_HZ), RATE_HZ)
    frames = encoder.encode(song, whole(song))
    tail = Sound(song.at(RATE_HZ)[-WINDOW:], RATE_HZ)
    assert agreement(encoder.encode(tail, whole(tail)).values[64:], frames.values[128:]).error < NEAR
    assert float(frames.seconds.sum()) == pytest.approx(15.0)


def test_a_short_clip_is_repeated_and_told_once(tmp_path: Path):
    torch.manual_seed(7)
    net = clap_net()
    encoder = open_encoder(Family.CLAP, clap_folder(net, tmp_path / "clap"), layer=-1)
    clip = sung(2.5, 7, RATE_HZ)
    frames = encoder.encode(sound := Sound(clip, RATE_HZ), whole(sound))
    assert len(frames.values) == 32
    four = encoder.encode(often := Sound(np.tile(clip, 4), RATE_HZ), whole(often))
    assert agreement(pooled(net, clip), four.values.mean(axis=0)).error < NEAR
    assert agreement(four.values[:32], frames.values).error < NEAR


def test_the_same_sound_gives_the_same_bits_whatever_was_drawn_before(tmp_path: Path):
    encoder = open_encoder(Family.CLAP, make_tiny(Family.CLAP, tmp_path / "clap"), layer=None)
    first = encoder.encode(sound := Sound(sung(11.0, 1, RATE_HZ), RATE_HZ), whole(sound))
    np.random.seed(3)  # noqa: NPY002 - what the published extractor draws from
    torch.manual_seed(3)
    second = encoder.encode(sound := Sound(sung(11.0, 1, RATE_HZ), RATE_HZ), whole(sound))
    assert np.array_equal(first.values, second.values)
    assert first.values.shape[1:] == (1, encoder.info.width)


@torch.inference_mode()
def read_by(net: Any, folder: Path, text: str) -> Any:
    tokens = RobertaTokenizerFast.from_pretrained(str(folder))(text, return_tensors="pt")
    return net(**tokens).last_hidden_state[0]


@pytest.mark.parametrize("kind", ["Roberta", "ClapText"])
def test_text_is_read_as_transformers_reads_it(tmp_path: Path, kind: str):
    torch.manual_seed(8)
    net = text_net(write_tokenizer(tmp_path), kind)
    prefix, said = ("roberta.", net.config.to_dict())
    if kind == "ClapText":
        prefix, said = "text_model.", {"model_type": "clap", "text_config": said}
    write(tmp_path, {f"{prefix}{name}": one for name, one in net.state_dict().items()}, said)
    encoder = open_text_encoder(tmp_path)
    texts = ["Über den Wolken", "a sad song"]
    for text, tokens in zip(texts, encoder.encode(texts), strict=True):
        found = agreement(read_by(net, tmp_path, text), tokens)
        assert found.error < 1e-5
        assert found.correlation > 1 - 1e-9


def test_long_lyrics_are_read_to_their_end(tmp_path: Path):
    encoder = open_text_encoder(make_tiny_text(tmp_path / "text"))
    verse, end = (
        "la " * 12 + "la",
        "so long",
    )  # 38 letters: with one token before and one behind the first piece is full
    (together,) = encoder.encode([verse + end])
    (alone,) = encoder.encode([end])
    assert len(together) == 40 + len(end) + 2
    assert agreement(alone, together[-len(alone) :]).error < 1e-5


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path):
    folder = make_tiny_text(tmp_path / "text")
    (folder / "vocab.json").unlink()
    with pytest.raises(ModelBroken, match="tokenizer"):
        open_text_encoder(folder)
