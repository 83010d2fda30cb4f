"""What the two libraries that parse audio have in common. Each is imported in the decoder's process alone."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.audio.formats import Codec
from vocalverse.errors import Undecodable

Block = npt.NDArray[np.float32]  # [frames, channels]

READ_FRAMES = 8192  # also the most that is lost before a break
_CHANNELS_AT_MOST = 64
_RATES_HZ = (4_000, 768_000)


class Break(Exception):
    """The file cannot be read on from here; what came before it stands."""


@dataclass(frozen=True)
class Reading:
    """An opened file: `blocks` ends by itself or with a Break."""

    sample_rate_hz: int
    channels: int
    codec: Codec
    declared_frames: int | None
    cut: bool  # its end is missing, as far as the container tells
    blocks: Iterator[Block]

    def __post_init__(self) -> None:
        if not 1 <= self.channels <= _CHANNELS_AT_MOST:
            raise Undecodable(f"the file says that it has {self.channels} channels")
        if not _RATES_HZ[0] <= self.sample_rate_hz <= _RATES_HZ[1]:
            raise Undecodable(f"the file says that its sample rate is {self.sample_rate_hz} Hz")
