"""Take a backing that is known out of a recording of somebody who sings to it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import soxr

from vocalverse.audio.waveform import Samples
from vocalverse.records import Progress, no_progress
from vocalverse.separate.known.alignment import Alignment
from vocalverse.separate.known.drift import refine
from vocalverse.separate.known.place import find
from vocalverse.separate.known.room import hear, unheard
from vocalverse.separate.known.spectra import SIZE, Spectrum, samples_of
from vocalverse.separate.known.speed import semitones_higher
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
    drift_ppm: float | None = None  # how much faster the recorder's clock runs, tempo_ratio apart
    key_shift: int = 0  # semitones that the backing was played higher than its file
    tempo_ratio: float = 1.0  # how much faster it was played
    coherence: float = 0.0  # 0..1, the share of the recording's energy that the backing explains
    bleed_db: float | None = None  # the backing's level against all the rest


def cancel(mix: Samples, backing: Samples, *, key_shift: int = 0, progress: Progress = no_progress) -> Cancelled:
    """`mix` [frames, 2] without what the loudspeakers played of `backing` [frames, 2], both at 44.1 kHz.

    `key_shift`: semitones that it was announced to be played higher; others are found too. It is taken out if its
    tempo rose along; a player that shifts the key alone leaves no copy that could be subtracted.

    Where the backing cannot be made out, the recording comes back as it is, with `used` false.
    """
    level, backing_level = _rms(mix), _rms(backing)
    if min(level, backing_level) < _QUIET_RMS:
        return Cancelled(mix, used=False)
    begun = partial(progress, "cancel", 0.0)
    for semitones in _shifts(mix, backing, key_shift, begun):
        played = _shifted(backing, semitones)
        if alignment := _align(mix, played, begun):
            break
    else:
        return Cancelled(mix, used=False)
    scale = 1 / backing_level
    alignment = tuned(mix, played, alignment, scale=scale, tick=partial(progress, "cancel", 0.1))
    result = _judged(mix, _without(mix, played, alignment, scale, progress), alignment)
    return replace(result, key_shift=semitones, tempo_ratio=_ratio(semitones)) if result.used else result


def _shifts(mix: Samples, backing: Samples, announced: int, tick: Callable[[], None]) -> Iterator[int]:
    """A shift may have been announced and not been made, or been made and not announced."""
    tried = dict.fromkeys((announced, 0))
    yield from tried
    found = semitones_higher(mix, backing, sample_rate_hz=SAMPLE_RATE_HZ, tick=tick)
    if found not in tried:
        yield found


def _ratio(semitones: int) -> float:
    return float(2.0 ** (semitones / 12))


def _shifted(backing: Samples, semitones: int) -> Samples:
    """As a player gives it that turns faster. One that keeps the tempo rearranges phases in a way of its own."""
    if not semitones:
        return backing
    higher: Samples = soxr.resample(backing, SAMPLE_RATE_HZ * _ratio(semitones), SAMPLE_RATE_HZ)
    return higher


def _align(mix: Samples, backing: Samples, tick: Callable[[], None]) -> Alignment | None:
    recording = whitened(mix, sample_rate_hz=SAMPLE_RATE_HZ, tick=tick)
    played = whitened(backing, sample_rate_hz=SAMPLE_RATE_HZ, tick=tick)
    place = find(recording, played, tick=tick)
    if place.significance < _SIGNIFICANT:
        return None
    return refine(recording, played, place.alignment, tick=tick)


def _without(mix: Samples, backing: Samples, alignment: Alignment, scale: float, progress: Progress) -> Samples:
    """Piece by piece, with what was learnt of the room going along, and one piece fading into the next."""
    residual = np.empty_like(mix)
    room = unheard()
    last = max(0, len(mix) - _FADE)
    starts = range(0, max(1, last), _PIECE)
    fade = np.linspace(0, 1, _FADE, dtype=np.float32)[:, None]
    for start in starts:
        stop = min(len(mix), start + _PIECE + _FADE)
        tick = partial(progress, "cancel", 0.1 + 0.9 * start / len(mix))
        recording, sources = facing(mix, backing, alignment, part=_wider(start, stop, len(mix)), scale=scale)
        echo = hear(recording, sources, room, tick=tick).echo
        left = mix[start:stop] - _sound(echo, _wider(start, stop, len(mix)), slice(start, stop)) / np.float32(scale)
        if start:
            overlap = min(_FADE, stop - start)
            left[:overlap] = residual[start : start + overlap] * (1 - fade[:overlap]) + left[:overlap] * fade[:overlap]
        residual[start:stop] = left
        progress("cancel", 0.1 + 0.9 * stop / len(mix))
    return residual


def _wider(start: int, stop: int, frames: int) -> slice:
    return slice(max(0, start - SIZE), min(frames, stop + SIZE))


def _sound(echo: Spectrum, wider: slice, part: slice) -> Samples:
    return samples_of(echo, wider.stop - wider.start)[part.start - wider.start : part.stop - wider.start]


def _judged(mix: Samples, residual: Samples, alignment: Alignment) -> Cancelled:
    whole, left, taken = 0.0, 0.0, 0.0
    for start in range(0, len(mix), _PIECE):
        a, b = mix[start : start + _PIECE], residual[start : start + _PIECE]
        whole += float(np.square(a, dtype=np.float64).sum())
        left += float(np.square(b, dtype=np.float64).sum())
        taken += float(np.square(a - b, dtype=np.float64).sum())
    bleed_db = 10 * math.log10(max(taken, 1e-20) / max(left, 1e-20))
    if left >= whole or bleed_db < _INAUDIBLE_DB:
        return Cancelled(mix, used=False)
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
    total, squares = np.zeros(samples.shape[1]), np.zeros(samples.shape[1])
    for start in range(0, len(samples), _PIECE):
        piece = samples[start : start + _PIECE].astype(np.float64)
        total += piece.sum(axis=0)
        squares += np.square(piece).sum(axis=0)
    count = max(len(samples), 1)
    return math.sqrt(max(float((squares / count - np.square(total / count)).max()), 0.0))
