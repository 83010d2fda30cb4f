"""A guide vocal as the reference: the notes that were found in somebody's singing, and how the voice moves in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.frames import HOP_S, Floats, Heard
from vocalverse.measure.notes import find_notes
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.melody import Melody, MelodyNote, Source
from vocalverse.measure.reference.tidy import split_at_rests, tidy

_SUNG_AT_LEAST_S = 5.0
_NOTES_AT_LEAST = 8


@dataclass(frozen=True)
class Contour:
    midi: Floats  # [frames], every 10 ms from the guide's start; not a number where nobody sings

    @classmethod
    def of(cls, pitch: Pitch) -> "Contour":
        return cls(pitch.midi)


@dataclass(frozen=True)
class Guide:
    melody: Melody
    contour: Contour  # in the time of the melody


def guide_of(heard: Heard, *, name: str = "the guide vocal") -> Guide:
    """Raises ReferenceBroken where hardly anybody sings."""
    sung_s = float(heard.pitch.voiced.sum()) * HOP_S
    notes = find_notes(heard)
    if sung_s < _SUNG_AT_LEAST_S or len(notes) < _NOTES_AT_LEAST:
        raise ReferenceBroken(
            f"{name}: only {sung_s:.1f} s and {len(notes)} notes of singing are heard in it. A guide vocal has at least "
            f"{_SUNG_AT_LEAST_S:.0f} s and {_NOTES_AT_LEAST} notes: is it the right file?"
        )
    melody = from_notes([MelodyNote(note.start_s, note.end_s, round(note.midi, 3)) for note in notes])
    return Guide(melody, Contour.of(heard.pitch))


def from_notes(
    notes: Sequence[MelodyNote], *, title: str | None = None, artist: str | None = None, language: str | None = None
) -> Melody:
    """Lines are its phrases, split at rests. The octave is the guide singer's, and so it is known."""
    tidied = tidy(split_at_rests(sorted(notes, key=lambda note: note.start_s)))
    return Melody(
        lines=tidied.lines,
        source=Source.GUIDE,
        title=title,
        artist=artist,
        language=language,
        warnings=tidied.warnings,
    )
