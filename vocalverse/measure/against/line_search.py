"""Where the lines of a melody lie in a take: the best way through all of them at once, in one key.

A line may be anywhere. Two that follow each other are mostly as far apart as in the song; what goes on elsewhere is paid
for with seconds of right singing, so that no line jumps to wherever a few of its notes happen to fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.melody import Line, NoteKind

CLASSES = 12
VOICE = CLASSES  # the row for what is to be voiced, at whatever pitch
# Semitones off: right, and as wrong as can be. Between, it falls from 1 to -1/2: by chance one frame in six is right,
# so that what is sung to another melody comes out below nought.
_RIGHT, _WRONG = 0.5, 1.5
_WRONG_IS = -0.5
_BEND = 0.03  # of the time between two lines: what a drifting tempo moves them,
_BEND_S = 0.1  # and what a singer does
_BEND_COSTS_S = 0.3
_JUMP_COSTS_S = 5.0  # more than what the luckiest place of one line brings
_FAR_COSTS_S = 3.0
NEAR_S = 2.0  # microphones and screens delay by less
_STEP = 10  # frames
_WORK = 3e7  # additions for one key
_WAY = 8  # of them for each line, to find its way

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Sought:
    """Notes of a line, in frames of the song."""

    start: int
    end: int
    spans: tuple[tuple[int, int, int], ...]  # start, end, pitch class or any voice

    @property
    def asked_s(self) -> float:
        return sum(end - start for start, end, _ in self.spans) * HOP_S


@dataclass(frozen=True)
class Grid:
    """Lags that are tried, in frames: how much later a line is in the take than in the song."""

    first: int
    step: int
    count: int

    @classmethod
    def of(cls, frames: int, lines: Sequence[Sought]) -> "Grid":
        """All that there are, in larger steps where a chart is huge."""
        longest = max(line.end for line in lines)
        each = sum(len(line.spans) + _WAY for line in lines)
        step = max(_STEP, int(np.ceil((longest + frames) * each / _WORK)))
        return cls(-longest, step, (longest + frames) // step + 1)

    @property
    def lags_s(self) -> npt.NDArray[np.float64]:
        return (self.first + self.step * np.arange(self.count)).astype(np.float64) * HOP_S


@dataclass(frozen=True)
class Way:
    total_s: float  # seconds of right singing, wrong ones and jumps subtracted
    lags: Ints  # [lines], index in the grid, -1 where a line is not sung


@dataclass(frozen=True)
class _Table:
    sung: Floats  # [lines, lags]: the best way on which this line is sung there
    at: Floats  # [lines, lags]: or passed over there
    jumped: npt.NDArray[np.bool_]


def sought(line: Line, *, any_pitch: bool) -> Sought:
    """`any_pitch` for songs of which only the words are known."""
    spans = []
    for note in line.notes:
        if note.kind is NoteKind.FREESTYLE and not any_pitch:
            continue
        row = VOICE if note.midi is None else round(note.midi) % CLASSES
        spans.append((frame_of(note.start_s), frame_of(note.end_s), row))
    start, end = frame_of(line.start_s), frame_of(line.end_s)
    if any_pitch and not spans:
        spans.append((start, end, VOICE))
    return Sought(start, end, tuple(spans))


def upside_down(line: Sought) -> Sought:
    """The same rhythm with each step the other way: what of it fits fits by chance."""
    spans = ((start, end, row if row == VOICE else -row % CLASSES) for start, end, row in line.spans)
    return replace(line, spans=tuple(spans))


def frame_of(at_s: float) -> int:
    return round(at_s / HOP_S)


def likeness(pitch: Pitch) -> Floats:
    """[13, frames + 1]: how well each pitch class fits, summed up to each frame, in seconds."""
    midi = np.where(pitch.voiced, pitch.midi, 0)
    off = np.abs(folded(midi - np.arange(CLASSES)[:, None]))
    like = np.interp(off, (_RIGHT, _WRONG), (1.0, _WRONG_IS)) * pitch.voiced
    voice = pitch.voiced - pitch.voiced.mean()
    return np.pad(np.cumsum(np.vstack([like, voice]) * HOP_S, axis=1), ((0, 0), (1, 0))).astype(np.float32)


def folded(semitones: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Octaves taken out, to -6 … 6."""
    values = np.asarray(semitones, np.float64)
    off: npt.NDArray[np.float64] = values - 12 * np.rint(values / 12)
    return off


def on_grid(like: Floats, grid: Grid) -> Floats:
    """[13, places in a step, steps]: the sums from which `gains` reads runs; beyond the take they stand still."""
    reach = -grid.first
    steps = (like.shape[1] + 2 * reach) // grid.step + 2
    padded = np.pad(like, ((0, 0), (reach, steps * grid.step - reach - like.shape[1])), mode="edge")
    return np.ascontiguousarray(padded.reshape(len(like), steps, grid.step).transpose(0, 2, 1))


def gains(sums: Floats, lines: Sequence[Sought], grid: Grid, key: int) -> Floats:
    """[lines, lags], seconds."""
    found = np.zeros((len(lines), grid.count), np.float32)
    for index, line in enumerate(lines):
        for start, end, row in line.spans:
            of_row = sums[row if row == VOICE else (row + key) % CLASSES]
            found[index] += _run(of_row, end, grid)
            found[index] -= _run(of_row, start, grid)
    return found


def _run(sums: Floats, at: int, grid: Grid) -> Floats:
    steps, place = divmod(at, grid.step)
    return sums[place, steps : steps + grid.count]


def best_way(gain_s: Floats, lines: Sequence[Sought], grid: Grid) -> Way:
    table = _filled(gain_s, lines, grid)
    return Way(float(table.at[-1].max()), _back(table, lines, grid))


def _filled(gain_s: Floats, lines: Sequence[Sought], grid: Grid) -> _Table:
    table = _Table(np.empty_like(gain_s), np.empty_like(gain_s), np.zeros(gain_s.shape, np.bool_))
    before = _before(grid)
    # The best way that has sung nothing after this place of the take: a jump goes on from there, never back.
    reached = np.zeros(grid.count + max(line.end for line in lines) // grid.step + 2, np.float32)
    for index, line in enumerate(lines):
        going_on = _bent(before, _window(lines, index, grid))
        start, end = line.start // grid.step, line.end // grid.step
        jumping = reached[start : start + grid.count] - _JUMP_COSTS_S
        table.jumped[index] = jumping > going_on
        table.sung[index] = gain_s[index] + np.maximum(going_on, jumping)
        table.at[index] = np.maximum(table.sung[index], going_on)
        place = reached[end : end + grid.count]
        np.maximum(place, table.sung[index], out=place)
        np.maximum.accumulate(reached, out=reached)
        before = table.at[index]
    return table


def _before(grid: Grid) -> Floats:
    return np.where(np.abs(grid.lags_s) <= NEAR_S, 0, -_FAR_COSTS_S).astype(np.float32)


def _window(lines: Sequence[Sought], index: int, grid: Grid) -> int:
    between_s = (lines[index].start - lines[max(0, index - 1)].start) * HOP_S
    return int(np.ceil((_BEND_S + _BEND * between_s) / (grid.step * HOP_S)))


def _bent(before: Floats, window: int) -> Floats:
    around: Floats = maximum_filter1d(before, 2 * window + 1)
    bent: Floats = np.maximum(before, around - np.float32(_BEND_COSTS_S))
    return bent


def _back(table: _Table, lines: Sequence[Sought], grid: Grid) -> Ints:
    lags = np.full(len(lines), -1, np.intp)
    index, lag = len(lines) - 1, int(table.at[-1].argmax())
    jumped_here = False
    while index >= 0:
        sung = jumped_here or bool(table.sung[index, lag] >= table.at[index, lag])
        if sung:
            lags[index] = lag
        jumped_here = sung and bool(table.jumped[index, lag])
        if jumped_here:
            index, lag = _jumped_from(table, lines, grid, index, lag)
            continue
        before = table.at[index - 1] if index else _before(grid)
        lag = _bent_from(before, lag, _window(lines, index, grid))
        index -= 1
    return lags


def _bent_from(before: Floats, lag: int, window: int) -> int:
    first = max(0, lag - window)
    best = first + int(before[first : lag + window + 1].argmax())
    return best if before[best] - np.float32(_BEND_COSTS_S) > before[lag] else lag


def _jumped_from(table: _Table, lines: Sequence[Sought], grid: Grid, index: int, lag: int) -> tuple[int, int]:
    """Line and lag; line -1 where nothing was sung before."""
    start = lag + lines[index].start // grid.step
    best, found = 0.0, (-1, 0)
    for earlier in range(index):
        ways = table.sung[earlier, : max(0, start - lines[earlier].end // grid.step + 1)]
        if len(ways) and ways.max() > best:
            best, found = float(ways.max()), (earlier, int(ways.argmax()))
    return found
