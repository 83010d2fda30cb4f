"""Whisper's encoder of any size over whole songs: frames of 20 ms out of windows of 30 s.

Whisper was trained on windows filled up to 30 s with silence. So the two convolutions hear a short window's silence, as
far as they look; but the blocks do not: its positions are cut off before them. That is what masking them as keys and
dropping their frames gives, for less work, and no score depends on how much silence there would have been.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

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
from vocalverse.models.encoders.opening import Opening, Size, chosen, info_of, number, ready, require_type
from vocalverse.models.encoders.whisper_mel import HOP, RATE_HZ, whisper_window
from vocalverse.models.encoders.whisper_net import (
    WhisperDims,
    WhisperEncoder,
    dims_of,
    in_our_names,
    positions_table,
)
from vocalverse.models.encoders.windows import Grid, Windowed
from vocalverse.separate.backends.backend import DTYPES
from vocalverse.separate.precision import Precision
from vocalverse.separate.weights import Hollow

_PREFIXES = ("model.encoder.", "encoder.", "")


def files(folder: Path) -> tuple[Path, ...]:
    """A file of OpenAI's comes without a config."""
    config = (folder / CONFIG,) if (folder / CONFIG).exists() else ()
    return (*config, *index_files(folder), *weight_files(folder, _PREFIXES))


def open_encoder(folder: Path, opening: Opening) -> Encoder:
    net = read_net(folder, opening.precision)
    grid = Grid(RATE_HZ, hop=2 * HOP, needs=1, window=net.dims.positions)
    info = info_of(opening, files(folder), grid, Size(net.dims.width, net.dims.layers))
    ready(net, opening)
    return Windowed(
        info=info,
        grid=grid,
        net=net,
        prepare=lambda sound, window: whisper_window(sound, window, net.dims.mels),
        hear=lambda mel, window: chosen(_states(net, mel, window.frames), info.layer),
        batch=opening.batch,
    )


def read_net(folder: Path, precision: Precision = Precision.FP32) -> WhisperEncoder:
    """The whole encoder of a folder, of OpenAI's keys or transformers'."""
    tensors = in_our_names(read_folder(folder, _PREFIXES))
    dims = _dims(folder, tensors)
    tensors.setdefault("embed_positions.weight", positions_table(dims.positions, dims.width))
    with Hollow():
        net = WhisperEncoder(dims).to(DTYPES[precision])
    load_into(net, tensors, folder, ignore=("decoder.", "proj_out."))
    return net


def dims_in(config: Mapping[str, Any], folder: Path) -> WhisperDims:
    """As transformers' configs say them."""
    dims = WhisperDims(
        mels=number(config, "num_mel_bins", folder),
        positions=number(config, "max_source_positions", folder),
        width=number(config, "d_model", folder),
        heads=number(config, "encoder_attention_heads", folder),
        layers=number(config, "encoder_layers", folder),
        inner=number(config, "encoder_ffn_dim", folder),
    )
    if dims.width % dims.heads:
        raise ModelBroken(f"{folder / CONFIG} says d_model = {dims.width}, which {dims.heads} heads cannot share.")
    return dims


def _dims(folder: Path, tensors: Mapping[str, Tensor]) -> WhisperDims:
    if (folder / CONFIG).exists():
        config = read_config(folder)
        require_type(config, ("whisper",), folder)
        return dims_in(config, folder)
    try:
        return dims_of(tensors)
    except (KeyError, ValueError) as error:
        raise ModelBroken(
            f"{folder} holds no Whisper encoder ({error!r}): it is a checkpoint of something else."
        ) from error


def _states(net: WhisperEncoder, mel: Tensor, positions: int) -> Iterator[Tensor]:
    """The last one is told after the last norm, as transformers tells it."""
    for layer, state in enumerate(net.states(mel, positions)):
        yield net.layer_norm(state) if layer == net.dims.layers else state
