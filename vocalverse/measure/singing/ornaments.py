"""What singers do to a note's pitch on purpose: scoops, falls, kobushi and portamento."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.notes import Note
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.runs import frames_between, runs
from vocalverse.measure.singing.vibrato import Vibrato

_LEAST_NOTE_S = 0.15  # a shorter one is all slide
_TIED_S = 0.06  # between two notes: a consonant's hum, or nothing
_THERE_CENTS = 25.0  # a note is at its pitch
_SCOOP_CENTS, _SCOOP_S = 60.0, (0.04, 0.4)
_FALL_CENTS, _FALL_S = 80.0, (0.04, 0.5)
_DEEPEST_CENTS = 900.0  # below, a tracker errs or a voice cracks
_SHARE_OF_NOTE = 0.6  # what slides for longer is no note with an ornament
# Kobushi is one quick turn up and back on a vowel that is held: less than a semitone is a voice that wavers, and so is
# what swings again beside it.
_TURN_CENTS, _TURN_S = (80.0, 400.0), (0.06, 0.3)
_FOOT_CENTS = 30.0  # a turn begins and ends that near the note
_HELD_S = 0.08  # at either side of it the note is held,
_BESIDE_S, _BESIDE = 0.25, 0.5  # and for so long nothing moves as much as this share of it
_LEAP = 0.5  # of its height: a voice takes more than a frame for that, a tracker that errs and a consonant do not
_PORTAMENTO_CENTS, _PORTAMENTO_S = (80.0, 1_400.0), (0.08, 0.5)
# From a fifth to four fifths of the way: the ends of a slide are too flat to be seen. An eased slide is longer by this.
_WAY, _WHOLE_WAY = (0.2, 0.8), 2.44
_LOOK_S = 0.3  # at either side of where two notes meet

Curve = npt.NDArray[np.float64]  # [frames]


class OrnamentKind(StrEnum):
    SCOOP = "scoop"  # into a note from below
    FALL = "fall"  # out of it, into silence
    KOBUSHI = "kobushi"  # up and back within it
    PORTAMENTO = "portamento"  # from one to the next, slowly


@dataclass(frozen=True)
class Ornament:
    kind: OrnamentKind
    note: int  # of a portamento: the one that it leads to
    start_s: float
    end_s: float
    depth_cents: float  # how far from the note, > 0; a portamento's has the step's sign

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


def find_ornaments(pitch: Pitch, notes: Sequence[Note], vibrato: Vibrato) -> tuple[Ornament, ...]:
    """In the order of the notes."""
    swinging = {passage.note: passage for passage in vibrato.passages}
    found: list[Ornament | None] = []
    for index, note in enumerate(notes):
        tied_before = index > 0 and note.start_s - notes[index - 1].end_s < _TIED_S
        tied_after = index + 1 < len(notes) and notes[index + 1].start_s - note.end_s < _TIED_S
        if tied_before:
            found.append(_portamento(pitch, notes[index - 1], note, index))
        if note.duration_s < _LEAST_NOTE_S:
            continue
        cents = _cents(pitch, note)
        if not tied_before or notes[index - 1].midi > note.midi:  # else it comes from the note below
            found.append(_scoop(cents, note, index))
        passage = swinging.get(index)
        free_s = (passage.start_s, passage.end_s) if passage else (note.end_s, note.end_s)
        found += _turns(cents, note, index, free_s)
        if not tied_after:
            found.append(_fall(cents, note, index))
    return tuple(ornament for ornament in found if ornament is not None)


def _cents(pitch: Pitch, note: Note) -> Curve:
    """[frames] of the note, against where it is held; not a number where the voice is off."""
    here = frames_between(note.start_s, note.end_s, count=len(pitch.voiced))
    cents: Curve = 100 * (pitch.midi[here].astype(np.float64) - note.midi)
    return cents


def _scoop(cents: Curve, note: Note, index: int) -> Ornament | None:
    depth, frames = _slide_in(cents)
    length_s = frames * HOP_S
    if not _is_slide(depth, length_s, note, (_SCOOP_CENTS, _DEEPEST_CENTS), _SCOOP_S):
        return None
    return Ornament(OrnamentKind.SCOOP, index, note.start_s, note.start_s + length_s, depth)


def _fall(cents: Curve, note: Note, index: int) -> Ornament | None:
    depth, frames = _slide_in(cents[::-1])
    length_s = frames * HOP_S
    if not _is_slide(depth, length_s, note, (_FALL_CENTS, _DEEPEST_CENTS), _FALL_S):
        return None
    return Ornament(OrnamentKind.FALL, index, note.end_s - length_s, note.end_s, depth)


def _is_slide(
    depth: float, length_s: float, note: Note, cents: tuple[float, float], seconds: tuple[float, float]
) -> bool:
    deep_enough = cents[0] <= depth <= cents[1]
    return deep_enough and seconds[0] <= length_s <= min(seconds[1], _SHARE_OF_NOTE * note.duration_s)


def _slide_in(cents: Curve) -> tuple[float, int]:
    """How far below the note it begins, and for how many frames it rises; 0 where it begins elsewhere or turns back."""
    cents = cents[np.isfinite(cents)]
    there = np.flatnonzero(cents > -_THERE_CENTS)
    if not len(there) or not there[0]:
        return 0.0, 0
    way = cents[: there[0] + 1]
    lowest = int(way[: max(2, len(way) // 2)].argmin())  # a voice may start with a wobble
    sinks = np.maximum.accumulate(way[lowest:]) - way[lowest:]
    if sinks.max() > _THERE_CENTS:
        return 0.0, 0
    return float(-way[lowest]), int(there[0])


def _turns(cents: Curve, note: Note, index: int, swings_s: tuple[float, float]) -> list[Ornament]:
    """Not those of a vibrato, nor what begins or ends the note."""
    up = np.nan_to_num(cents, nan=0.0) > _FOOT_CENTS
    found = []
    for run in runs(up):
        start_s, end_s = note.start_s + run.start * HOP_S, note.start_s + run.stop * HOP_S
        in_vibrato = start_s < swings_s[1] and end_s > swings_s[0]
        if _TURN_S[0] <= end_s - start_s <= _TURN_S[1] and not in_vibrato and _stands_alone(cents, run):
            depth = float(cents[run.start : run.stop].max())
            found.append(Ornament(OrnamentKind.KOBUSHI, index, start_s, end_s, depth))
    return found


def _stands_alone(cents: Curve, run: range) -> bool:
    """One smooth turn of a voice that holds its note before and after."""
    held, beside = round(_HELD_S / HOP_S), round(_BESIDE_S / HOP_S)
    around = cents[max(0, run.start - held) : run.stop + held]
    if len(around) < len(run) + 2 * held or not np.isfinite(around).all():
        return False
    depth = cents[run.start : run.stop].max()
    before, after = cents[max(0, run.start - beside) : run.start], cents[run.stop : run.stop + beside]
    strays = np.nanmax(np.abs(np.concatenate([before, after])))
    fits = _TURN_CENTS[0] <= depth <= _TURN_CENTS[1]
    return bool(fits and strays <= _BESIDE * depth and np.abs(np.diff(around)).max() <= _LEAP * depth)


def _portamento(pitch: Pitch, before: Note, note: Note, index: int) -> Ornament | None:
    step = 100 * (note.midi - before.midi)
    if not _PORTAMENTO_CENTS[0] <= abs(step) <= _PORTAMENTO_CENTS[1]:
        return None
    from_s = max(before.start_s + before.duration_s / 3, before.end_s - _LOOK_S)
    to_s = min(note.end_s - note.duration_s / 3, note.start_s + _LOOK_S)
    here = frames_between(from_s, to_s, count=len(pitch.voiced))
    way = 100 * (pitch.midi[here].astype(np.float64) - before.midi) / step  # 0 to 1
    left = np.flatnonzero(way < _WAY[0])
    arrived = np.flatnonzero(way > _WAY[1])
    if not len(left) or not len(arrived):
        return None
    arrival = int(arrived[arrived > left[0]][0]) if (arrived > left[0]).any() else 0
    leaving = int(left[left < arrival][-1]) if (left < arrival).any() else arrival
    if np.isnan(way[leaving : arrival + 1]).any():
        return None  # the voice stopped: a step, however slow
    slack = max(0.0, (arrival - leaving - 1) * (_WHOLE_WAY - 1)) / 2
    start_s = (here.start + leaving - slack) * HOP_S
    end_s = (here.start + arrival + slack) * HOP_S
    if not _PORTAMENTO_S[0] <= end_s - start_s <= _PORTAMENTO_S[1]:
        return None
    return Ornament(OrnamentKind.PORTAMENTO, index, start_s, end_s, step)
