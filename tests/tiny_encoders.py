"""Tiny encoders with random weights, in folders as their families are published."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import pre_tokenizers
from torch import Tensor, nn

from vocalverse.models.encoders import whisper_net
from vocalverse.models.encoders.encoder import Family
from vocalverse.models.encoders.hubert_soft import HubertSize, HubertSoft
from vocalverse.models.encoders.m2d_net import M2d, M2dSize
from vocalverse.models.encoders.muq_net import Muq, MuqSize
from vocalverse.models.encoders.samoye_prior_net import SamoyePrior
from vocalverse.models.encoders.weight_norm import in_the_old_spelling
from vocalverse.models.encoders.whisper_net import WhisperDims, WhisperEncoder

WHISPER = WhisperDims(mels=80, positions=1500, width=32, heads=2, layers=2)
QWEN2_AUDIO = WhisperDims(mels=128, positions=1500, width=32, heads=2, layers=2)


def make_tiny(family: Family, folder: Path, *, seed: int = 0) -> Path:
    """The same weights for the same seed, whatever was drawn before."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _MAKERS[family](folder)
    return folder


def write(folder: Path, tensors: dict[str, Tensor], config: dict[str, object]) -> None:
    """In transformers' layout."""
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def whisper_config(dims: WhisperDims) -> dict[str, object]:
    return {
        "model_type": "whisper",
        "num_mel_bins": dims.mels,
        "max_source_positions": dims.positions,
        "d_model": dims.width,
        "encoder_attention_heads": dims.heads,
        "encoder_layers": dims.layers,
        "encoder_ffn_dim": dims.inner_width,
    }


def qwen2_config(dims: WhisperDims) -> dict[str, object]:
    return {"model_type": "qwen2_audio", "audio_config": whisper_config(dims) | {"model_type": "qwen2_audio_encoder"}}


def lively(net: nn.Module) -> nn.Module:
    """Fresh networks nearly repeat what goes in: larger weights make every layer count."""
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=1.5 / parameter[0].numel() ** 0.5)
            else:
                parameter.normal_(1.0 if name.endswith("weight") else 0.0, 0.1)
    return net


def _whisper(folder: Path) -> None:
    net = lively(WhisperEncoder(WHISPER))
    write(folder, {f"model.encoder.{name}": one for name, one in net.state_dict().items()}, whisper_config(WHISPER))


def _qwen2_audio(folder: Path) -> None:
    net = lively(WhisperEncoder(QWEN2_AUDIO))
    write(folder, {f"audio_tower.{name}": one for name, one in net.state_dict().items()}, qwen2_config(QWEN2_AUDIO))


SPEECH: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "conv_dim": [16] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}


def speech_net(family: Family, **config: Any) -> Any:
    """Transformers' own class, with random weights. `config` beside what makes it tiny."""
    name = {Family.WAV2VEC2: "Wav2Vec2", Family.HUBERT: "Hubert", Family.WAVLM: "WavLM"}[family]
    return lively(
        getattr(transformers, f"{name}Model")(getattr(transformers, f"{name}Config")(**SPEECH | config))
    ).eval()


def _speech(family: Family) -> Callable[[Path], None]:
    """As they were published: with the family's name before every key, and normed weights in their old spelling."""

    def make(folder: Path) -> None:
        net = speech_net(family)
        tensors = in_the_old_spelling(net.state_dict())
        write(folder, {f"{family}.{name}": one for name, one in tensors.items()}, net.config.to_dict())

    return make


SAMOYE_WHISPER = WhisperDims(mels=80, positions=1500, width=64, heads=1, layers=4)
SAMOYE_HUBERT = HubertSize(channels=16, width=64, layers=2, inner=96, units=24)
MUQ = MuqSize(width=64, depth=2, heads=2, feed_forward=96, stem_channels=8)
MUQ_STATISTICS = {"melspec_2048_mean": 6.768444971712967, "melspec_2048_std": 18.417922652295623}
M2D = M2dSize(frames=608, width=64, depth=2, heads=1)


def _samoye(folder: Path) -> None:
    """As its authors lay it out: a file of OpenAI's, one of HuBERT-soft's."""
    whisper = {f"encoder.{in_openais_name(name)}": one for name, one in _state(WhisperEncoder(SAMOYE_WHISPER)).items()}
    dims = {"n_mels": SAMOYE_WHISPER.mels, "n_audio_state": SAMOYE_WHISPER.width}
    _pickle(folder / "whisper_pretrain" / "large-v2.pt", {"dims": dims, "model_state_dict": whisper})
    _pickle(folder / "hubert_pretrain" / "hubert-soft-0d54a1f4.pt", _state(HubertSoft(SAMOYE_HUBERT)))


def _samoye_prior(folder: Path) -> None:
    _samoye(folder)
    net = SamoyePrior(SAMOYE_WHISPER.width, SAMOYE_HUBERT.units)
    prior = {f"enc_p.{name}": one for name, one in _state(net).items()}
    _pickle(
        folder / "vits_pretrain" / "samoye.pth",
        {"model_g": prior | {"dec.bias": torch.zeros(3)}, "learning_rate": 1e-4},
    )


def _muq(folder: Path) -> None:
    tensors = {f"model.{name}": one for name, one in _state(Muq(MUQ)).items()}
    rates = 10000.0 ** -(torch.arange(0, MUQ.width // MUQ.heads, 2) / (MUQ.width // MUQ.heads))
    beside = {"model.cls_token": torch.zeros(64), "model.conformer.embed_positions.inv_freq": rates}
    write(folder, tensors | beside, {"stat": MUQ_STATISTICS})


def _m2d(folder: Path) -> None:
    state = {f"backbone.{name}": one for name, one in _state(M2d(M2D)).items()}
    _pickle(folder / "m2d-80x608p16x16.pth", {"model": state | {"decoder_embed.weight": torch.zeros(2, 2)}})


def in_openais_name(name: str) -> str:
    for theirs, ours in whisper_net._OURS.items():
        name = name.replace(ours, theirs)
    return name


def _state(net: nn.Module) -> dict[str, Tensor]:
    return {name: one.clone() for name, one in lively(net).state_dict().items()}


def _pickle(path: Path, what: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(what, path)


CLAP: dict[str, Any] = {
    "patch_embeds_hidden_size": 16,
    "depths": [1, 1],
    "num_attention_heads": [2, 2],
    "hidden_size": 32,
    "num_hidden_layers": 2,
}
TEXT: dict[str, Any] = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 42,
}


def clap_net(**config: Any) -> Any:
    """Transformers' audio tower."""
    return _with_statistics(lively(transformers.ClapAudioModel(transformers.ClapAudioConfig(**CLAP | config)))).eval()


def _with_statistics(net: Any) -> Any:
    for name, buffer in net.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_()
        elif name.endswith("running_var"):
            buffer.uniform_(100, 400)
    return net


def text_net(vocabulary: int, kind: str = "Roberta") -> Any:
    """Transformers' text tower: RoBERTa's, or CLAP's with `kind` ClapText."""
    config = getattr(transformers, f"{kind}Config")(**TEXT, vocab_size=vocabulary)
    return lively(getattr(transformers, f"{kind}Model")(config, add_pooling_layer=False)).eval()


def write_tokenizer(folder: Path) -> int:
    """One token for each byte, none merged; how many there are."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", *letters, "<mask>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    return len(vocabulary)


def make_tiny_text(folder: Path, *, seed: int = 0) -> Path:
    """A RoBERTa of a few letters."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = text_net(write_tokenizer(folder))
    write(folder, {f"roberta.{name}": one for name, one in net.state_dict().items()}, net.config.to_dict())
    return folder


def _clap(folder: Path) -> None:
    audio, text = clap_net(), text_net(write_tokenizer(folder), "ClapText")
    tensors = {f"audio_model.{name}": one for name, one in audio.state_dict().items()}
    tensors |= {f"text_model.{name}": one for name, one in text.state_dict().items()}
    said = {"audio_config": audio.config.to_dict(), "text_config": text.config.to_dict()}
    write(folder, tensors | {"logit_scale_a": torch.ones(())}, {"model_type": "clap"} | said)


_MAKERS: dict[Family, Callable[[Path], None]] = {
    Family.WHISPER: _whisper,
    Family.SAMOYE: _samoye,
    Family.SAMOYE_PRIOR: _samoye_prior,
    Family.MUQ: _muq,
    Family.M2D: _m2d,
    Family.QWEN2_AUDIO: _qwen2_audio,
    Family.WAV2VEC2: _speech(Family.WAV2VEC2),
    Family.HUBERT: _speech(Family.HUBERT),
    Family.WAVLM: _speech(Family.WAVLM),
    Family.CLAP: _clap,
}
