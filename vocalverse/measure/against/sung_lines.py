"""What is sung where a song's lines belong in a take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vocalverse.measure.against.line_search import CLASSES, folded, frame_of
from vocalverse.measure.against.sections import Section, section_at
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.melody import Line, Melody, MelodyNote, NoteKind

_RIGHT_SEMITONES = 1.0
_FOUND = 0.4  # of a line's notes right: by chance, in the luckiest place, it is less
_OWN_SHIFT_S = 0.5  # more is no singer's: the line is somewhere else then

Offs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SungLine:
    """Without a start, a line has no place in the take: left out with those around it, or another singer's."""

    start_s: float | None = None  # in the take, by the clock of its section
    end_s: float | None = None
    section: int | None = None
    shift_s: float = 0.0  # how much later it fits best
    found: bool = False
    voiced_share: float = 0.0  # of its notes' time
    right_share: float = 0.0  # within a semitone, in any octave
    octave: int | None = None  # sung this much higher than written


@dataclass(frozen=True)
class Against:
    """A line, and how far from its notes what is sung there is."""

    line: SungLine
    frames: int  # that its notes have; of songs without pitches, the line
    voiced: int
    off: Offs  # semitones, in frames that are sung and have a pitch to be held against

    def told(self, key: float) -> SungLine:
        if self.line.section is None or not self.frames:
            return self.line
        right = int((np.abs(folded(self.off - key)) <= _RIGHT_SEMITONES).sum()) if len(self.off) else self.voiced
        octave = int(np.median(np.rint((self.off - key) / CLASSES))) if len(self.off) else None
        share = right / self.frames
        return replace(self.line, found=share >= _FOUND, right_share=share, octave=octave)


def sing_along(
    pitch: Pitch,
    melody: Melody,
    sections: Sequence[Section],
    tempo_ratio: float,
    lags_s: Mapping[int, float],
    *,
    singers: frozenset[int],
) -> tuple[Against, ...]:
    """One for each line, empty for lines of others. `lags_s` tells where lines fit best, by their numbers."""
    midi = pitch.midi
    lines = []
    for index, line in enumerate(melody.lines):
        number = section_at(sections, index)
        if number is None or not line.singers & singers:
            lines.append(Against(SungLine(), 0, 0, np.empty(0)))
            continue
        latency_s = sections[number].latency_s
        middle_s = (line.start_s + line.end_s) / 2
        by_clock_s = latency_s + (tempo_ratio - 1) * middle_s
        shift_s = lags_s.get(index, by_clock_s) - by_clock_s
        shift_s = shift_s if abs(shift_s) <= _OWN_SHIFT_S else 0.0
        place = SungLine(
            start_s=latency_s + tempo_ratio * line.start_s,
            end_s=latency_s + tempo_ratio * line.end_s,
            section=number,
            shift_s=shift_s,
        )
        lines.append(_against(place, midi, line, latency_s + shift_s, tempo_ratio))
    return tuple(lines)


def _against(place: SungLine, midi: npt.NDArray[np.float32], line: Line, lag_s: float, tempo_ratio: float) -> Against:
    asked = voiced = 0
    off: list[Offs] = []
    spans: Sequence[MelodyNote | Line] = [note for note in line.notes if note.kind is not NoteKind.FREESTYLE] or [line]
    for span in spans:
        start, end = (frame_of(lag_s + tempo_ratio * at_s) for at_s in (span.start_s, span.end_s))
        sung = midi[max(0, start) : max(0, end)]
        sung = sung[~np.isnan(sung)]
        asked, voiced = asked + end - start, voiced + len(sung)
        written = getattr(span, "midi", None)
        if written is not None:
            off.append(sung.astype(np.float64) - written)
    share = voiced / max(1, asked)
    return Against(replace(place, voiced_share=share), asked, voiced, np.concatenate(off) if off else np.empty(0))
