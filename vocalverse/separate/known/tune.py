"""The drift of a short recording, from the phases of what the room was found to make of the backing.

A few seconds are too few to tell a few millionths by correlation alone. Once the room's response is known roughly, its
echo of the backing can be laid over the recording, and where the voice is quiet the phases tell time to microseconds.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from vocalverse.audio.waveform import Samples
from vocalverse.separate.known.alignment import Alignment, aligned
from vocalverse.separate.known.room import EARLY, hear, tail_frames, unheard
from vocalverse.separate.known.spectra import HOP, SIZE, Spectrum, spectrum

_RATE_HZ = 44_100
_ENOUGH_S = 60.0  # a recording as long as this tells its drift without
_TOP_HZ = 4_000.0
_ROUNDS = 3
_GROUP = 8  # frames whose phases are averaged
_FARTHEST = 40e-6  # what correlation may be wrong by
_STEP = 0.25e-6


def tuned(
    mix: Samples, backing: Samples, alignment: Alignment, *, scale: float, tick: Callable[[], None] = lambda: None
) -> Alignment:
    """`alignment` with its stretch corrected; as it was where `mix` is long enough to have told it well."""
    if len(mix) > _ENOUGH_S * _RATE_HZ:
        return alignment
    bins = int(_TOP_HZ / _RATE_HZ * SIZE)
    for _ in range(_ROUNDS):
        recording, sources = facing(mix, backing, alignment, part=slice(0, len(mix)), scale=scale)
        heard = hear(recording[:bins], sources[:bins], unheard(), passes=2, tick=tick)
        agreement = (recording[:bins] * np.conj(heard.echo)).sum(axis=1) / heard.rest
        alignment = _steeper(alignment, agreement)
    return alignment


def facing(
    mix: Samples, backing: Samples, alignment: Alignment, *, part: slice, scale: float
) -> tuple[Spectrum, Spectrum]:
    """Spectra of that part of `mix` and of what of `backing` may sound in it, as `hear` wants them."""
    before, after = tail_frames() * HOP, EARLY * HOP
    frames = before + part.stop - part.start + after
    piece = aligned(backing, alignment, start=part.start - before, frames=frames, sample_rate_hz=_RATE_HZ)
    sources = spectrum(_distinct(piece.samples) * np.float32(scale), late=piece.late)
    return spectrum(_distinct(mix[part]) * np.float32(scale)), sources


def _distinct(samples: Samples) -> Samples:
    """One channel where all are the same."""
    return samples[:, :1] if np.array_equal(samples[:, 0], samples[:, -1]) else samples


def _steeper(alignment: Alignment, agreement: npt.NDArray[np.complex64]) -> Alignment:
    """Turned about the moment in the middle of what was heard of the backing, so that the delay there stays."""
    whole = agreement.shape[1] // _GROUP * _GROUP
    if whole < 2 * _GROUP:
        return alignment
    groups = agreement[:, :whole].reshape(len(agreement), -1, _GROUP).sum(axis=2)
    middles_s = ((np.arange(groups.shape[1]) + 0.5) * _GROUP * HOP - SIZE / 2) / _RATE_HZ
    weights = np.abs(groups).sum(axis=0)
    if not weights.any():
        return alignment
    mean_s = float(np.average(middles_s, weights=weights))
    hz = np.arange(len(groups)) * _RATE_HZ / SIZE
    slopes = np.arange(-_FARTHEST, _FARTHEST + _STEP, _STEP)
    turns = 2j * np.pi * np.outer(hz, middles_s - mean_s)
    heights = [float((groups * np.exp(turns * slope)).real.sum()) for slope in slopes]
    slope = float(slopes[int(np.argmax(heights))])
    stretch = 1.0 / (1.0 / alignment.stretch - slope)
    return Alignment(mean_s - stretch * alignment.backing_s(mean_s), stretch)
