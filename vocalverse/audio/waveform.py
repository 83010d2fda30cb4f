"""A recording that has been heard."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.audio.formats import Codec, Container

Samples = npt.NDArray[np.float32]  # [frames, channels], full scale = 1


@dataclass(frozen=True)
class Source:
    """What the file itself was, before resampling and mixing."""

    container: Container
    codec: Codec
    sample_rate_hz: int
    channels: int
    declared_s: float | None  # the length that the file claims
    channel_rms: tuple[float, ...]  # of the file's own channels
    broken_tail: bool  # it breaks off before its end
    longer: bool  # it goes on past the limit, where decoding stopped
    bad_runs: int  # stretches of less than 5 ms that held no number, now zeros
    bad_s: float


@dataclass(frozen=True)
class Waveform:
    """Stereo at 44.1 kHz, whatever the file was. `samples` [frames, 2] is read-only."""

    samples: Samples
    sample_rate_hz: int
    source: Source

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate_hz

    @property
    def heard(self) -> Samples:
        """The channels that differ: one where the file was mono."""
        return self.samples[:, :1] if self.source.channels == 1 else self.samples
