"""A voice taken out of a mix against the same voice clean: what the ear costs pitch and voicing."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vocalverse.bench.hearing.data import level, read
from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.truth.agreement import Tracked, percent, pooled
from vocalverse.errors import BadInput
from vocalverse.measure.frames import Frames
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.records import Progress, no_progress
from vocalverse.separate.ear import Ear

_RMS = 0.05
_RIGHT_CENTS = 50.0


def separated(folder: Path, ear: Ear, tracker: PitchTracker, *, clips: int, progress: Progress = no_progress) -> Table:
    """MIR-1K at 0 dB, so many clips of each singer. What is found in the clean voice is taken for true."""
    singers = _by_singer(folder, clips)
    found: dict[str, list[Tracked]] = {}
    for at, (singer, paths) in enumerate(singers.items()):
        for number, path in enumerate(paths):
            progress("separated voices", (at + number / len(paths)) / len(singers))
            found.setdefault(singer, []).append(_tracked(path, ear, tracker))
    progress("separated voices", 1.0)
    rows = [Row(singer, _cells(pooled(clips_of))) for singer, clips_of in found.items()]
    rows.append(Row("all", _cells(pooled(list(itertools.chain(*found.values()))))))
    columns = [
        Column("voiced and within 50 cents, %"),
        Column("of what both call voiced, within 50 cents, %", 2),
        Column("voice missed, %"),
        Column("voice that is none, %"),
        Column("pitch off, cents"),
    ]
    note = f"{clips} clips of each singer, voice and backing equally loud, through the ear and its dereverberation."
    return Table("Labels: pitch of a voice out of a mix against the same voice clean", "singer", columns, rows, note)


def _by_singer(folder: Path, clips: int) -> dict[str, Sequence[Path]]:
    """Clips from all over each singer's songs."""
    paths = sorted(folder.glob("*.opus"))
    if not paths:
        raise BadInput(f"There are no .opus clips in {folder}: left the backing, right the voice.")
    singers: dict[str, list[Path]] = {}
    for path in paths:
        singers.setdefault(path.stem.partition("_")[0], []).append(path)
    return {singer: own[:: -(-len(own) // clips)] for singer, own in singers.items()}


def _tracked(path: Path, ear: Ear, tracker: PitchTracker) -> Tracked:
    sound = read(path)
    if sound.shape[1] != 2:
        raise BadInput(f"{path} has {sound.shape[1]} channels; the bench reads two: backing and voice.")
    backing, voice = (np.repeat(level(sound[:, at], _RMS, path=path)[:, None], 2, axis=1) for at in (0, 1))
    dry = ear.dereverberate(ear.separate(backing + voice))
    clean, heard = (tracker.track(Frames.of(samples)) for samples in (voice, dry.samples))
    return Tracked.of(clean, heard)


def _cells(tracked: Tracked) -> list[Cell]:
    right = int((np.abs(tracked.cents) <= _RIGHT_CENTS).sum())
    return [
        percent(right, tracked.true_voiced),
        percent(right, len(tracked.cents)),
        percent(tracked.missed, tracked.true_voiced),
        percent(tracked.false, tracked.unvoiced),
        float(np.median(np.abs(tracked.cents))) if len(tracked.cents) else None,
    ]
