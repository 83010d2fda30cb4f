"""Qwen2-Audio's tower over whole songs: Whisper's network, halved to 25 frames a second before its last norm.

Windows are 30 s. Of a shorter one only what was sung enters the blocks, as the published mask has it; a last half pair
is left out.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from torch import Tensor
from torch.nn import functional

from vocalverse.errors import ModelBroken
from vocalverse.models.encoders.checkpoint import (
    CONFIG,
    index_files,
    load_into,
    read_config,
    read_folder,
    weight_files,
)
from vocalverse.models.encoders.encoder import Encoder
from vocalverse.models.encoders.opening import Opening, Size, chosen, info_of, ready, require_type
from vocalverse.models.encoders.whisper import dims_in
from vocalverse.models.encoders.whisper_mel import HOP, RATE_HZ, whisper_window
from vocalverse.models.encoders.whisper_net import WhisperDims, WhisperEncoder
from vocalverse.models.encoders.windows import Grid, Windowed
from vocalverse.separate.backends.backend import DTYPES
from vocalverse.separate.weights import Hollow

_PREFIXES = ("audio_tower.", "model.audio_tower.")
_PAIR = 2
_PUBLISHED = {  # what a config may leave out
    "num_mel_bins": 128,
    "max_source_positions": 1500,
    "d_model": 1280,
    "encoder_attention_heads": 20,
    "encoder_layers": 32,
    "encoder_ffn_dim": 5120,
}


def files(folder: Path) -> tuple[Path, ...]:
    """Of the shards only those that hold the tower."""
    return (folder / CONFIG, *index_files(folder), *weight_files(folder, _PREFIXES))


def open_encoder(folder: Path, opening: Opening) -> Encoder:
    dims = _dims(folder)
    with Hollow():
        net = WhisperEncoder(dims).to(DTYPES[opening.precision])
    load_into(net, read_folder(folder, _PREFIXES), folder)
    return ear(net, opening, files(folder))


def ear(net: WhisperEncoder, opening: Opening, loaded: Iterable[Path] = ()) -> Windowed:
    """Round a network whose weights are in place, wherever they came from."""
    dims = net.dims
    grid = Grid(RATE_HZ, hop=2 * _PAIR * HOP, needs=2 * HOP + 1, window=dims.positions // _PAIR)
    info = info_of(opening, loaded, grid, Size(dims.width, dims.layers))
    ready(net, opening)
    return Windowed(
        info=info,
        grid=grid,
        net=net,
        prepare=lambda sound, window: whisper_window(sound, window, dims.mels),
        hear=lambda mel, window: chosen(_states(net, mel, -(-window.samples // (2 * HOP))), info.layer),
        batch=opening.batch,
    )


def _dims(folder: Path) -> WhisperDims:
    config = read_config(folder)
    require_type(config, ("qwen2_audio",), folder)
    said = config.get("audio_config", {})
    if not isinstance(said, dict):
        raise ModelBroken(f"{folder / CONFIG} says nothing of its audio tower under audio_config.")
    return dims_in(_PUBLISHED | said, folder)


def _states(net: WhisperEncoder, mel: Tensor, positions: int) -> Iterator[Tensor]:
    """Every layer's, in pairs; the last one's through the last norm, too."""
    for layer, state in enumerate(net.states(mel, positions)):
        pairs = functional.avg_pool1d(state.transpose(1, 2), _PAIR).transpose(1, 2)
        yield net.layer_norm(pairs) if layer == net.dims.layers else pairs
