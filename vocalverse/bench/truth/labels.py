"""Hand-labelled notes: what our pitch and our notes are worth beside other people's."""

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import soundfile

from vocalverse.bench.hearing.data import read
from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.truth.agreement import Labelled, Values, held_midi, paired_notes, percent
from vocalverse.bench.truth.peers import NAMES, Found, Peer
from vocalverse.errors import BadInput, Unavailable
from vocalverse.measure.frames import HOP_S, RATE_HZ, Frames, Heard, Signal
from vocalverse.measure.notes import find_notes
from vocalverse.measure.pitch.second import second_opinion
from vocalverse.measure.pitch.track import Pitch, hz_of, midi_of
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.records import Progress, no_progress

_BESIDE_S = 0.05  # a gap begins that far from a label: their ends are less sure than their pitches
_RIGHT, _ALL_PITCHES = 0.5, 128.0  # semitones
# SSVD's pitches are bins of a spectrum, 44,100 / 8,192 Hz wide, and lie half a bin to a whole one too high, which a take
# has all along. That is found by WORLD, which is none of those compared.
_HALF_BIN_HZ = 44_100 / 8_192 / 2
_MOST_SHIFT_HZ = 25.0

_Of = TypeVar("_Of")


@dataclass(frozen=True)
class Take:
    name: str
    signal: Signal  # at 16 kHz
    notes: Labelled
    held_back: bool  # nobody looked at it while the measures were made

    @cached_property
    def world_hz(self) -> Values:
        """[notes] as WORLD hears them, not a number where it does not."""
        return _held_hz(second_opinion(Frames.of_signal(self.signal)), self.notes)

    @cached_property
    def placed(self) -> Labelled:
        """The labels without what the whole take is labelled too high by."""
        hz = hz_of(self.notes.midi)
        off_hz = self.world_hz - hz
        near = off_hz[np.abs(off_hz) < _MOST_SHIFT_HZ]
        return replace(self.notes, midi=midi_of(np.maximum(hz + (np.median(near) if len(near) else 0), 1.0)))


def labelled_takes(folder: Path, count: int | None = None) -> Sequence[Take]:
    """SSVD's; of every two, one is held back. `count`: of the first ones."""
    paths = sorted(folder.glob("*.opus"))
    if not paths:
        raise BadInput(f"There are no .opus takes in {folder}, each with its labels in a .txt beside it.")
    return [_take(path, held_back=at % 2 == 1) for at, path in enumerate(paths[:count])]


def _take(path: Path, *, held_back: bool) -> Take:
    labels = path.with_suffix(".txt")
    try:
        lines = [line.split() for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
        notes = [(float(start_s), float(end_s), float(midi)) for start_s, end_s, midi in lines]
    except (OSError, ValueError) as error:
        raise BadInput(f"{labels} holds no labels, lines of onset, offset and MIDI pitch: {error}") from error
    if not notes:
        raise BadInput(f"{labels} is empty: nobody labelled a note of {path.name}.")
    return Take(path.stem, Frames.of(read(path)).samples, Labelled.of(notes), held_back)


def labelled(
    takes: Sequence[Take], tracker: PitchTracker, peers: Sequence[Peer], *, progress: Progress = no_progress
) -> Iterator[Table]:
    found: dict[str, Sequence[Found]] = {"ours": list(_ours(takes, tracker, progress))}
    silent = [f"{name} (not installed)" for name in NAMES.values() if name not in {peer.name for peer in peers}]
    with tempfile.TemporaryDirectory() as place:
        waves = [_written(take, Path(place)) for take in takes]
        for at, peer in enumerate(peers):
            progress("labels, peers", at / len(peers))
            try:
                found[peer.name] = list(peer.hear(waves))
            except Unavailable as trouble:
                silent.append(f"{peer.name} ({trouble})")
    progress("labels, peers", 1.0)
    left_out = f" Not to be had here: {', '.join(silent)}." if silent else ""
    yield _pitches(takes, found, left_out)
    yield _notes(takes, found, left_out)


def _ours(takes: Sequence[Take], tracker: PitchTracker, progress: Progress) -> Iterator[Found]:
    for at, take in enumerate(takes):
        progress("labels", at / len(takes))
        frames = Frames.of_signal(take.signal)
        heard = Heard(frames, frames, frames, tracker.track(frames))
        yield Found(heard.pitch, Labelled.of([(note.start_s, note.end_s, note.midi) for note in find_notes(heard)]))
    progress("labels", 1.0)


def _written(take: Take, folder: Path) -> Path:
    path = folder / f"{take.name}.wav"
    soundfile.write(path, take.signal, RATE_HZ, subtype="PCM_16")
    return path


def _pitches(takes: Sequence[Take], found: Mapping[str, Sequence[Found]], left_out: str) -> Table:
    rows = []
    for name, each in found.items():
        sung = [(take, one.pitch) for take, one in zip(takes, each, strict=True) if one.pitch is not None]
        rows += [Row(f"{name}{whose}", _held(part)) for whose, part in _parts(sung) if part]
    columns = [
        Column("notes within half a semitone, %", 2),
        Column("labels put right, %", 2),
        Column("those that WORLD confirms, %", 2),
        Column("voice found in notes, %"),
        Column("voice found in gaps, %", 2),
    ]
    note = (
        f"{_counted(takes)} The median pitch of each. Labels put right: they are bins of a spectrum, 5.4 Hz wide, and"
        " in whole takes too high by up to a bin, as WORLD hears it; half a bin is allowed. Some are an octave or more"
        f" away: the third figure leaves out what WORLD hears elsewhere. Gaps begin {1_000 * _BESIDE_S:.0f} ms from any"
        f" label, and hold notes that nobody labelled.{left_out}"
    )
    return Table("Labels: pitch and voicing", "tracker", columns, rows, note)


def _held(sung: Sequence[tuple[Take, Pitch]]) -> list[Cell]:
    right, placed, confirmed = [], [], []
    there, noted, false, gaps = 0, 0, 0, 0
    for take, pitch in sung:
        hz = _held_hz(pitch, take.notes)
        right.append(np.abs(midi_of(hz) - take.notes.midi) <= _RIGHT)
        placed.append(_at_label(hz, take.placed))
        confirmed.append(_at_label(take.world_hz, take.placed))
        at_s = np.arange(len(pitch.hz)) * HOP_S
        inside, near = (_within(at_s, take.notes, beside_s) for beside_s in (0.0, _BESIDE_S))
        gap = ~near & (at_s >= take.notes.start_s[0]) & (at_s < take.notes.end_s[-1])
        there, noted = there + int((inside & pitch.voiced).sum()), noted + int(inside.sum())
        false, gaps = false + int((gap & pitch.voiced).sum()), gaps + int(gap.sum())
    all_right, all_placed, all_confirmed = (np.concatenate(each) for each in (right, placed, confirmed))
    return [
        percent(int(all_right.sum()), len(all_right)),
        percent(int(all_placed.sum()), len(all_placed)),
        percent(int((all_placed & all_confirmed).sum()), int(all_confirmed.sum())),
        percent(there, noted),
        percent(false, gaps),
    ]


def _held_hz(pitch: Pitch, notes: Labelled) -> Values:
    """[notes]: the median pitch within each, not a number where none is found."""
    held = [held_midi(pitch, *span) for span in zip(notes.start_s, notes.end_s, strict=True)]
    return np.asarray([math.nan if midi is None else hz_of(midi) for midi in held], np.float64)


def _at_label(hz: Values, labels: Labelled) -> npt.NDArray[np.bool_]:
    """[notes]: whether each lies within half a semitone of its label, which may be half a bin off."""
    label_hz = hz_of(labels.midi)
    allowed_hz = label_hz * (2 ** (_RIGHT / 12) - 1) + _HALF_BIN_HZ
    return np.abs(hz - label_hz) <= allowed_hz


def _within(at_s: np.ndarray, notes: Labelled, beside_s: float) -> np.ndarray:
    """[moments]: whether they lie in a note, or that near to one."""
    within = np.zeros(len(at_s), np.bool_)
    for start_s, end_s in zip(notes.start_s - beside_s, notes.end_s + beside_s, strict=True):
        within[np.searchsorted(at_s, start_s) : np.searchsorted(at_s, end_s)] = True
    return within


def _notes(takes: Sequence[Take], found: Mapping[str, Sequence[Found]], left_out: str) -> Table:
    rows = []
    for name, each in found.items():
        notes = [(take, one.notes) for take, one in zip(takes, each, strict=True)]
        plain = "" if name in ("ours", NAMES["basic_pitch"]) else ", cut where its semitone changes"
        rows += [Row(f"{name}{plain}{whose}", _agreed(part)) for whose, part in _parts(notes) if part]
    columns = [Column(what, 3) for what in ("precision", "recall", "F1", "F1 of onsets", "F1, labels put right")]
    note = (
        f"{_counted(takes)} Onset within 50 ms and pitch within 50 cents, ends left aside; means over takes.{left_out}"
    )
    return Table("Labels: notes", "finder", columns, rows, note)


def _agreed(notes: Sequence[tuple[Take, Labelled]]) -> list[Cell]:
    figures = []
    for take, found in notes:
        pairs, begun = (paired_notes(take.notes, found, semitones=within) for within in (_RIGHT, _ALL_PITCHES))
        right = len(pairs.true)
        shares = right / max(len(found), 1), right / max(len(take.notes), 1)
        figures.append((*shares, pairs.f1, begun.f1, paired_notes(take.placed, found, semitones=_RIGHT).f1))
    return [float(mean) for mean in np.mean(figures, axis=0)]


def _parts(pairs: Sequence[tuple[Take, _Of]]) -> Sequence[tuple[str, Sequence[tuple[Take, _Of]]]]:
    """Those that the measures were made on, and those held back."""
    held_back = [pair for pair in pairs if pair[0].held_back]
    return ("", [pair for pair in pairs if not pair[0].held_back]), (", held back", held_back)


def _counted(takes: Sequence[Take]) -> str:
    notes = sum(len(take.notes) for take in takes)
    held_back = sum(take.held_back for take in takes)
    return f"{notes:,} notes that people labelled in {len(takes)} takes of SSVD, {held_back} of them held back."
