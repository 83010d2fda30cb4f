"""Where a backing stands in a recording, and the backing read as if it stood there from the start."""

from dataclasses import dataclass

import numpy as np
import soxr

from vocalverse.audio.waveform import Samples

_MARGIN = 512  # frames on either side that the resampler's filter reaches over


@dataclass(frozen=True)
class Alignment:
    """recording time = delay_s + stretch × backing time."""

    delay_s: float  # negative where the recording began after the backing
    stretch: float = 1.0  # over 1 where the backing takes longer in the recording than in its file

    def backing_s(self, recording_s: float) -> float:
        return (recording_s - self.delay_s) / self.stretch


@dataclass(frozen=True)
class Piece:
    """A backing in the recording's time, but for less than a sample, which is left to the spectrum's phase."""

    samples: Samples  # [frames, channels]
    late: float  # frames that it still has to be delayed by, -0.5 … 0.5


def aligned(backing: Samples, alignment: Alignment, *, start: int, frames: int, sample_rate_hz: int) -> Piece:
    """What of `backing` sounds in the recording's frames `start` … `start + frames`; zeros where it does not."""
    delay = alignment.delay_s * sample_rate_hz
    first = int(np.floor((start - delay) / alignment.stretch)) - _MARGIN
    last = int(np.ceil((start + frames - delay) / alignment.stretch)) + _MARGIN
    source = _slice(backing, first, last)
    if alignment.stretch != 1.0:
        source = soxr.resample(source, sample_rate_hz, sample_rate_hz * alignment.stretch, quality="VHQ")
    begins = delay + alignment.stretch * first  # in the recording's frames
    skip = round(start - begins)
    part = source[skip : skip + frames]
    return Piece(np.pad(part, ((0, frames - len(part)), (0, 0))), begins + skip - start)


def _slice(samples: Samples, first: int, last: int) -> Samples:
    inside = samples[max(0, min(first, len(samples))) : max(0, min(last, len(samples)))]
    before = min(max(0, -first), last - first)
    return np.pad(inside, ((before, last - first - before - len(inside)), (0, 0)))
