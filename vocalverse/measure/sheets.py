"""A take's notes and its pitch for spreadsheets: CSV as RFC 4180 has it, with units in the names of the columns.

What is not known is an empty cell. Seconds are in the recording's time; phrases, lines and notes count from 1.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.notes import Note
from vocalverse.measure.singing.vibrato import Passage
from vocalverse.measure.spots import Judged, judged
from vocalverse.measure.take import AgainstSong, Measured

_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_BEGIN_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class NoteRow:
    start_s: float
    end_s: float
    pitch_midi: float
    pitch_name: str
    spread_cents: float
    level_dbfs: float
    phrase: int
    off_cents: float | None  # sharp of the song's note, or of the singer's own grid of semitones
    late_ms: float | None
    vibrato_hz: float | None
    vibrato_extent_cents: float | None
    song_line: int | None
    song_note: int | None  # in its line
    syllable: str | None


@dataclass(frozen=True)
class PitchRow:
    time_s: float
    f0_hz: float | None
    pitch_midi: float | None
    confidence: float


def notes_csv(measured: Measured) -> str:
    return _csv(NoteRow, _notes(measured))


def f0_csv(measured: Measured) -> str:
    """Every 10 ms."""
    return _csv(PitchRow, _pitch(measured))


def pitch_name(midi: float) -> str:
    nearest = round(midi)
    return f"{_NAMES[nearest % 12]}{nearest // 12 - 1}"


def _notes(measured: Measured) -> Iterator[NoteRow]:
    swinging = {passage.note: passage for passage in measured.vibrato.passages}
    phrase_of = {note: number for number, phrase in enumerate(measured.phrases, 1) for note in phrase.notes}
    for index, (note, spot) in enumerate(zip(measured.notes, judged(measured), strict=True)):
        yield _note(note, spot, phrase_of[index], swinging.get(index), _syllable(measured, spot))


def _note(note: Note, spot: Judged, phrase: int, swings: Passage | None, syllable: str | None) -> NoteRow:
    return NoteRow(
        start_s=round(note.start_s, 3),
        end_s=round(note.end_s, 3),
        pitch_midi=round(note.midi, 3),
        pitch_name=pitch_name(note.midi),
        spread_cents=round(note.cents_spread, 1),
        level_dbfs=round(note.level_db, 1),
        phrase=phrase,
        off_cents=_rounded(spot.cents),
        late_ms=_rounded(spot.late_ms),
        vibrato_hz=_rounded(swings.rate_hz, 2) if swings else None,
        vibrato_extent_cents=_rounded(swings.extent_cents) if swings else None,
        song_line=spot.meant.line + 1 if spot.meant else None,
        song_note=spot.meant.note + 1 if spot.meant else None,
        syllable=syllable,
    )


def _syllable(measured: Measured, spot: Judged) -> str | None:
    song = measured.against_song
    if not isinstance(song, AgainstSong) or spot.meant is None:
        return None
    return song.melody.lines[spot.meant.line].notes[spot.meant.note].text


def _pitch(measured: Measured) -> Iterator[PitchRow]:
    pitch, midi = measured.pitch, measured.pitch.midi
    for frame, sung in enumerate(pitch.voiced.tolist()):
        yield PitchRow(
            time_s=round(frame * HOP_S, 2),
            f0_hz=round(float(pitch.hz[frame]), 2) if sung else None,
            pitch_midi=round(float(midi[frame]), 3) if sung else None,
            confidence=round(float(pitch.confidence[frame]), 3),
        )


def _csv(kind: type[NoteRow] | type[PitchRow], rows: Iterable[NoteRow | PitchRow]) -> str:
    told = io.StringIO(newline="")
    writer = csv.writer(told)
    writer.writerow([field.name for field in fields(kind)])
    writer.writerows([harmless(cell) for cell in astuple(row)] for row in rows)
    return told.getvalue()


def harmless(cell: object) -> object:
    """No formula: a spreadsheet would reckon with what a stranger's chart says."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_BEGIN_FORMULAS) else cell


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
