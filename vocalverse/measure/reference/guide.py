"""A guide vocal as the reference: the notes that were found in somebody's singing."""

from collections.abc import Sequence

from vocalverse.measure.reference.melody import Melody, MelodyNote, Source
from vocalverse.measure.reference.tidy import split_at_rests, tidy


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
