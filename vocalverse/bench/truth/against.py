"""Takes of a made song whose every fault is known, held against it: what the alignment finds, and what it then costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.truth.agreement import percent
from vocalverse.measure.against.align import Aligned, align
from vocalverse.measure.against.intonation import intonation
from vocalverse.measure.against.matching import match
from vocalverse.measure.against.rhythm import rhythm
from vocalverse.measure.notes import Note
from vocalverse.measure.reference.melody import Melody
from vocalverse.records import Progress, no_progress
from vocalverse.synthesis.melodies import Faults, Take, melody, perform

_LINES = 16
_NONE = Faults()


@dataclass(frozen=True)
class _Fault:
    name: str
    faults: Faults = _NONE
    left_out: Sequence[int] = ()  # lines


_FAULTS = (
    _Fault("sung as written"),
    _Fault("250 ms late", Faults(latency_s=0.25)),
    _Fault("3 semitones higher", Faults(semitones=3)),
    _Fault("an octave lower", Faults(semitones=-12)),
    _Fault("1 % slower", Faults(tempo=1.01)),
    _Fault("a quarter of the lines left out", left_out=(1, 6, 7, 12)),
    _Fault("notes 20 cents off", Faults(note_cents=20)),
    _Fault("notes 50 cents off", Faults(note_cents=50)),
    _Fault("notes 100 cents off", Faults(note_cents=100)),
    _Fault("notes 50 ms off", Faults(note_s=0.05)),
    _Fault("notes 100 ms off", Faults(note_s=0.1)),
    _Fault("notes 200 ms off", Faults(note_s=0.2)),
)


@dataclass(frozen=True)
class _Found:
    latency_off_ms: float
    key_right: bool
    lines_right: int  # sung and found, or left out and not found
    cents: float | None
    ms: float | None
    pitch: float | None
    rhythm: float | None


def against_song(*, takes: int, progress: Progress = no_progress) -> Table:
    """Of curves, not of sounds: what hearing adds is in the other tables."""
    rows = []
    for at, fault in enumerate(_FAULTS):
        progress("against the song", at / len(_FAULTS))
        found = [one for seed in range(takes) if (one := _found(fault, seed)) is not None]
        rows.append(Row(fault.name, [percent(len(found), takes), *_cells(found)]))
    progress("against the song", 1.0)
    columns = [
        Column("aligned, %", 0),
        Column("latency off, ms"),
        Column("worst, ms"),
        Column("key right, %", 0),
        Column("lines right, %"),
        Column("spread found, cents"),
        Column("spread found, ms"),
        Column("pitch, 0-100"),
        Column("rhythm, 0-100"),
    ]
    note = f"{takes} takes of {_LINES} lines each; medians. Faults are standard deviations; every take has 4 cents of its own."
    return Table("Truth: takes against their song", "take", columns, rows, note)


def _found(fault: _Fault, seed: int) -> _Found | None:
    song = melody(_LINES, seed=seed)
    lines = [number for number in range(_LINES) if number not in fault.left_out]
    take = perform(song, fault.faults, lines=lines, seed=seed + 1)
    aligned = align(take.pitch, song)
    return _told(fault, song, take, aligned) if isinstance(aligned, Aligned) else None


def _told(fault: _Fault, song: Melody, take: Take, aligned: Aligned) -> _Found:
    notes = [Note(note.start_s, note.end_s, note.midi, 0.0, -20.0) for note in take.notes]
    matched = match(aligned, song, notes, take.pitch)
    pitch, time = intonation(matched), rhythm(matched)
    known = fault.faults
    middle_s = song.duration_s / 2
    latency_s = aligned.latency_s + (aligned.tempo_ratio - known.tempo) * middle_s - known.latency_s
    return _Found(
        1_000 * latency_s,
        aligned.transposed_semitones == known.semitones,
        sum(line.found != (number in fault.left_out) for number, line in enumerate(aligned.lines)),
        pitch.spread_cents if pitch else None,
        time.spread_ms if time else None,
        pitch.score.value if pitch else None,
        time.score.value if time else None,
    )


def _cells(found: Sequence[_Found]) -> list[Cell]:
    if not found:
        return [None] * 8
    latency_ms = np.abs([one.latency_off_ms for one in found])
    return [
        float(np.median(latency_ms)),
        float(latency_ms.max()),
        percent(sum(one.key_right for one in found), len(found)),
        percent(sum(one.lines_right for one in found), _LINES * len(found)),
        *(_median([getattr(one, field) for one in found]) for field in ("cents", "ms", "pitch", "rhythm")),
    ]


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
