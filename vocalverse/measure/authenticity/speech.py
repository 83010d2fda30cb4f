"""What talk lacks: a pitch that rests. Talk glides from syllable to syllable, and these are short."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vocalverse.measure.frames import HOP_S, Heard
from vocalverse.measure.free.steady import steady_midi
from vocalverse.measure.notes import Note, syllable_onsets
from vocalverse.measure.reference.melody import Melody

_LONG_NOTE_S = 0.3  # a syllable of talk lasts 0.1 to 0.25


@dataclass(frozen=True)
class Speech:
    """None where nothing is sung."""

    held_share: float | None  # of the voice: a pitch that is held, vibrato or not
    long_notes_share: float | None  # of the notes' time: notes above 0.3 s
    notes_per_s: float | None  # of voice
    syllables: float | None  # how surely one begins, in the mean of the voice: 0 where nothing moves
    asked_share: float  # of the song, by time: rap and what is free; 0 where no song is known


def measure_speech(heard: Heard, notes: Sequence[Note], melody: Melody | None = None) -> Speech:
    voiced = heard.pitch.voiced
    asked = _spoken_share(melody) if melody else 0.0
    lengths_s = np.asarray([note.duration_s for note in notes])
    if not voiced.any() or not len(notes):
        return Speech(None, None, None, None, asked)
    return Speech(
        held_share=float((~np.isnan(steady_midi(heard.pitch))).sum() / voiced.sum()),
        long_notes_share=float(lengths_s[lengths_s > _LONG_NOTE_S].sum() / lengths_s.sum()),
        notes_per_s=float(len(notes) / (voiced.sum() * HOP_S)),
        syllables=float(syllable_onsets(heard.dry)[voiced].mean()),
        asked_share=asked,
    )


def _spoken_share(melody: Melody) -> float:
    """Where only words are known nothing says that they are spoken."""
    if not melody.notes:
        return 0.0
    spoken_s = sum(note.end_s - note.start_s for note in melody.notes if not note.kind.has_pitch)
    return spoken_s / sum(note.end_s - note.start_s for note in melody.notes)
