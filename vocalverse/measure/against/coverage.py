"""How much of its song a take sings."""

from collections.abc import Sequence
from dataclasses import dataclass, field

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

_MOVES_SEMITONES = 0.7  # a standard deviation: a line, or a song, that moves less may be held
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
    midi, words_count = pitch.midi.astype(np.float64), not melody.has_pitch
    asked = {
        index: seconds
        for index, line in enumerate(melody.lines)
        if line.singers & aligned.singers and (seconds := _counted_s(line, words_count=words_count))
    }
    if not asked:
        return None
    sung = {index: _sung_in(aligned, index, melody.lines[index], pitch.voiced, midi) for index in asked}
    follows = _follow_song(list(sung.values()))
    lines = []
    for index, one in sung.items():
        place, frames = aligned.lines[index], one.without_pitch + (one.at_contour if follows else 0)
        share = min(1.0, frames / max(1, one.asked))
        lines.append(LineCoverage(index, place.start_s, place.end_s, share, share >= _SUNG))
    whole = sum(line.sung for line in lines)
    time_share = sum(line.sung_share * asked[line.line] for line in lines) / sum(asked.values())
    return Coverage(whole / len(lines), time_share, whole, len(lines), len(aligned.repeats), tuple(lines))


@dataclass(frozen=True)
class _Sung:
    """Of one line, in frames."""

    asked: int = 0
    without_pitch: int = 0  # voiced, where any pitch will do
    off: Offs = field(default_factory=lambda: np.empty(0))  # semitones, where a pitch is written
    written: Offs = field(default_factory=lambda: np.empty(0))

    @property
    def at_contour(self) -> int:
        """Frames."""
        if not len(self.off):
            return 0
        beside = folded(self.off)
        height = float(np.median(beside))
        if abs(height) > _HEIGHT_SEMITONES or not _follows(beside, self.written):
            return 0
        return int((np.abs(folded(beside - height)) <= _CONTOUR_SEMITONES).sum())


def _counted_s(line: Line, *, words_count: bool) -> float:
    if words_count:
        return line.end_s - line.start_s
    return sum(note.end_s - note.start_s for note in line.notes if note.kind is not NoteKind.FREESTYLE)


def _sung_in(aligned: Aligned, index: int, line: Line, voiced: npt.NDArray[np.bool_], sung: Offs) -> _Sung:
    shift_s = aligned.lines[index].shift_s
    off: list[Offs] = [np.empty(0)]
    written: list[Offs] = [np.empty(0)]
    asked, without_pitch = 0, 0
    spans: Sequence[MelodyNote | Line] = [note for note in line.notes if note.kind is not NoteKind.FREESTYLE] or [line]
    for note in spans:
        start_s, end_s = aligned.take_s(note.start_s, index), aligned.take_s(note.end_s, index)
        if start_s is None or end_s is None:
            return _Sung()
        span = slice(max(0, frame_of(start_s + shift_s)), max(0, frame_of(end_s + shift_s)))
        asked += round((end_s - start_s) / HOP_S)
        midi = getattr(note, "midi", None)
        if midi is None:
            without_pitch += int(voiced[span].sum())
        else:
            off.append(sung[span][voiced[span]] - midi - aligned.semitones_in(index))
            written.append(np.full(len(off[-1]), midi))
    return _Sung(asked, without_pitch, np.concatenate(off), np.concatenate(written))


def _follow_song(lines: Sequence[_Sung]) -> bool:
    """Each line by itself: it may be sung in another octave than the one before."""
    heard = [line for line in lines if len(line.off)]
    if not heard:
        return True
    off = np.concatenate([line.off - np.median(line.off) for line in heard])
    return _follows(off, np.concatenate([line.written - line.written.mean() for line in heard]))


def _follows(off: Offs, written: Offs) -> bool:
    """One note that is held through what moves is no singing of it, though it meets some of its notes."""
    moves = written - written.mean()
    if moves.std() < _MOVES_SEMITONES:
        return True
    return bool(1 + (moves * off).sum() / (moves**2).sum() >= _FOLLOWED)
