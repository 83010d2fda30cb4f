"""A voice taken out of a mix against the same voice clean: what the ear costs pitch and voicing."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vocalverse.audio.waveform import Samples
from vocalverse.bench.hearing.data import level, read
from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.truth.agreement import Tracked, percent, pooled
from vocalverse.errors import BadInput
from vocalverse.measure.frames import Frames
from vocalverse.measure.pitch.track import Pitch, midi_of
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.records import Progress, no_progress
from vocalverse.separate.ear import Ear
from vocalverse.synthesis.rooms import in_room, room

_RMS = 0.05
_T60_S, _DRR_DB = 0.4, 3.0  # of the room that the backing is played in
_RIGHT_CENTS = 50.0


@dataclass(frozen=True)
class _Found:
    """In a voice out of a mix: what is called sung, and the pitch that would be, whether it is or not."""

    tracked: Tracked
    right: int  # frames that the clean voice is sung in, within 50 cents


@dataclass(frozen=True)
class _Clip:
    blind: _Found  # out of the mix alone
    known: _Found  # where the backing is known


def separated(folder: Path, ear: Ear, tracker: PitchTracker, *, clips: int, progress: Progress = no_progress) -> Table:
    """MIR-1K at 0 dB, so many clips of each singer. What is found in the clean voice is taken for true."""
    singers = _by_singer(folder, clips)
    found: dict[str, list[_Clip]] = {}
    for at, (singer, paths) in enumerate(singers.items()):
        for number, path in enumerate(paths):
            progress("separated voices", (at + number / len(paths)) / len(singers))
            found.setdefault(singer, []).append(_found(path, ear, tracker))
    progress("separated voices", 1.0)
    everybody = list(itertools.chain(*found.values()))
    rows = [Row(singer, _cells([clip.blind for clip in own])) for singer, own in found.items()]
    rows.append(Row("all", _cells([clip.blind for clip in everybody])))
    rows.append(Row("all, the backing known", _cells([clip.known for clip in everybody])))
    columns = [
        Column("raw pitch accuracy, %"),
        Column("voiced and within 50 cents, %"),
        Column("of what both call voiced, within 50 cents, %", 2),
        Column("voice missed, %"),
        Column("voice that is none, %"),
        Column("pitch off, cents"),
    ]
    note = (
        f"{clips} clips of each singer over their backing in a room, equally loud, through the ear and its dereverberation. "
        "Raw as mir_eval has it: whether a frame is called voiced or not."
    )
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


def _found(path: Path, ear: Ear, tracker: PitchTracker) -> _Clip:
    sound = read(path)
    if sound.shape[1] != 2:
        raise BadInput(f"{path} has {sound.shape[1]} channels; the bench reads two: backing and voice.")
    played, voice = (level(sound[:, at], _RMS, path=path) for at in (0, 1))
    backing, clean = (np.repeat(one[:, None], 2, axis=1) for one in (played, voice))
    in_its_room = in_room(played.astype(np.float64), room(_T60_S, _DRR_DB, channels=2))
    mix = clean + level(in_its_room, _RMS, path=path)
    true = tracker.track(Frames.of(clean))
    blind, known = (ear.dereverberate(ear.separate(mix, backing=one)).samples for one in (None, backing))
    return _Clip(_against(true, blind, tracker), _against(true, known, tracker))


def _against(true: Pitch, voice: Samples, tracker: PitchTracker) -> _Found:
    frames = Frames.of(voice)
    followed = tracker.follow(frames)
    sung = np.flatnonzero(true.voiced[: len(frames)])
    cents = 100 * np.abs(midi_of(followed.hz[sung]) - midi_of(true.hz[sung]))
    return _Found(Tracked.of(true, tracker.track(frames)), int((cents <= _RIGHT_CENTS).sum()))


def _cells(found: Sequence[_Found]) -> list[Cell]:
    tracked = pooled([one.tracked for one in found])
    right = int((np.abs(tracked.cents) <= _RIGHT_CENTS).sum())
    return [
        percent(sum(one.right for one in found), tracked.true_voiced),
        percent(right, tracked.true_voiced),
        percent(right, len(tracked.cents)),
        percent(tracked.missed, tracked.true_voiced),
        percent(tracked.false, tracked.unvoiced),
        float(np.median(np.abs(tracked.cents))) if len(tracked.cents) else None,
    ]
