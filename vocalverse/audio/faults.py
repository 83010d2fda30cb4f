"""What a recorder or a cable did to the samples: clipping and dropouts, found as runs of samples."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.audio.waveform import Samples

Mask = npt.NDArray[np.bool_]
Runs = npt.NDArray[np.int64]  # [runs, 2]: first frame, frame after the last

BLOCK_FRAMES = 2**17

_FULL_SCALE = 0.999
_CLIP_RUN = 3  # samples; fewer are a peak that only just touches full scale
_FLAT_TOP_AT_LEAST = 0.05  # below, equal neighbours are the steps of the quantiser
_FLAT_RUN = 6  # a tone's rounded peak may give five equal samples of 16 bits, down to 30 Hz
_SILENT = 1e-5  # less than half a step of 16 bits: zeros, also after resampling
_DROPOUT_AT_LEAST_S = 0.005
_AROUND_S = 0.005
_AUDIBLE_AROUND = 1e-3  # RMS, -60 dBFS: a gate fades to silence, a dropout cuts


@dataclass(frozen=True)
class Clipping:
    share: float  # of all samples, 0..1
    longest_ms: float


@dataclass(frozen=True)
class Dropouts:
    count: int
    total_s: float


def clipping(samples: Samples, sample_rate_hz: int) -> Clipping:
    """Runs of samples at full scale, or flat tops at the file's own greatest value where that is below."""
    top = peak(samples)
    if top >= _FULL_SCALE:
        ceiling, at_least = _FULL_SCALE, _CLIP_RUN
    elif top >= _FLAT_TOP_AT_LEAST:
        ceiling, at_least = top, _FLAT_RUN
    else:
        return Clipping(share=0.0, longest_ms=0.0)
    lengths = np.concatenate([_clipped_lengths(channel, ceiling, at_least) for channel in samples.T])
    return Clipping(
        share=int(lengths.sum()) / samples.size, longest_ms=1000 * int(lengths.max(initial=0)) / sample_rate_hz
    )


def _clipped_lengths(channel: Samples, ceiling: float, at_least: int) -> npt.NDArray[np.int64]:
    """Either side by itself: a square wave is two flat tops, not one run."""
    above = runs(lambda part: part >= ceiling, channel, at_least)
    below = runs(lambda part: part <= -ceiling, channel, at_least)
    both: Runs = np.concatenate([above, below])
    lengths: npt.NDArray[np.int64] = both[:, 1] - both[:, 0]
    return lengths


def dropouts(samples: Samples, sample_rate_hz: int) -> Dropouts:
    """Stretches of at least 5 ms of zeros in all channels, cut out of audio that is there before and after."""
    around = round(_AROUND_S * sample_rate_hz)
    silences = runs(_all_silent, samples, round(_DROPOUT_AT_LEAST_S * sample_rate_hz))
    found = [
        end - start
        for start, end in silences.tolist()
        if _rms(samples[max(0, start - around) : start]) > _AUDIBLE_AROUND
        and _rms(samples[end : end + around]) > _AUDIBLE_AROUND
    ]
    return Dropouts(count=len(found), total_s=sum(found) / sample_rate_hz)


def peak(samples: Samples) -> float:
    """The greatest absolute value; 0 where there is none."""
    return max(float(samples.max(initial=0)), -float(samples.min(initial=0)))


def runs(condition: Callable[[Samples], Mask], samples: Samples, at_least: int) -> Runs:
    """All runs of at least `at_least` frames on which `condition` holds, found block by block."""
    found = [run for run in _joined(condition, samples) if run[1] - run[0] >= at_least]
    return np.array(found, np.int64).reshape(-1, 2)


def _joined(condition: Callable[[Samples], Mask], samples: Samples) -> Iterator[tuple[int, int]]:
    """Runs in order; one that goes on over the border of two blocks is one."""
    open_since: int | None = None
    for start in range(0, len(samples), BLOCK_FRAMES):
        mask = condition(samples[start : start + BLOCK_FRAMES])
        edges = np.flatnonzero(np.diff(mask, prepend=open_since is not None)) + start
        for edge in edges.tolist():
            if open_since is None:
                open_since = edge
            else:
                yield open_since, edge
                open_since = None
    if open_since is not None:
        yield open_since, len(samples)


def _all_silent(part: Samples) -> Mask:
    silent: Mask = np.count_nonzero(np.abs(part) < _SILENT, axis=1) == part.shape[1]
    return silent


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
