"""What hears the four dimensions, at its published size, with weights that learnt nothing."""

from dataclasses import dataclass

from vocalverse.bench.unlearnt import random_net
from vocalverse.models.encoders import qwen2_audio
from vocalverse.models.encoders.encoder import Encoder, Family
from vocalverse.models.encoders.hubert_soft import HubertSize, HubertSoft
from vocalverse.models.encoders.opening import LAST, Opening, Size, info_of
from vocalverse.models.encoders.samoye import F0_WIDTH, GRID, Ears, Samoye, ppg_ear, units_ear
from vocalverse.models.encoders.whisper_net import WhisperDims, WhisperEncoder
from vocalverse.separate.precision import Precision


@dataclass(frozen=True)
class Sizes:
    ppg: WhisperDims
    units: HubertSize
    qwen: WhisperDims


PUBLISHED = Sizes(
    ppg=WhisperDims(width=1280, heads=20, layers=32),
    units=HubertSize(),
    qwen=WhisperDims(mels=128, width=1280, heads=20, layers=32),
)


def open_samoye(sizes: Sizes, device: str) -> Encoder:
    opening = Opening(Family.SAMOYE, LAST, Precision.BF16, device)
    ears = Ears(
        ppg_ear(random_net(lambda: WhisperEncoder(sizes.ppg)), opening),
        units_ear(random_net(lambda: HubertSoft(sizes.units)), opening),
    )
    width = ears.ppg.info.width + ears.units.info.width + F0_WIDTH
    return Samoye(info_of(opening, (), GRID, Size(width, layers=1)), ears)


def open_qwen(sizes: Sizes, device: str) -> Encoder:
    opening = Opening(Family.QWEN2_AUDIO, LAST, Precision.BF16, device)
    return qwen2_audio.ear(random_net(lambda: WhisperEncoder(sizes.qwen)), opening)
