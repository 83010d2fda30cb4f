"""How far off each sung note is, from its song's note or, without a song, from the singer's own grid of semitones."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from vocalverse.measure.notes import Note
from vocalverse.measure.take import AgainstSong, Measured

_FINE_CENTS, _NEAR_CENTS = 25.0, 50.0  # full marks; and what most listeners notice
_FINE_ON_GRID_CENTS, _NEAR_ON_GRID_CENTS = 25.0, 38.0  # 50 is as far from one semitone as from the next
_SHARED = 0.3  # of a sung note: what shares less with the song's notes was not meant for them
_ONSET_S = 0.03


class Spot(StrEnum):
    FINE = "fine"
    NEAR = "near"
    OFF = "off"
    FREE = "free"  # held against nothing


@dataclass(frozen=True)
class Meant:
    """A note of the song."""

    line: int
    note: int  # in its line


@dataclass(frozen=True)
class Judged:
    """A sung note."""

    spot: Spot
    cents: float | None = None  # sharp
    late_ms: float | None = None
    meant: Meant | None = None


def judged(measured: Measured) -> tuple[Judged, ...]:
    """One for each sung note."""
    song, grid = measured.against_song, measured.by_itself.grid
    if isinstance(song, AgainstSong):
        return _against(song, measured.notes)
    if grid is None:
        return tuple(Judged(Spot.FREE) for _ in measured.notes)
    return tuple(_on_grid(100 * note.midi - grid.tuning_cents) for note in measured.notes)


def _against(song: AgainstSong, notes: Sequence[Note]) -> tuple[Judged, ...]:
    timed = {Meant(one.line, one.note): one for one in song.rhythm.notes} if song.rhythm else {}
    delay_s = song.rhythm.delay_ms / 1_000 if song.rhythm else 0.0
    asked = song.intonation.notes if song.intonation else ()
    meant = [Meant(one.line, one.note) for one in asked]
    later_s = np.asarray([delay_s + (timed[one].late_ms / 1_000 if one in timed else 0.0) for one in meant])
    starts_s = np.asarray([one.start_s for one in asked]) + later_s
    ends_s = np.asarray([one.end_s for one in asked]) + later_s
    cents = np.asarray([one.cents for one in asked])

    def judge(note: Note) -> Judged:
        shared_s = np.maximum(np.minimum(ends_s, note.end_s) - np.maximum(starts_s, note.start_s), 0)
        if shared_s.sum() < _SHARED * note.duration_s:
            return Judged(Spot.FREE)
        best = int(shared_s.argmax())
        begun = timed.get(meant[best])
        begins = begun is not None and abs(begun.start_s + begun.late_ms / 1_000 - note.start_s) < _ONSET_S
        late_ms = begun.late_ms if begun and begins else None  # what goes on with it is not late
        cents_here = float(cents @ shared_s / shared_s.sum())  # one tone may be held through several syllables
        return Judged(_spot(cents_here, _FINE_CENTS, _NEAR_CENTS), cents_here, late_ms, meant[best])

    return tuple(map(judge, notes))


def _on_grid(cents: float) -> Judged:
    off = (cents + 50) % 100 - 50
    return Judged(_spot(off, _FINE_ON_GRID_CENTS, _NEAR_ON_GRID_CENTS), off)


def _spot(cents: float, fine: float, near: float) -> Spot:
    if abs(cents) <= fine:
        return Spot.FINE
    return Spot.NEAR if abs(cents) <= near else Spot.OFF
