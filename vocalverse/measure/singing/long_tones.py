"""How still a voice holds its long tones, its vibrato aside."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S, Heard
from vocalverse.measure.notes import Note
from vocalverse.measure.runs import frames_between, runs

LONG_S = 0.8
# Nobody is still while a tone begins and ends.
_ATTACK_S, _RELEASE_S = 0.12, 0.1
_SWING_HZ = (3.6, 8.4)  # 4 to 8 Hz, and what a short tone smears of it
_LEAP_CENTS = 300.0  # a voice that flips
_LONGEST_LEAP_S = 0.15  # longer, it is a note
_DROP_DB, _SHORTEST_DROP_S = 15.0, 0.02

Curve = npt.NDArray[np.float64]  # [frames]


@dataclass(frozen=True)
class LongTone:
    note: int
    start_s: float
    end_s: float
    spread_cents: float  # RMS, without vibrato and drift
    drift_cents_per_s: float  # > 0: sharper and sharper
    level_spread_db: float  # RMS, likewise
    level_drift_db_per_s: float
    breaks: int  # moments at which the voice stops, flips or drops


@dataclass(frozen=True)
class LongTones:
    """Medians over the tones. None where there is no long tone."""

    tones: tuple[LongTone, ...]
    spread_cents: float | None
    drift_cents_per_s: float | None
    level_spread_db: float | None
    breaks_per_tone: float | None


def measure_long_tones(heard: Heard, notes: Sequence[Note]) -> LongTones:
    long = [(index, note) for index, note in enumerate(notes) if note.duration_s >= LONG_S]
    tones = tuple(tone for index, note in long if (tone := _tone(heard, note, index)) is not None)
    if not tones:
        return LongTones((), None, None, None, None)
    return LongTones(
        tones,
        spread_cents=float(np.median([tone.spread_cents for tone in tones])),
        drift_cents_per_s=float(np.median([tone.drift_cents_per_s for tone in tones])),
        level_spread_db=float(np.median([tone.level_spread_db for tone in tones])),
        breaks_per_tone=sum(tone.breaks for tone in tones) / len(tones),
    )


def _tone(heard: Heard, note: Note, index: int) -> LongTone | None:
    """None where the voice is off for most of it."""
    here = frames_between(note.start_s + _ATTACK_S, note.end_s - _RELEASE_S, count=len(heard.dry))
    voiced = heard.pitch.voiced[here]
    if voiced.sum() <= len(voiced) // 2:
        return None
    cents = 100 * (heard.pitch.midi[here].astype(np.float64) - note.midi)
    level_db = heard.dry.level_db[here].astype(np.float64)
    held = voiced & (np.abs(cents) < _LEAP_CENTS)
    held = held if held.sum() > len(held) // 2 else voiced
    spread_cents, drift = _spread_and_drift(cents, held)
    level_spread_db, level_drift = _spread_and_drift(level_db, held)
    return LongTone(
        index,
        note.start_s,
        note.end_s,
        spread_cents,
        drift,
        level_spread_db,
        level_drift,
        _breaks(voiced, cents, level_db),
    )


def _spread_and_drift(curve: Curve, held: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """RMS of what is neither a line nor a swing, and the line's slope a second."""
    at_s = (np.arange(len(curve)) - (len(curve) - 1) / 2) * HOP_S
    lines = np.stack([np.ones(len(curve)), at_s], axis=1)[held]
    rates_hz = np.arange(*_SWING_HZ, 0.5 / (len(curve) * HOP_S))
    turns = 2 * np.pi * np.outer(at_s, rates_hz)[held]
    known = curve[held]
    swings = np.concatenate([np.cos(turns), np.sin(turns)], axis=1)
    both = np.concatenate([lines, swings], axis=1)
    fit, *_ = np.linalg.lstsq(both, known, rcond=1e-2)  # neighbouring rates are nearly the same: no feats between them
    slope = np.linalg.lstsq(lines, known - swings @ fit[2:], rcond=None)[0][1]
    return float(np.sqrt(np.square(known - both @ fit).mean())), float(slope)


def _breaks(voiced: npt.NDArray[np.bool_], cents: Curve, level_db: Curve) -> int:
    stops = runs(~voiced)
    leaps = [leap for leap in runs(voiced & (np.abs(cents) > _LEAP_CENTS)) if len(leap) * HOP_S < _LONGEST_LEAP_S]
    drops = [drop for drop in runs(level_db < np.median(level_db) - _DROP_DB) if len(drop) * HOP_S >= _SHORTEST_DROP_S]
    broken = np.zeros(len(voiced), np.bool_)
    for moment in (*stops, *leaps, *drops):
        broken[moment.start : moment.stop] = True
    return len(runs(broken, closing=3))  # one that stops and flips is one
