"""Whisper's encoder and Qwen2-Audio's tower against transformers' classes, and over whole songs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import Qwen2AudioEncoderConfig, WhisperConfig, WhisperFeatureExtractor
from transformers.models.qwen2_audio.modeling_qwen2_audio import Qwen2AudioEncoder
from transformers.models.whisper.modeling_whisper import WhisperEncoder as TransformersWhisper

from tests.encoding import agreement, sung
from tests.tiny_encoders import lively, make_tiny, qwen2_config, whisper_config, write
from vocalverse.models.encoders.encoder import Family, Span, whole
from vocalverse.models.encoders.open import open_encoder
from vocalverse.models.encoders.sound import Mono, Sound
from vocalverse.models.encoders.whisper_mel import whisper_mel
from vocalverse.models.encoders.whisper_net import WhisperDims, WhisperEncoder, positions_table
from vocalverse.separate.precision import Precision

RATE_HZ = 16_000
WINDOW = 30 * RATE_HZ
SMALL = WhisperDims(mels=80, width=32, heads=2, layers=2)
OTHER = WhisperDims(mels=128, width=48, heads=3, layers=4, inner=80)
OPENAI = WhisperDims(mels=80, width=128, heads=2, layers=2)  # heads of 64, as all of theirs have
NEAR = 1e-5


def whisper_folder(folder: Path, dims: WhisperDims, seed: int) -> Path:
    torch.manual_seed(seed)
    tensors = lively(WhisperEncoder(dims)).state_dict()
    folder.mkdir(parents=True)
    write(folder, {f"model.encoder.{name}": one for name, one in tensors.items()}, whisper_config(dims))
    return folder


def tower_folder(folder: Path, dims: WhisperDims, seed: int) -> Path:
    torch.manual_seed(seed)
    tensors = lively(WhisperEncoder(dims)).state_dict()
    folder.mkdir(parents=True)
    write(folder, {f"audio_tower.{name}": one for name, one in tensors.items()}, qwen2_config(dims))
    return folder


def their_whisper(folder: Path) -> Any:
    net = TransformersWhisper(WhisperConfig(**json.loads((folder / "config.json").read_text())))
    net.load_state_dict(unprefixed(folder, "model.encoder."))
    return net.eval()


def their_tower(folder: Path, prefix: str = "audio_tower.") -> Any:
    said = json.loads((folder / "config.json").read_text())
    net = Qwen2AudioEncoder(Qwen2AudioEncoderConfig(**said.get("audio_config", said) | {"model_type": "qwen2_audio"}))
    net.load_state_dict(unprefixed(folder, prefix))
    return net.eval()


def unprefixed(folder: Path, prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): one for name, one in load_file(folder / "model.safetensors").items()}


def extracted(samples: Mono, mels: int) -> Any:
    """What transformers hears of up to 30 s, filled up, and which frames are real."""
    extractor = WhisperFeatureExtractor(feature_size=mels)
    return extractor(samples, sampling_rate=RATE_HZ, return_tensors="pt", return_attention_mask=True)


@torch.inference_mode()
def masked(tower: Any, samples: Mono) -> Tensor:
    """As Qwen2-Audio hears a short window: the padding's positions are hidden as keys, and dropped."""
    heard = extracted(samples, tower.config.num_mel_bins)
    positions = (int(heard.attention_mask.sum()) - 1) // 2 + 1
    hidden = torch.zeros(1, 1, 1500, 1500)
    hidden[..., positions:] = -torch.inf
    said = tower(heard.input_features, attention_mask=hidden).last_hidden_state[0]
    pooled = not isinstance(tower.avg_pooler, nn.Identity)
    return said[: (positions - 2) // 2 + 1 if pooled else positions]


@torch.inference_mode()
def padded(whisper: Any, samples: Mono) -> Tensor:
    heard = extracted(samples, whisper.config.num_mel_bins)
    return whisper(heard.input_features).last_hidden_state[0]


@pytest.mark.parametrize("seconds", [30.0, 10.123, 0.3])
@pytest.mark.parametrize("mels", [80, 128])
def test_the_mel_spectrogram_is_transformers(mels: int, seconds: float):
    samples = sung(seconds)
    filled = np.pad(samples, (0, WINDOW - len(samples)))
    theirs = extracted(samples, mels).input_features[0]
    assert torch.allclose(whisper_mel(filled, mels), theirs, atol=NEAR)


@pytest.mark.parametrize(("dims", "seed"), [(SMALL, 1), (OTHER, 2)])
def test_whole_windows_are_as_transformers_has_them(tmp_path: Path, dims: WhisperDims, seed: int):
    folder = whisper_folder(tmp_path / "whisper", dims, seed)
    song = sung(60.0, seed)
    theirs = torch.cat([padded(their_whisper(folder), song[at : at + WINDOW]) for at in (0, WINDOW)])
    ours = open_encoder(Family.WHISPER, folder, layer=-1).encode(sound := Sound(song, RATE_HZ), whole(sound))
    found = agreement(theirs, ours.values)
    assert found.error < NEAR
    assert found.correlation > 1 - 1e-9


@pytest.mark.parametrize("seconds", [29.99, 17.31, 5.0, 0.3])
def test_a_short_window_is_as_with_its_padding_masked(tmp_path: Path, seconds: float):
    """The tower's class takes a mask; without its pooling it is Whisper's."""
    folder = whisper_folder(tmp_path / "whisper", SMALL, 4)
    reference = their_tower(folder, "model.encoder.")
    reference.avg_pooler = nn.Identity()
    sound = Sound(sung(seconds, 4), RATE_HZ)
    ours = open_encoder(Family.WHISPER, folder, layer=-1).encode(sound, whole(sound))
    assert agreement(masked(reference, sound.at(RATE_HZ)), ours.values).error < NEAR


@pytest.mark.parametrize(("dims", "seed"), [(SMALL, 5), (OTHER, 6)])
def test_the_tower_is_transformers_in_every_window(tmp_path: Path, dims: WhisperDims, seed: int):
    folder = tower_folder(tmp_path / "tower", dims, seed)
    song = sung(41.77, seed)
    theirs = torch.cat([masked(their_tower(folder), song[at : at + WINDOW]) for at in (0, WINDOW)])
    ours = open_encoder(Family.QWEN2_AUDIO, folder, layer=-1).encode(sound := Sound(song, RATE_HZ), whole(sound))
    found = agreement(theirs, ours.values)
    assert found.error < NEAR
    assert found.correlation > 1 - 1e-9
    assert ours.seconds == pytest.approx(0.04)


@pytest.mark.parametrize("layer", [0, 1])
def test_layers_are_what_enters_the_blocks_and_leaves_them(tmp_path: Path, layer: int):
    folder = whisper_folder(tmp_path / "whisper", SMALL, 7)
    samples = sung(30.0, 7)
    with torch.inference_mode():
        said = their_whisper(folder)(extracted(samples, 80).input_features, output_hidden_states=True)
    sound = Sound(samples, RATE_HZ)
    one = open_encoder(Family.WHISPER, folder, layer=layer).encode(sound, whole(sound))
    every = open_encoder(Family.WHISPER, folder, layer=None).encode(sound, whole(sound))
    assert agreement(said.hidden_states[layer][0], one.values).error < NEAR
    assert np.array_equal(every.values[:, layer], one.values)
    assert agreement(said.last_hidden_state[0], every.values[:, -1]).error < NEAR


@pytest.mark.parametrize("family", [Family.WHISPER, Family.QWEN2_AUDIO])
def test_a_window_is_what_it_is_by_itself(tmp_path: Path, family: Family):
    """Neither what it shares a batch with, nor how many windows there are, changes a frame."""
    encoder = open_encoder(family, make_tiny(family, tmp_path / "tiny"), layer=-1)
    song = Sound(sung(65.0), RATE_HZ)
    together = type(encoder)(**vars(encoder) | {"batch": 3}).encode(song, whole(song))
    one_by_one = type(encoder)(**vars(encoder) | {"batch": 1}).encode(song, whole(song))
    last = Sound(song.at(RATE_HZ)[2 * WINDOW :], RATE_HZ)
    alone = encoder.encode(last, whole(last))
    assert agreement(one_by_one.values, together.values).error < NEAR
    assert agreement(alone.values, together.values[-len(alone.values) :]).error < NEAR


def test_openai_s_file_is_the_same_encoder(tmp_path: Path):
    ours = whisper_folder(tmp_path / "ours", OPENAI, 8)
    tensors = unprefixed(ours, "model.encoder.")
    named = {f"encoder.{openai_name(name)}": one for name, one in tensors.items()}
    (tmp_path / "theirs").mkdir()
    beside = {"decoder.ln.weight": torch.ones(3)}
    torch.save({"dims": {"n_mels": 80}, "model_state_dict": named | beside}, tmp_path / "theirs/tiny.pt")
    sound = Sound(sung(3.0), RATE_HZ)
    first, second = (
        open_encoder(Family.WHISPER, folder, layer=-1).encode(sound, whole(sound))
        for folder in (ours, tmp_path / "theirs")
    )
    assert np.array_equal(first.values, second.values)


def openai_name(name: str) -> str:
    for here, there in {
        "embed_positions.weight": "positional_embedding",
        "layers.": "blocks.",
        "self_attn_layer_norm": "attn_ln",
        "self_attn.q_proj": "attn.query",
        "self_attn.k_proj": "attn.key",
        "self_attn.v_proj": "attn.value",
        "self_attn.out_proj": "attn.out",
        "final_layer_norm": "mlp_ln",
        "fc1": "mlp.0",
        "fc2": "mlp.2",
    }.items():
        name = name.replace(here, there)
    return name.replace("layer_norm", "ln_post") if name.startswith("layer_norm") else name


def test_positions_are_whisper_s():
    fresh = TransformersWhisper(WhisperConfig(**whisper_config(SMALL))).embed_positions.weight  # type: ignore[arg-type]
    assert torch.allclose(positions_table(1500, SMALL.width), fresh, atol=1e-6)


def test_only_shards_that_hold_the_tower_are_opened(tmp_path: Path):
    """Seven billion numbers of language lie beside it: they may be missing, or broken."""
    whole_folder = tower_folder(tmp_path / "whole", SMALL, 9)
    tensors = load_file(whole_folder / "model.safetensors")
    names = sorted(tensors)
    folder = tmp_path / "sharded"
    folder.mkdir()
    places = {}
    for shard, some in {"a-1.safetensors": names[::2], "a-2.safetensors": names[1::2]}.items():
        write(folder, {name: tensors[name] for name in some}, qwen2_config(SMALL))
        (folder / "model.safetensors").rename(folder / shard)
        places |= dict.fromkeys(some, shard)
    (folder / "a-3.safetensors").write_bytes(b"broken")
    places |= {"language_model.lm_head.weight": "a-3.safetensors", "multi_modal_projector.w": "a-4.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    sound = Sound(sung(2.0), RATE_HZ)
    first, second = (
        open_encoder(Family.QWEN2_AUDIO, one, layer=-1).encode(sound, whole(sound)) for one in (whole_folder, folder)
    )
    assert np.array_equal(first.values, second.values)


def test_the_published_tower_has_a_place_for_every_key():
    with torch.device("meta"):
        theirs = Qwen2AudioEncoder(Qwen2AudioEncoderConfig())
        ours = WhisperEncoder(WhisperDims(mels=128, positions=1500, width=1280, heads=20, layers=32))
    assert sum(one.numel() for one in ours.parameters()) == 636_968_960
    shapes = {name: one.shape for name, one in ours.state_dict().items()}
    assert shapes == {name: one.shape for name, one in theirs.state_dict().items()}


def test_half_precision_stays_near(tmp_path: Path):
    folder = make_tiny(Family.WHISPER, tmp_path / "tiny")
    sound = Sound(sung(10.0), RATE_HZ)
    full, half = (
        open_encoder(Family.WHISPER, folder, layer=-1, precision=precision).encode(sound, whole(sound)).values
        for precision in (Precision.FP32, Precision.BF16)
    )
    assert agreement(full, half).correlation > 0.999
    assert not np.array_equal(full, half)


def test_the_same_sound_gives_the_same_bits(tmp_path: Path):
    encoder = open_encoder(Family.WHISPER, make_tiny(Family.WHISPER, tmp_path / "tiny"), layer=-1)
    first, second = (encoder.encode(sound := Sound(sung(33.0), RATE_HZ), whole(sound)) for _ in range(2))
    assert np.array_equal(first.values, second.values)


def test_spans_are_heard_one_by_one_and_told_where_they_are(tmp_path: Path):
    encoder = open_encoder(Family.WHISPER, make_tiny(Family.WHISPER, tmp_path / "tiny"), layer=-1)
    song = Sound(sung(20.0), RATE_HZ)
    spans = [Span(2.0, 5.0), Span(9.5, 10.01)]
    frames = encoder.encode(song, spans)
    alone = Sound(song.at(RATE_HZ)[2 * RATE_HZ : 5 * RATE_HZ], RATE_HZ)
    assert agreement(encoder.encode(alone, whole(alone)).values, frames.values[:150]).error < NEAR
    assert frames.start_s[[0, 149, 150]] == pytest.approx([2.0, 4.98, 9.5])
    assert float(frames.seconds.sum()) == pytest.approx(3.51)
