"""What somebody might do who wants marks for less than singing better."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from vocalverse.audio.waveform import Samples
from vocalverse.measure.pitch.track import midi_of
from vocalverse.synthesis.damage.intact import Intact
from vocalverse.synthesis.damage.world import STEP_S, Curve
from vocalverse.synthesis.rooms import in_room, room
from vocalverse.synthesis.singing import RATE_HZ

_LOUDER_DB = 12.0
_REPEATS = 3
_HALL_T60_S, _HALL_DRR_DB = 2.5, -3.0
_VIBRATO_HZ, _VIBRATO_SEMITONES = 5.6, 0.8


def louder(take: Intact) -> Samples:
    """Into a limiter, as an eager singer has it at the mixer."""
    driven = take.samples * np.float32(10 ** (_LOUDER_DB / 20))
    return np.asarray(np.tanh(driven), np.float32)


def longer(take: Intact) -> Samples:
    """The phrase that is held stillest, three times more."""
    if not take.phrases:
        return take.samples
    best = min(take.phrases, key=lambda phrase: _unrest(take, phrase.start_s, phrase.end_s))
    there = slice(round(best.start_s * RATE_HZ), round((best.end_s + 0.3) * RATE_HZ))
    return np.concatenate([take.samples, *[take.samples[there]] * _REPEATS])


def in_a_hall(take: Intact) -> Samples:
    return in_room(take.samples[:, 0].astype(np.float64), room(_HALL_T60_S, _HALL_DRR_DB, seed=1))


def tuned_flat(take: Intact) -> Samples:
    """Every note on its semitone, without any movement: a pitch corrector at its fastest."""
    midi = _midi(take)
    wanted = midi.copy()
    for note in take.notes:
        there = slice(round(note.start_s / STEP_S), round(note.end_s / STEP_S))
        if np.isfinite(midi[there]).any():
            wanted[there] = np.round(np.nanmedian(midi[there]))
    return take.vocoded.sung(np.nan_to_num(wanted - midi)).sound(like=take.samples)


def vibrato_everywhere(take: Intact) -> Samples:
    steps = np.arange(len(take.vocoded.hz)) * STEP_S
    swing = _VIBRATO_SEMITONES * np.sin(2 * np.pi * _VIBRATO_HZ * steps)
    return take.vocoded.sung(swing).sound(like=take.samples)


def _midi(take: Intact) -> Curve:
    """At each step; not a number where nobody sings."""
    hz = take.vocoded.hz
    return np.where(hz > 0, midi_of(np.maximum(hz, 1.0)), np.nan)


def _unrest(take: Intact, start_s: float, end_s: float) -> float:
    """How far its pitch is from what it was a tenth of a second before, in the median; of long phrases only."""
    midi = _midi(take)[round(start_s / STEP_S) : round(end_s / STEP_S)]
    moved = np.abs(midi[20:] - midi[:-20])
    return float(np.nanmedian(moved)) if np.isfinite(moved).sum() * STEP_S > 1 else np.inf


TRICKS: Mapping[str, Callable[[Intact], Samples]] = MappingProxyType(
    {
        "louder": louder,
        "its best phrase again and again": longer,
        "in a hall": in_a_hall,
        "tuned flat": tuned_flat,
        "vibrato everywhere": vibrato_everywhere,
    }
)
