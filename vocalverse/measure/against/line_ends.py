"""Whether the last notes of a song's lines are held as long as they are written."""

from dataclasses import dataclass

import numpy as np

from vocalverse.measure.against.align import Aligned
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.melody import Melody, NoteKind
from vocalverse.measure.runs import frames_between

_LEAST_S = 0.3  # a shorter one is let go by everybody


@dataclass(frozen=True)
class LineEnd:
    line: int
    start_s: float  # of its last note, as this line is sung
    end_s: float
    sung_share: float  # of it


def line_ends(aligned: Aligned, melody: Melody, pitch: Pitch) -> tuple[LineEnd, ...]:
    """Of the lines that are sung and end with a note long enough."""
    found = []
    for index, (line, sung) in enumerate(zip(melody.lines, aligned.lines, strict=True)):
        if not sung.found or not line.notes or line.notes[-1].kind is NoteKind.FREESTYLE:
            continue
        start_s, end_s = (aligned.sung_s(at_s, index) for at_s in (line.notes[-1].start_s, line.notes[-1].end_s))
        if start_s is None or end_s is None or end_s - start_s < _LEAST_S:
            continue
        voiced = pitch.voiced[frames_between(start_s, end_s, count=len(pitch.voiced))]
        if len(voiced):
            found.append(LineEnd(index, start_s, end_s, float(np.mean(voiced))))
    return tuple(found)
