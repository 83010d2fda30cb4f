"""What is sung: its line in the colours of how well it is in tune, its notes, vibrato and ornaments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.notes import Note
from vocalverse.measure.picture import colours
from vocalverse.measure.picture.glyphs import ornament, swing
from vocalverse.measure.picture.scale import SEMITONE, Scale
from vocalverse.measure.picture.shapes import Box, Curve, Shape, Words, line
from vocalverse.measure.runs import frames_between, runs
from vocalverse.measure.spots import Judged, Spot
from vocalverse.measure.take import Measured

LATE_MS = 100.0  # half of the way to no marks
_LEAP_SEMITONES = 4.0  # from frame to frame: no line leads there
_TOLD_S = 0.25  # a shorter note has no room for its cents
_TALL = 5.2  # of a note
_SPOTS = tuple(Spot)

Frames = npt.NDArray[np.intp]


def voice(measured: Measured, judged: Sequence[Judged], scale: Scale) -> Iterator[Shape]:
    here = [
        (note, one)
        for note, one in zip(measured.notes, judged, strict=True)
        if scale.row.overlaps(note.start_s, note.end_s) and scale.shows(note.midi)
    ]
    for note, one in here:
        left = scale.x(note.start_s)
        width = max(2.0, scale.x(note.end_s) - left - 0.6)
        yield Box(left, scale.y(note.midi) - _TALL / 2, width, _TALL, colours.TINTS[one.spot], rounded=_TALL / 2)
    yield from _line(measured, judged, scale)
    yield from _swings(measured, scale)
    yield from _ornaments(measured, scale)
    for note, one in here:
        yield from _off(measured, note, one, scale)
        yield from _late(note, one, scale)


def _line(measured: Measured, judged: Sequence[Judged], scale: Scale) -> Iterator[Shape]:
    """Of all that is sung, its notes or not."""
    count = len(measured.pitch.voiced)
    here = frames_between(scale.row.start_s, scale.row.end_s + HOP_S, count=count)
    midi = measured.pitch.midi[here].astype(np.float64)
    spots = np.full(count, _SPOTS.index(Spot.FREE))
    for note, one in zip(measured.notes, judged, strict=True):
        spots[frames_between(note.start_s, note.end_s, count=count)] = _SPOTS.index(one.spot)
    shown = (midi >= scale.row.low_midi - 0.5) & (midi <= scale.row.high_midi + 0.5)
    for run in runs(shown):
        for piece in _pieces(midi, spots[here], run):
            x = scale.left + ((here.start + piece.frames) * HOP_S - scale.row.start_s) * scale.second
            y = scale.top + (scale.row.high_midi + 0.5 - midi[piece.frames]) * SEMITONE
            yield Curve(np.stack([x, y], axis=1), colours.SPOTS[piece.spot], 1.8)


@dataclass(frozen=True)
class _Piece:
    frames: Frames
    spot: Spot


def _pieces(midi: npt.NDArray[np.float64], spots: Frames, run: range) -> Iterator[_Piece]:
    """Of one colour each, and without a leap. One leads on to where the next begins."""
    leaps = np.abs(np.diff(midi[run.start : run.stop])) > _LEAP_SEMITONES
    changes = np.diff(spots[run.start : run.stop]) != 0
    cuts = [run.start, *(run.start + 1 + np.flatnonzero(leaps | changes)).tolist(), run.stop]
    for start, stop in pairwise(cuts):
        leads_on = stop < run.stop and not leaps[stop - 1 - run.start]
        if stop + leads_on - start > 1:
            yield _Piece(np.arange(start, stop + leads_on), _SPOTS[spots[start]])


def _swings(measured: Measured, scale: Scale) -> Iterator[Shape]:
    for passage in measured.vibrato.passages:
        if scale.row.overlaps(passage.start_s, passage.end_s):
            y = scale.y(measured.notes[passage.note].midi + passage.extent_cents / 100) - 9
            turns = max(1.0, passage.duration_s * passage.rate_hz)
            yield swing(scale.x(passage.start_s), scale.x(passage.end_s), y, turns)


def _ornaments(measured: Measured, scale: Scale) -> Iterator[Shape]:
    for one in measured.ornaments:
        if scale.row.overlaps(one.start_s, one.end_s):
            yield ornament(one.kind, scale.x((one.start_s + one.end_s) / 2), scale.bottom - 3)


def _off(measured: Measured, note: Note, judged: Judged, scale: Scale) -> Iterator[Shape]:
    """By how many cents, above a note that is sharp and below one that is flat."""
    if judged.spot is not Spot.OFF or judged.cents is None or note.duration_s < _TOLD_S:
        return
    sung = measured.pitch.midi[frames_between(note.start_s, note.end_s, count=len(measured.pitch.voiced))]
    under = min(scale.y(float(np.nanmin(sung))) + 11, scale.bottom - 2)
    y = under if judged.cents < 0 else max(scale.y(float(np.nanmax(sung))) - 5, scale.top + 8)
    yield Words(scale.x((note.start_s + note.end_s) / 2), y, f"{judged.cents:+.0f}", 8.5, colours.OFF, "middle")


def _late(note: Note, judged: Judged, scale: Scale) -> Iterator[Shape]:
    """From where it was due to where it began."""
    if judged.late_ms is None or abs(judged.late_ms) < LATE_MS:
        return
    due, begun, y = scale.x(note.start_s - judged.late_ms / 1_000), scale.x(note.start_s), scale.y(note.midi)
    yield line(due, y, begun, y, colours.OFF, 1.4)
    yield line(due, y - 4, due, y + 4, colours.OFF, 1.4)
