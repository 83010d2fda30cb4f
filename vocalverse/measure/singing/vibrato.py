"""Vibrato: how quick, how wide and how regular a voice swings around its notes, and on how many of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.notes import Note
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.runs import frames_between, runs

SLOWEST_HZ, QUICKEST_HZ = 4.0, 8.0
LONG_NOTE_S = 0.6  # two swings of a slow vibrato and time to begin
LEAST_IN_ALL_S = 1.0  # less is a chance

_WINDOW = 50  # frames: two swings of the slowest, four of the quickest
_HOP = 5
_RATES_HZ = np.arange(3.0, 9.55, 0.1)  # wider than it may be: a peak at the rim of what is looked at is none
_LEAST_CENTS = 20.0  # half extent: less is hardly heard, and every voice wanders by that
_MOST_CENTS = 300.0  # wider is another thing: trills, yodels, a tracker that errs
_LEAST_EXPLAINED = 0.55  # of the movement that is no straight line, by one sine
_LEAST_SWINGS = 3.0
_STEADY_HZ = 1.0  # that far the middle half of its windows' rates may lie apart: a voice that wanders has any
_TWELFTH = 1 / 12  # of a swing: a sine has half of its height by then
# The window that a pitch is found in smooths a swing: of 80 cents 96 % are left at 4 Hz, 94 % at 7.5.
_SMOOTHED_BY = 0.0085  # for each hertz

Curve = npt.NDArray[np.float64]  # [frames], cents
Waves = npt.NDArray[np.float64]  # [rates, 2, window]


@dataclass(frozen=True)
class Passage:
    """Vibrato within one note."""

    note: int
    start_s: float
    end_s: float
    rate_hz: float
    extent_cents: float  # half: from the middle to a peak
    regularity: float  # 0..1: what a steady sine explains of the movement
    onset_delay_s: float | None  # after the note's start; None where no first swing stands out

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Vibrato:
    """Medians over time. None where there is less than a second of vibrato in all."""

    passages: tuple[Passage, ...]
    seconds: float  # in all
    rate_hz: float | None
    extent_cents: float | None  # half: from the middle to a peak
    regularity: float | None  # 0..1
    onset_delay_s: float | None
    long_notes: int
    share_of_long_notes: float | None  # with vibrato; None where no note is long

    @property
    def is_there(self) -> bool:
        return self.rate_hz is not None


def measure_vibrato(pitch: Pitch, notes: Sequence[Note]) -> Vibrato:
    passages = tuple(
        passage for index, note in enumerate(notes) if (passage := _of_note(pitch, note, index)) is not None
    )
    seconds = sum(passage.duration_s for passage in passages)
    is_long = [note.duration_s >= LONG_NOTE_S for note in notes]
    enough = seconds >= LEAST_IN_ALL_S
    with_it = sum(is_long[passage.note] for passage in passages) if enough else 0
    weights = [passage.duration_s for passage in passages]
    delays = [passage.onset_delay_s for passage in passages if passage.onset_delay_s is not None]
    return Vibrato(
        passages,
        seconds,
        rate_hz=_middle([passage.rate_hz for passage in passages], weights) if enough else None,
        extent_cents=_middle([passage.extent_cents for passage in passages], weights) if enough else None,
        regularity=_middle([passage.regularity for passage in passages], weights) if enough else None,
        onset_delay_s=float(np.median(delays)) if enough and delays else None,
        long_notes=sum(is_long),
        share_of_long_notes=with_it / sum(is_long) if any(is_long) else None,
    )


def _of_note(pitch: Pitch, note: Note, index: int) -> Passage | None:
    """The longest stretch of it that swings."""
    cents = _cents(pitch, note)
    if len(cents) < _WINDOW:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(cents, _WINDOW)[::_HOP]
    explained, rate_hz, extent = _swings(windows)
    inside = (rate_hz >= SLOWEST_HZ) & (rate_hz <= QUICKEST_HZ)
    swings = inside & (explained >= _LEAST_EXPLAINED) & (extent >= _LEAST_CENTS) & (extent <= _MOST_CENTS)
    stretch = max(runs(swings, closing=2), key=len, default=range(0))
    if not len(stretch):
        return None
    there = slice(stretch.start, stretch.stop)
    rate, width = float(np.median(rate_hz[there])), float(np.median(extent[there]))
    first, last = stretch.start * _HOP, (stretch.stop - 1) * _HOP + _WINDOW
    slow, quick = np.percentile(rate_hz[there], (25, 75))
    if (last - first) * HOP_S * rate < _LEAST_SWINGS or quick - slow > _STEADY_HZ:
        return None
    delay_s = _onset_delay_s(cents, rate, width)
    if delay_s is not None:
        first = min(max(first, round(delay_s / HOP_S)), last - 1)
    return Passage(
        index,
        note.start_s + first * HOP_S,
        note.start_s + last * HOP_S,
        rate,
        width / (1 - _SMOOTHED_BY * rate),
        float(explained[there].mean()),
        delay_s,
    )


def _cents(pitch: Pitch, note: Note) -> Curve:
    """[frames] of the note, against where it is held; gaps are bridged."""
    here = frames_between(note.start_s, note.end_s, count=len(pitch.voiced))
    midi = pitch.midi[here].astype(np.float64)
    there = np.flatnonzero(np.isfinite(midi))
    if not len(there):
        return np.empty(0)
    cents: Curve = 100 * (np.interp(np.arange(len(midi)), there, midi[there]) - note.midi)
    return cents


def _swings(windows: npt.NDArray[np.float64]) -> tuple[Curve, Curve, Curve]:
    """[windows] each: share that the best sine explains, its rate in Hz, its height in cents."""
    lines, waves, heights = _bases()
    bent = windows - (windows @ lines.T) @ lines
    energy = np.square(bent).sum(axis=1)
    found = np.square(np.einsum("wt,rct->wrc", bent, waves)).sum(axis=2)
    best = found.argmax(axis=1)
    power = found[np.arange(len(best)), best]
    return power / np.maximum(energy, 1e-9), _RATES_HZ[best], np.sqrt(power) * heights[best]


@cache
def _bases() -> tuple[Curve, Waves, Curve]:
    """Straight lines, sines that have nothing of a line in them, and how high a sine of norm 1 is."""
    at = np.arange(_WINDOW) - (_WINDOW - 1) / 2
    lines = np.stack([np.ones(_WINDOW), at])
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    turns = 2 * np.pi * _RATES_HZ[:, None] * at * HOP_S
    pairs = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    pairs -= (pairs @ lines.T) @ lines
    norms = np.linalg.norm(pairs, axis=2, keepdims=True)  # a cosine and a sine around the middle are orthogonal
    return lines, pairs / norms, 1 / norms.mean(axis=(1, 2))


def _onset_delay_s(cents: Curve, rate_hz: float, extent_cents: float) -> float | None:
    """When the first of three half swings begins that are half as high as they will be."""
    period = 1 / (rate_hz * HOP_S)  # frames
    bent = cents - _smoothed(cents, round(period))
    high = np.where(np.abs(bent) >= extent_cents / 2, np.sign(bent), 0)
    halves = [(int(half.start), float(high[half.start])) for sign in (1, -1) for half in runs(high == sign)]
    halves.sort()
    for (one, up), (two, down), (three, again) in zip(halves, halves[1:], halves[2:], strict=False):
        in_turn = up == -down == again
        if in_turn and max(two - one, three - two) < period and three - one > 0.6 * period:
            return max(0.0, (one - _TWELFTH * period) * HOP_S)
    return None


def _smoothed(curve: Curve, wide: int) -> Curve:
    """By a window of one swing, which leaves nothing of the swing."""
    wide = max(3, wide | 1)
    padded = np.pad(curve, wide // 2, mode="reflect", reflect_type="odd")
    smooth: Curve = np.convolve(padded, np.full(wide, 1 / wide), mode="valid")
    return smooth


def _middle(values: Sequence[float], weights: Sequence[float]) -> float:
    """The median, by weight."""
    order = np.argsort(values)
    share = np.cumsum(np.asarray(weights)[order])
    return float(np.asarray(values)[order][np.searchsorted(share, share[-1] / 2)])
