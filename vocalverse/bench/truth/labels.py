"""Hand-labelled notes: what our pitch and our notes are worth beside other people's."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile

from vocalverse.bench.hearing.data import read
from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.truth.agreement import Labelled, held_midi, paired_notes, percent
from vocalverse.bench.truth.peers import NAMES, Found, Peer
from vocalverse.errors import BadInput, Unavailable
from vocalverse.measure.frames import HOP_S, RATE_HZ, Frames, Heard, Signal
from vocalverse.measure.notes import find_notes
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.records import Progress, no_progress

_BESIDE_S = 0.05  # a gap begins that far from a label: their ends are less sure than their pitches
_RIGHT, _ALL_PITCHES = 0.5, 128.0  # semitones

_Of = TypeVar("_Of")


@dataclass(frozen=True)
class Take:
    name: str
    signal: Signal  # at 16 kHz
    notes: Labelled
    held_back: bool  # nobody looked at it while the measures were made


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
        Column("the take's shift removed, %", 2),
        Column("voice found in notes, %"),
        Column("voice found in gaps, %", 2),
    ]
    note = (
        f"{_counted(takes)} The median pitch of each. Some takes are labelled a part of a semitone too high or too low"
        f" all along: the second figure is without that. Gaps begin {1_000 * _BESIDE_S:.0f} ms from any label, and hold"
        f" notes that nobody labelled.{left_out}"
    )
    return Table("Labels: pitch and voicing", "tracker", columns, rows, note)


def _held(sung: Sequence[tuple[Take, Pitch]]) -> list[Cell]:
    off, tuned, there, noted, false, gaps = [], [], 0, 0, 0, 0
    for take, pitch in sung:
        labels = zip(take.notes.start_s, take.notes.end_s, take.notes.midi, strict=True)
        held = np.asarray([(held_midi(pitch, start_s, end_s) or np.nan) - midi for start_s, end_s, midi in labels])
        off.append(held)
        tuned.append(held - np.nanmedian(held))
        at_s = np.arange(len(pitch.hz)) * HOP_S
        inside, near = (_within(at_s, take.notes, beside_s) for beside_s in (0.0, _BESIDE_S))
        gap = ~near & (at_s >= take.notes.start_s[0]) & (at_s < take.notes.end_s[-1])
        there, noted = there + int((inside & pitch.voiced).sum()), noted + int(inside.sum())
        false, gaps = false + int((gap & pitch.voiced).sum()), gaps + int(gap.sum())
    right = [100 * float(np.mean(np.abs(np.concatenate(each)) <= _RIGHT)) for each in (off, tuned)]
    return [*right, percent(there, noted), percent(false, gaps)]


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
    columns = [
        Column(what, 3) for what in ("precision", "recall", "F1", "F1 of onsets", "F1, the take's shift removed")
    ]
    note = (
        f"{_counted(takes)} Onset within 50 ms and pitch within 50 cents, ends left aside; means over takes.{left_out}"
    )
    return Table("Labels: notes", "finder", columns, rows, note)


def _agreed(notes: Sequence[tuple[Take, Labelled]]) -> list[Cell]:
    figures = []
    for take, found in notes:
        pairs, begun = (paired_notes(take.notes, found, semitones=within) for within in (_RIGHT, _ALL_PITCHES))
        off = take.notes.midi[begun.true] - found.midi[begun.found]
        tuned = replace(found, midi=found.midi + (float(np.median(off)) if len(off) else 0.0))
        right = len(pairs.true)
        shares = right / max(len(found), 1), right / max(len(take.notes), 1)
        figures.append((*shares, pairs.f1, begun.f1, paired_notes(take.notes, tuned, semitones=_RIGHT).f1))
    return [float(mean) for mean in np.mean(figures, axis=0)]


def _parts(pairs: Sequence[tuple[Take, _Of]]) -> Sequence[tuple[str, Sequence[tuple[Take, _Of]]]]:
    """Those that the measures were made on, and those held back."""
    held_back = [pair for pair in pairs if pair[0].held_back]
    return ("", [pair for pair in pairs if not pair[0].held_back]), (", held back", held_back)


def _counted(takes: Sequence[Take]) -> str:
    notes = sum(len(take.notes) for take in takes)
    held_back = sum(take.held_back for take in takes)
    return f"{notes:,} notes that people labelled in {len(takes)} takes of SSVD, {held_back} of them held back."
