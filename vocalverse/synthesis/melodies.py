"""Songs out of numbers, and takes of them whose every fault is known, as curves: nothing has to be heard for them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.pitch.track import Pitch, hz_of
from vocalverse.measure.reference.melody import SOLO, Line, Melody, MelodyNote, Source

_SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
_LENGTHS_S = (0.2, 0.3, 0.45, 0.9)
_GAP_S = 0.04  # a consonant


@dataclass(frozen=True)
class HeardNote:
    start_s: float
    end_s: float
    midi: float


@dataclass(frozen=True)
class Take:
    pitch: Pitch
    notes: tuple[HeardNote, ...]


@dataclass(frozen=True)
class Faults:
    """Standard deviations, and what is the same for the whole take."""

    latency_s: float = 0.0
    tempo: float = 1.0  # above 1: slower
    semitones: float = 0.0
    note_cents: float = 0.0
    note_s: float = 0.0
    line_s: float = 0.0  # of whole lines, one as early as the next is late
    semitones_of_line: dict[int, float] = field(default_factory=dict)


def melody(
    lines: int = 20,
    *,
    seed: int = 0,
    midi: float = 57.0,
    rest_s: float = 1.0,
    singers: Sequence[frozenset[int]] = (SOLO,),
) -> Melody:
    """Lines of seven notes. The singers take turns."""
    rng = np.random.default_rng(seed)
    degree, at_s, written = 3, 1.0, []
    for number in range(lines):
        notes = []
        for _ in range(7):
            degree = int(np.clip(degree + rng.integers(-3, 4), 0, 7))
            length_s = float(rng.choice(_LENGTHS_S))
            notes.append(MelodyNote(at_s, at_s + length_s, midi + _SCALE[degree], "la", ends_word=True))
            at_s += length_s
        written.append(Line(notes[0].start_s, notes[-1].end_s, tuple(notes), singers[number % len(singers)]))
        at_s += rest_s
    return Melody(tuple(written), Source.ULTRASTAR, octave_is_known=False)


def perform(
    song: Melody,
    faults: Faults = Faults(),
    *,
    lines: Sequence[int] | None = None,
    at_s: Sequence[float] | None = None,
    seed: int = 1,
) -> Take:
    """`lines` in the order of their times, each where the song has it or, with `at_s`, begun there."""
    rng = np.random.default_rng(seed)
    chosen = range(len(song.lines)) if lines is None else lines
    notes: list[HeardNote] = []
    for place, number in enumerate(chosen):
        line = song.lines[number]
        moved_s = faults.latency_s + (at_s[place] - faults.tempo * line.start_s if at_s else 0.0)
        moved_s += faults.line_s * (-1) ** place
        higher = faults.semitones + faults.semitones_of_line.get(number, 0.0)
        for note in line.notes:
            assert note.midi is not None
            late_s = float(np.clip(rng.normal(0, 1), -2, 2)) * faults.note_s + moved_s
            start_s = max(faults.tempo * note.start_s + late_s, notes[-1].start_s + 0.08 if notes else 0.0)
            if notes and notes[-1].end_s > start_s:
                notes[-1] = HeardNote(notes[-1].start_s, start_s, notes[-1].midi)
            off = float(rng.normal(0, 1)) * faults.note_cents / 100
            end_s = max(faults.tempo * note.end_s + late_s, start_s + 0.08)
            notes.append(HeardNote(start_s, end_s, note.midi + higher + off))
    return take_of(notes, rng, length_s=faults.tempo * song.duration_s + abs(faults.latency_s) + 3)


def take_of(notes: Sequence[HeardNote], rng: np.random.Generator, *, length_s: float) -> Take:
    """As sung: scoops, a vibrato on long notes, a wobble, and a consonant before each third."""
    frames = round(max(length_s, max((note.end_s for note in notes), default=0.0) + 0.5) / HOP_S)
    midi = np.full(frames, np.nan)
    for number, note in enumerate(notes):
        first, last = round(note.start_s / HOP_S), round(note.end_s / HOP_S)
        after_s = np.arange(max(0, last - max(0, first))) * HOP_S
        curve = note.midi + rng.normal(0, 0.04) - 0.8 * np.exp(-after_s / 0.02)
        if note.end_s - note.start_s > 0.6:
            curve = curve + 0.5 * np.sin(2 * np.pi * 5.5 * after_s)
        midi[max(0, first) : last] = curve
        if number % 3 == 0:
            midi[max(0, last - round(_GAP_S / HOP_S)) : last] = np.nan
    return Take(pitch_of(midi), tuple(notes))


def pitch_of(midi: npt.NDArray[np.float64]) -> Pitch:
    """Of semitones, not a number where nothing is sung."""
    voiced = ~np.isnan(midi)
    hz = np.where(voiced, hz_of(np.nan_to_num(midi, nan=60.0)), 0).astype(np.float32)
    return Pitch(hz, voiced, voiced.astype(np.float32))
