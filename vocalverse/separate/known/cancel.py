"""Take a backing that is known out of a recording of somebody who sings to it."""

import math
from dataclasses import dataclass

import numpy as np

from vocalverse.audio.waveform import Samples
from vocalverse.records import Progress, no_progress
from vocalverse.separate.known.alignment import Alignment
from vocalverse.separate.known.drift import refine
from vocalverse.separate.known.place import find
from vocalverse.separate.known.room import Room, hear, unheard
from vocalverse.separate.known.spectra import SIZE, samples_of
from vocalverse.separate.known.tune import facing, tuned
from vocalverse.separate.known.whitened import whitened

SAMPLE_RATE_HZ = 44_100
_PIECE = 20 * SAMPLE_RATE_HZ
_FADE = SAMPLE_RATE_HZ
_SIGNIFICANT = 8.0  # deviations; chance reaches 5, the faintest backing in the worst room tried 9
_INAUDIBLE_DB = -40.0
_QUIET_RMS = 1e-6


@dataclass(frozen=True)
class Cancelled:
    """What is left of a recording without its backing, and how that backing stood in it."""

    residual: Samples  # [frames, 2]; the recording itself where `used` is false
    used: bool
    delay_s: float | None = None  # the backing's first sample sounds so long after the recording's; None if not found
    drift_ppm: float | None = None  # how much faster the recorder's clock runs than the backing's
    key_shift: int = 0  # semitones that the backing was played higher than its file
    tempo_ratio: float = 1.0  # how much faster it was played
    coherence: float = 0.0  # 0..1, the share of the recording's energy that the backing explains
    bleed_db: float | None = None  # the backing's level against all the rest


def cancel(mix: Samples, backing: Samples, *, key_shift: int = 0, progress: Progress = no_progress) -> Cancelled:
    """`mix` [frames, 2] without what the loudspeakers played of `backing` [frames, 2], both at 44.1 kHz.

    Where the backing cannot be made out, the recording comes back as it is, with `used` false.
    """
    untouched = Cancelled(mix.copy(), used=False)
    level, backing_level = _rms(mix), _rms(backing)
    if min(level, backing_level) < _QUIET_RMS:
        return untouched
    alignment = _align(mix, backing)
    progress("cancel", 0.1)
    if alignment is None:
        return untouched
    scale = 1 / backing_level
    alignment = tuned(mix, backing, alignment, scale=scale)
    residual = _without(mix, backing, alignment, scale, progress)
    return _judged(mix, residual, alignment)


def _align(mix: Samples, backing: Samples) -> Alignment | None:
    recording = whitened(mix, sample_rate_hz=SAMPLE_RATE_HZ)
    played = whitened(backing, sample_rate_hz=SAMPLE_RATE_HZ)
    place = find(recording, played)
    if place.significance < _SIGNIFICANT:
        return None
    return refine(recording, played, place.alignment)


def _without(mix: Samples, backing: Samples, alignment: Alignment, scale: float, progress: Progress) -> Samples:
    """Piece by piece, with what was learnt of the room going along, and one piece fading into the next."""
    residual = np.empty_like(mix)
    room = unheard()
    last = max(0, len(mix) - _FADE)
    starts = range(0, max(1, last), _PIECE)
    fade = np.linspace(0, 1, _FADE, dtype=np.float32)[:, None]
    for start in starts:
        stop = min(len(mix), start + _PIECE + _FADE)
        left = mix[start:stop] - _echo_in(mix, backing, alignment, slice(start, stop), scale, room)
        if start:
            overlap = min(_FADE, stop - start)
            left[:overlap] = residual[start : start + overlap] * (1 - fade[:overlap]) + left[:overlap] * fade[:overlap]
        residual[start:stop] = left
        progress("cancel", 0.1 + 0.9 * stop / len(mix))
    return residual


def _echo_in(mix: Samples, backing: Samples, alignment: Alignment, part: slice, scale: float, room: Room) -> Samples:
    wider = slice(max(0, part.start - SIZE), min(len(mix), part.stop + SIZE))
    recording, sources = facing(mix, backing, alignment, part=wider, scale=scale)
    heard = samples_of(hear(recording, sources, room).echo, wider.stop - wider.start) * np.float32(1 / scale)
    return heard[part.start - wider.start : part.stop - wider.start]


def _judged(mix: Samples, residual: Samples, alignment: Alignment) -> Cancelled:
    whole, left, taken = 0.0, 0.0, 0.0
    for start in range(0, len(mix), _PIECE):
        a, b = mix[start : start + _PIECE], residual[start : start + _PIECE]
        whole += float(np.square(a, dtype=np.float64).sum())
        left += float(np.square(b, dtype=np.float64).sum())
        taken += float(np.square(a - b, dtype=np.float64).sum())
    bleed_db = 10 * math.log10(max(taken, 1e-20) / max(left, 1e-20))
    if left >= whole or bleed_db < _INAUDIBLE_DB:
        return Cancelled(mix.copy(), used=False)
    return Cancelled(
        residual,
        used=True,
        delay_s=alignment.delay_s,
        drift_ppm=1e6 * (alignment.stretch - 1),
        coherence=min(1.0, max(0.0, 1 - left / whole)),
        bleed_db=bleed_db,
    )


def _rms(samples: Samples) -> float:
    """About the mean: an offset is no sound."""
    return float(samples.std(axis=0, dtype=np.float64).max()) if len(samples) else 0.0
