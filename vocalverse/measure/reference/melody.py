"""A song's melody and lyrics, whatever file they came from. How it is stored is in `stored`."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from vocalverse.errors import BadInput, ReferenceBroken

LONGEST_S = 3600.0  # a recording may last a quarter of that
NOTES_AT_MOST = 20_000  # the densest rap has 3,000
SOLO = frozenset({1})
BOTH = frozenset({1, 2})

_MIDI_RANGE = (0.0, 127.0)


class NoteKind(StrEnum):
    NORMAL = "normal"
    GOLDEN = "golden"  # counts twice
    RAP = "rap"  # its rhythm counts, its pitch does not
    GOLDEN_RAP = "golden_rap"  # both
    FREESTYLE = "freestyle"  # nothing counts

    @property
    def has_pitch(self) -> bool:
        return self in (NoteKind.NORMAL, NoteKind.GOLDEN)

    @property
    def counts(self) -> int:
        """How often, against a normal note."""
        if self is NoteKind.FREESTYLE:
            return 0
        return 2 if self in (NoteKind.GOLDEN, NoteKind.GOLDEN_RAP) else 1


class Source(StrEnum):
    ULTRASTAR = "ultrastar"
    MIDI = "midi"
    MUSICXML = "musicxml"
    LRC = "lrc"
    GUIDE = "guide"


@dataclass(frozen=True)
class MelodyNote:
    start_s: float
    end_s: float
    midi: float | None  # None where its pitch does not count
    text: str = ""  # a syllable, without blanks at its ends
    kind: NoteKind = NoteKind.NORMAL
    ends_word: bool = False
    continues: bool = False  # sung on the vowel of the note before, a melisma


@dataclass(frozen=True)
class Line:
    start_s: float
    end_s: float
    notes: tuple[MelodyNote, ...] = ()  # one after the other
    singers: frozenset[int] = SOLO  # of {1, 2}
    words: str = ""  # the text of a line without notes

    @property
    def text(self) -> str:
        """As it was written: syllables joined, words apart."""
        if not self.notes:
            return self.words
        return " ".join("".join(note.text + " " * note.ends_word for note in self.notes).split())


@dataclass(frozen=True)
class Offsets:
    """What a chart says of the recording that it was written for. Times of notes hold the gap already."""

    gap_s: float = 0.0
    starts_s: float | None = None  # the recording is played from here
    ends_s: float | None = None  # and to here


@dataclass(frozen=True)
class Melody:
    """Lines in time; those of one singer do not overlap. Raises ReferenceBroken for what no song can be."""

    lines: tuple[Line, ...]
    source: Source
    title: str | None = None
    artist: str | None = None
    language: str | None = None
    octave_is_known: bool = True  # UltraStar's is often arbitrary
    offsets: Offsets = Offsets()
    warnings: tuple[str, ...] = ()  # what was repaired or guessed

    def __post_init__(self) -> None:
        if not self.lines:
            raise ReferenceBroken("There is no line of a song in it: is it the right file?")
        if len(self.notes) > NOTES_AT_MOST:
            raise ReferenceBroken(f"It has {len(self.notes):,} notes, more than the {NOTES_AT_MOST:,} of any song.")
        for line in self.lines:
            _check_line(line)
        for singer in BOTH:
            _check_order((line for line in self.lines if singer in line.singers), "lines of one singer")
        if any(after.start_s < before.start_s for before, after in pairwise(self.lines)):
            raise ReferenceBroken("Its lines are not in the order of their times.")

    @property
    def notes(self) -> tuple[MelodyNote, ...]:
        return tuple(note for line in self.lines for note in line.notes)

    @property
    def duration_s(self) -> float:
        """From the recording's start to the end of the last line."""
        return max(line.end_s for line in self.lines)

    @property
    def has_pitch(self) -> bool:
        return any(note.midi is not None for note in self.notes)

    @property
    def singers(self) -> frozenset[int]:
        return frozenset().union(*(line.singers for line in self.lines))

    def for_singer(self, singer: int) -> "Melody":
        """What one of a duet sings. A solo's singer is 1."""
        if singer not in self.singers:
            raise BadInput(f"Nobody sings part {singer}: this song has {' and '.join(map(str, sorted(self.singers)))}.")
        return replace(self, lines=tuple(line for line in self.lines if singer in line.singers))


def _check_line(line: Line) -> None:
    if not line.singers or not line.singers <= BOTH:
        raise ReferenceBroken(f"The singers of a line are {sorted(line.singers)}: only 1 and 2 are known.")
    _check_span(line)
    _check_order(line.notes, "notes of one line")
    for note in line.notes:
        _check_note(note)
    if line.notes and (line.notes[0].start_s < line.start_s or line.notes[-1].end_s > line.end_s):
        raise ReferenceBroken(f"Notes lie outside of their line, at {line.start_s:.2f} s.")


def _check_note(note: MelodyNote) -> None:
    _check_span(note)
    if note.midi is None:
        return
    low, high = _MIDI_RANGE
    if not note.kind.has_pitch:
        raise ReferenceBroken(f"The {note.kind} note at {note.start_s:.2f} s has a pitch, which could not count.")
    if not low <= note.midi <= high:  # NaN neither
        raise ReferenceBroken(f"The note at {note.start_s:.2f} s has the pitch {note.midi:g}: MIDI goes from 0 to 127.")


def _check_span(span: MelodyNote | Line) -> None:
    if not (math.isfinite(span.start_s) and math.isfinite(span.end_s)):
        raise ReferenceBroken("A time in it is not a number.")
    if not 0 <= span.start_s < span.end_s:
        raise ReferenceBroken(f"It has something from {span.start_s:.2f} s to {span.end_s:.2f} s: no time of a song.")
    if span.end_s > LONGEST_S:
        raise ReferenceBroken(
            f"It goes on until {span.end_s / 60:,.0f} min, and no song is longer than {LONGEST_S / 60:.0f}: check its tempo."
        )


def _check_order(spans: Iterable[MelodyNote | Line], what: str) -> None:
    for before, after in pairwise(spans):
        if after.start_s < before.end_s:
            raise ReferenceBroken(f"Two {what} overlap at {after.start_s:.2f} s.")
