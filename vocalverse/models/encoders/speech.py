"""wav2vec2, HuBERT and WavLM through transformers' classes: frames of 20 ms, of any layer or of all.

A span of up to 30 s is heard whole, as the networks were trained. A longer one is heard in pieces of 20 s with 5 s of
what is before and behind them: attention and the group norm of the first convolution then know their surroundings, and
the memory is bounded. Loudness is normalised over the whole recording where the checkpoint asks for that.
"""

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vocalverse.models.encoders.borrowed import Borrowed, build
from vocalverse.models.encoders.checkpoint import CONFIG, PREPROCESSOR, index_files, read_config, weight_files
from vocalverse.models.encoders.encoder import Encoder, Family
from vocalverse.models.encoders.opening import Opening, Size, info_of, ready, require_type
from vocalverse.models.encoders.sound import Mono, Sound
from vocalverse.models.encoders.windows import Grid, Windowed

_RATE_HZ = 16_000
_WINDOW_S, _MARGIN_S = 20, 5
_LEAST_VARIANCE = 1e-7

_CLASSES = {
    Family.WAV2VEC2: ("Wav2Vec2Config", "Wav2Vec2Model"),
    Family.HUBERT: ("HubertConfig", "HubertModel"),
    Family.WAVLM: ("WavLMConfig", "WavLMModel"),
}
_PREFIXES = (*(f"{family}." for family in _CLASSES), "")
_FOR_OTHERS = (  # heads, and what only training needs
    *("quantizer.", "project_q.", "project_hid.", "lm_head.", "projector.", "classifier.", "final_proj."),
    *("label_embeddings_concat", "masked_spec_embed", "adapter.", "layer_weights"),
)
_NEVER_TRAINED = {"mask_time_prob": 0.0, "mask_feature_prob": 0.0, "add_adapter": False}


def files(folder: Path) -> tuple[Path, ...]:
    told = (folder / PREPROCESSOR,) if (folder / PREPROCESSOR).exists() else ()
    return (folder / CONFIG, *told, *index_files(folder), *weight_files(folder, _PREFIXES))


def open_encoder(folder: Path, opening: Opening) -> Encoder:
    said = read_config(folder)
    require_type(said, (opening.family.value,), folder)
    net = build(Borrowed(*_CLASSES[opening.family], _PREFIXES, _FOR_OTHERS), said | _NEVER_TRAINED, folder)
    grid = _grid(net.config)
    info = info_of(opening, files(folder), grid, Size(net.config.hidden_size, net.config.num_hidden_layers))
    if info.layer is not None:
        del net.encoder.layers[info.layer + 1 :]  # nobody asks what they say
    levelled = _is_levelled(folder)
    ready(net, opening)
    return Windowed(
        info=info,
        grid=grid,
        net=net,
        prepare=lambda sound, window: torch.from_numpy(_wave(sound, levelled=levelled)[window.start : window.stop]),
        hear=lambda waves, _: _heard(net, waves, info.layer),
        batch=opening.batch,
    )


def _grid(config: Any) -> Grid:
    """As the convolutions have it."""
    reach = 1
    for kernel, stride in zip(reversed(config.conv_kernel), reversed(config.conv_stride), strict=True):
        reach = (reach - 1) * stride + kernel
    hop = prod(config.conv_stride)
    return Grid(_RATE_HZ, hop, needs=reach, window=_WINDOW_S * _RATE_HZ // hop, margin=_MARGIN_S * _RATE_HZ // hop)


def _is_levelled(folder: Path) -> bool:
    """Whether it was trained on sound of mean 0 and variance 1: yes, where nothing is said."""
    return not (folder / PREPROCESSOR).exists() or read_config(folder, PREPROCESSOR).get("do_normalize", True) is True


def _wave(sound: Sound, *, levelled: bool) -> Mono:
    wave = sound.at(_RATE_HZ)
    return sound.made(("levelled", _RATE_HZ), lambda: _level(wave)) if levelled else wave


def _level(wave: Mono) -> Mono:
    level: Mono = (wave - wave.mean()) / np.sqrt(wave.var() + _LEAST_VARIANCE)
    return level


def _heard(net: Any, waves: Tensor, layer: int | None) -> Tensor:
    """The last layer is told as transformers tells it, which for some is after one more norm."""
    said = net(waves, output_hidden_states=True)
    states = (*said.hidden_states[: net.config.num_hidden_layers], said.last_hidden_state)
    return torch.stack(states, dim=2) if layer is None else states[layer]
