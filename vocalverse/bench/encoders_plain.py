"""SaMoye's features the way its public script comes by them, on the same weights: what ours are timed against.

Chunk after chunk, one at a time, in single precision on a CPU and in half on a GPU; Whisper's attention written out as
matrices, HuBERT-soft's layers as torch has them. The script also loads both models anew for every song and adds noise:
neither is counted.
"""

import copy
import itertools

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalverse.models.encoders.hubert_soft import HubertSoft
from vocalverse.models.encoders.sound import Mono
from vocalverse.models.encoders.whisper_mel import whisper_mel
from vocalverse.models.encoders.whisper_net import Attention, Block, WhisperEncoder

_RATE_HZ = 16_000
_HOP = 320

_Array = npt.NDArray[np.float32]


class PlainSamoye:
    def __init__(self, ppg: WhisperEncoder, units: HubertSoft, device: str) -> None:
        """`ppg` has lost its last blocks already."""
        self._device = device
        self._dtype = torch.float32 if device == "cpu" else torch.float16
        self._ppg = copy.deepcopy(ppg).to(device, self._dtype) if device != "cpu" else ppg  # 2.5 GB
        self._units = copy.deepcopy(units)
        layer = nn.TransformerEncoderLayer(
            units.size.width, units.size.width // 64, units.size.inner, activation="gelu", batch_first=True
        )
        self._units.feature_extractor = _Convolutions(self._units.feature_extractor)  # type: ignore[assignment]
        self._units.encoder = nn.TransformerEncoder(layer, units.size.layers, enable_nested_tensor=False)  # type: ignore[assignment]
        self._units.encoder.load_state_dict(units.encoder.state_dict())
        self._units.eval().requires_grad_(False).to(device, self._dtype)

    @torch.no_grad()
    def hear(self, voice: Mono) -> _Array:
        """[frames, width of both]."""
        ppg = [self._ppg_of(chunk) for chunk in _chunks(voice, 15)]
        units = [self._units_of(chunk) for chunk in _chunks(voice, 20)]
        return np.concatenate((np.concatenate(ppg), np.concatenate(units)), axis=1)

    def _ppg_of(self, chunk: Mono) -> _Array:
        net = self._ppg
        mel = whisper_mel(chunk, net.dims.mels)[None].to(self._device, self._dtype)
        x = functional.gelu(net.conv2(functional.gelu(net.conv1(mel)))).mT
        x = x + net.embed_positions.weight[: x.shape[1]]
        for block in net.layers:
            assert isinstance(block, Block)
            x = x + _attended(block.self_attn, block.self_attn_layer_norm(x))
            x = x + block.fc2(functional.gelu(block.fc1(block.final_layer_norm(x))))
        return _told(net.layer_norm(x)[0, : len(chunk) // _HOP])

    def _units_of(self, chunk: Mono) -> _Array:
        return _told(self._units(torch.from_numpy(chunk)[None].to(self._device, self._dtype))[0])


class _Convolutions(nn.Module):
    """HuBERT-soft's first layers as they are written down."""

    def __init__(self, extractor: nn.Module) -> None:
        super().__init__()
        first, norm, *others = extractor.children()
        self._first = nn.Sequential(first, norm, nn.GELU())
        self._others = nn.Sequential(*itertools.chain.from_iterable((conv, nn.GELU()) for conv in others))

    def forward(self, wave: Tensor) -> Tensor:
        x: Tensor = self._others(self._first(wave[:, None]))
        return x.mT


def _attended(attention: Attention, x: Tensor) -> Tensor:
    scale = (x.shape[-1] // attention.heads) ** -0.25
    q, k, v = (part(x).view(*x.shape[:2], attention.heads, -1) for part in _projections(attention))
    scores = (q.permute(0, 2, 1, 3) * scale) @ (k.permute(0, 2, 3, 1) * scale)
    weights = scores.float().softmax(-1).to(x.dtype)
    out: Tensor = attention.out_proj((weights @ v.permute(0, 2, 1, 3)).permute(0, 2, 1, 3).flatten(2))
    return out


def _projections(attention: Attention) -> tuple[nn.Linear, nn.Linear, nn.Linear]:
    return attention.q_proj, attention.k_proj, attention.v_proj


def _chunks(voice: Mono, seconds: int) -> list[Mono]:
    length = seconds * _RATE_HZ
    return [voice[at : at + length] for at in range(0, len(voice), length)]


def _told(values: Tensor) -> _Array:
    told: _Array = values.float().cpu().numpy()
    return told
