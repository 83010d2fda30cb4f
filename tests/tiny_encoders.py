"""Tiny encoders with random weights, in folders as their families are published."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from vocalverse.models.encoders.encoder import Family
from vocalverse.models.encoders.whisper_net import WhisperDims, WhisperEncoder

WHISPER = WhisperDims(mels=80, positions=1500, width=32, heads=2, layers=2)


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


def lively(net: nn.Module) -> nn.Module:
    """Fresh networks nearly repeat what goes in: larger weights make every layer count."""
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(std=0.3 if parameter.ndim == 1 else 2 / parameter[0].numel() ** 0.5)
    return net


def _whisper(folder: Path) -> None:
    net = lively(WhisperEncoder(WHISPER))
    write(folder, {f"model.encoder.{name}": one for name, one in net.state_dict().items()}, whisper_config(WHISPER))


_MAKERS: dict[Family, Callable[[Path], None]] = {
    Family.WHISPER: _whisper,
}
