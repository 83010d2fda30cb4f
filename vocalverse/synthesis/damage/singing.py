"""What goes wrong in singing: notes off their pitch and off their time, a vibrato that is missing or uneven.

The voice is taken apart and put together again: the control has all of that but the fault.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import hilbert

from vocalverse.audio.waveform import Samples
from vocalverse.measure.pitch.track import midi_of
from vocalverse.synthesis.damage.intact import Intact
from vocalverse.synthesis.damage.world import STEP_S, Curve, Vocoded
from vocalverse.synthesis.singing import RATE_HZ
from vocalverse.synthesis.throat import STEP_S as THROAT_STEP_S
from vocalverse.synthesis.throat import wander

_MOST = 2.0  # standard deviations: faults, no disasters
_SLIDE_S = 0.04  # between two notes that are off by different amounts
_SHORTEST, _LONGEST = 0.4, 2.5  # of a stretch's own length
_LONG_S = 0.5  # notes that a vibrato lives in
_SWING_S = 0.2  # a mean over it, twice, leaves little of any vibrato
_EDGE_S = 0.1  # of a note: scoops and falls stay

Random = np.random.Generator


def out_of_tune(take: Intact, cents: float, random: Random) -> Samples:
    """Each note by another amount, `cents` RMS."""
    off = _drawn(len(take.notes), random) * cents / 100
    knots, values = [], []
    for note, semitones in zip(take.notes, off, strict=True):
        knots += [note.start_s, max(note.end_s - _SLIDE_S, note.start_s + 1e-3)]
        values += [semitones, semitones]
    semitones = np.interp(_seconds(take.vocoded), knots, values) if knots else 0.0
    return take.vocoded.sung(np.asarray(semitones)).sound(like=take.samples)


def notes_off_time(take: Intact, ms: float, random: Random) -> Samples:
    """Each note begins early or late, `ms` RMS; what lies between two beginnings is stretched."""
    starts_s = [note.start_s for note in take.notes]
    return _warped(take, starts_s, _drawn(len(starts_s), random) * ms / 1_000)


def phrases_off_time(take: Intact, ms: float, random: Random) -> Samples:
    """Each phrase as a whole; what lies between two is stretched."""
    edges_s = [edge_s for phrase in take.phrases for edge_s in (phrase.start_s, phrase.end_s)]
    late_s = np.repeat(_drawn(len(take.phrases), random) * ms / 1_000, 2)
    return _warped(take, edges_s, late_s)


def vibrato_removed(take: Intact, share: float, random: Random) -> Samples:
    """So much of its extent."""
    semitones = np.zeros(len(take.vocoded.hz))
    for there, swing, edge in _swings(take):
        semitones[there] = -share * swing * edge
    return take.vocoded.sung(semitones).sound(like=take.samples)


def vibrato_shaken(take: Intact, share: float, random: Random) -> Samples:
    """Its rate and its extent wander by so much of themselves."""
    semitones = np.zeros(len(take.vocoded.hz))
    for there, swing, edge in _swings(take):
        turning = hilbert(swing)
        turns = np.unwrap(np.angle(turning))
        quicker, wider = (_wander(len(swing), random, wide_s=0.15) for _ in range(2))
        shaken_turns = turns[0] + np.cumsum(np.diff(turns, prepend=turns[0]) * (1 + share * quicker))
        shaken = np.abs(turning) * (1 + share * wider) * np.cos(shaken_turns)
        semitones[there] = (shaken - swing) * edge
    return take.vocoded.sung(semitones).sound(like=take.samples)


def _drawn(count: int, random: Random) -> Curve:
    """Of mean 0 and RMS 1."""
    drawn = np.clip(random.standard_normal(count), -_MOST, _MOST)
    if count < 2:
        return np.sign(drawn)
    drawn = drawn - drawn.mean()
    scaled: Curve = drawn / np.sqrt(np.mean(np.square(drawn)))
    return scaled


def _seconds(voice: Vocoded) -> Curve:
    return np.arange(len(voice.hz)) * STEP_S


def _wander(steps: int, random: Random, *, wide_s: float) -> Curve:
    every = round(STEP_S / THROAT_STEP_S)
    return wander(every * steps, random, wide_s=wide_s)[::every]


def _warped(take: Intact, knots_s: Sequence[float], late_s: Curve) -> Samples:
    """What was at each knot comes that much later, as far as the stretches between them allow."""
    length_s = len(take.samples) / RATE_HZ
    old = np.concatenate([[0.0], knots_s, [length_s]])
    new = np.concatenate([[0.0], np.asarray(knots_s) + late_s, [length_s]])
    own = np.diff(old)
    for at in range(1, len(new) - 1):
        new[at] = np.clip(new[at], new[at - 1] + _SHORTEST * own[at - 1], new[at - 1] + _LONGEST * own[at - 1])
    for at in range(len(new) - 2, 0, -1):  # the last stretch ends where the take does
        new[at] = min(new[at], new[at + 1] - _SHORTEST * own[at])
    source_s = np.interp(_seconds(take.vocoded), new, old)
    return take.vocoded.taken_from(source_s / STEP_S).sound(like=take.samples)


def _swings(take: Intact) -> Iterator[tuple[slice, Curve, Curve]]:
    """Of each long note: its steps, how far its pitch swings around itself, and how much of that is its middle."""
    voice = take.vocoded
    for note in take.notes:
        there = slice(round(note.start_s / STEP_S), round(note.end_s / STEP_S))
        hz = voice.hz[there]
        sung = np.flatnonzero(hz > 0)
        if note.end_s - note.start_s < _LONG_S or len(sung) < 2:
            continue
        midi = np.interp(np.arange(len(hz)), sung, midi_of(hz[sung]))
        swing = midi - _slow(midi)
        edge = np.clip(np.minimum(np.arange(len(hz)), np.arange(len(hz))[::-1]) * STEP_S / _EDGE_S, 0, 1)
        yield there, swing, edge


def _slow(midi: Curve) -> Curve:
    wide = round(_SWING_S / STEP_S) | 1
    padded = np.pad(midi, wide, mode="reflect", reflect_type="odd")
    slow: Curve = uniform_filter1d(uniform_filter1d(padded, wide), wide)[wide:-wide]
    return slow
