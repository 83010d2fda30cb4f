"""How much of its song a take sings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.against.align import Aligned
from vocalverse.measure.against.line_search import folded, frame_of
from vocalverse.measure.frames import HOP_S
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.melody import Line, Melody, MelodyNote, NoteKind

_SUNG = 0.5  # of the time of a line's notes
_CONTOUR_SEMITONES = 1.25  # from the line's own height: who sings it out of tune has sung it
_HEIGHT_SEMITONES = 3.0  # the line's own, from the song's key: farther off it is another line

_MOVES_SEMITONES = 0.7  # a standard deviation: a line that moves less may be held
_FOLLOWED = 0.4  # of its steps

Offs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LineCoverage:
    line: int
    start_s: float | None  # in the take; None where it has no place in it
    end_s: float | None
    sung_share: float  # of its notes' time, at about its contour
    sung: bool


@dataclass(frozen=True)
class Coverage:
    share: float  # of lines
    time_share: float  # of their notes' time
    sung: int
    asked: int  # lines of the singers that are heard, of which something counts
    repeated: int  # lines sung once more
    lines: tuple[LineCoverage, ...]


def coverage(aligned: Aligned, melody: Melody, pitch: Pitch) -> Coverage | None:
    """None where the song asks for nothing."""
    lines, asked_s, sung_s = [], 0.0, 0.0
    words_count, midi = not melody.has_pitch, pitch.midi.astype(np.float64)
    for index, line in enumerate(melody.lines):
        counted_s = _counted_s(line, words_count=words_count)
        if not line.singers & aligned.singers or not counted_s:
            continue
        share = _sung_share(aligned, index, line, pitch.voiced, midi)
        place = aligned.lines[index]
        lines.append(LineCoverage(index, place.start_s, place.end_s, share, share >= _SUNG))
        asked_s, sung_s = asked_s + counted_s, sung_s + share * counted_s
    if not lines:
        return None
    sung = sum(line.sung for line in lines)
    return Coverage(sung / len(lines), sung_s / asked_s, sung, len(lines), len(aligned.repeats), tuple(lines))


def _counted_s(line: Line, *, words_count: bool) -> float:
    if words_count:
        return line.end_s - line.start_s
    return sum(note.end_s - note.start_s for note in line.notes if note.kind is not NoteKind.FREESTYLE)


def _sung_share(aligned: Aligned, index: int, line: Line, voiced: npt.NDArray[np.bool_], sung: Offs) -> float:
    shift_s = aligned.lines[index].shift_s
    off: list[Offs] = []
    written: list[Offs] = []
    asked, without_pitch = 0, 0
    spans: Sequence[MelodyNote | Line] = [note for note in line.notes if note.kind is not NoteKind.FREESTYLE] or [line]
    for note in spans:
        start_s, end_s = aligned.take_s(note.start_s, index), aligned.take_s(note.end_s, index)
        if start_s is None or end_s is None:
            return 0.0
        span = slice(max(0, frame_of(start_s + shift_s)), max(0, frame_of(end_s + shift_s)))
        asked += round((end_s - start_s) / HOP_S)
        midi = getattr(note, "midi", None)
        if midi is None:
            without_pitch += int(voiced[span].sum())
        else:
            off.append(sung[span][voiced[span]] - midi - aligned.transposed_semitones)
            written.append(np.full(len(off[-1]), midi))
    along = _at_contour(np.concatenate(off), np.concatenate(written)) if off else 0
    return min(1.0, (without_pitch + along) / max(1, asked))


def _at_contour(off: Offs, written: Offs) -> int:
    """Frames. One note that is held through a line which moves is no singing of it, though it meets some of its notes."""
    if not len(off):
        return 0
    beside = folded(off)
    height = float(np.median(beside))
    if abs(height) > _HEIGHT_SEMITONES:
        return 0
    moves = written - written.mean()
    if moves.std() >= _MOVES_SEMITONES and 1 + (moves * (beside - height)).sum() / (moves**2).sum() < _FOLLOWED:
        return 0
    return int((np.abs(folded(beside - height)) <= _CONTOUR_SEMITONES).sum())
