"""Recordings that people name, heard as measures need them: what is loaded for it is loaded once."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from vocalverse.cli.given import heard
from vocalverse.errors import Unavailable, Undecodable
from vocalverse.records import Finding, Measures, Progress, Remark, no_progress

if TYPE_CHECKING:
    from vocalverse.audio.waveform import Samples
    from vocalverse.measure.frames import Heard
    from vocalverse.measure.pitch.tracker import PitchTracker
    from vocalverse.separate.ear import Ear


@dataclass(frozen=True)
class Wanted:
    """What people say of all recordings alike."""

    alone: bool = False  # they are voices alone: nothing is separated
    backing: Path | None = None  # what was played to them
    key_shift: int = 0  # semitones by which it was shifted


@dataclass(frozen=True)
class Listened:
    heard: "Heard"
    recording: Measures  # of the file itself, with what the ear found where there was one
    remarks: tuple[Remark, ...]  # what is odd about the file
    against: tuple[Finding, ...]  # what speaks against judging it, whatever is sung in it


@dataclass(frozen=True)
class Listener:
    tracker: "PitchTracker"
    ear: "Ear | None"
    backing: "Samples | None"
    key_shift: int

    @classmethod
    def open(cls, wanted: Wanted, *, threads: int | None = None) -> Self:
        """`threads`: of the ear; None takes all cores."""
        try:
            from vocalverse.measure.pitch.tracker import PitchTracker

            ear = None if wanted.alone else _open_ear(threads)
            backing = _known(wanted.backing) if wanted.backing else None
            return cls(PitchTracker.open(), ear, backing, wanted.key_shift)
        except ModuleNotFoundError as missing:
            raise Unavailable(f"{missing.name} is not installed: pip install torch 'vocalverse[hear]'.") from missing

    def listen(self, file: Path, progress: Progress = no_progress) -> Listened:
        from vocalverse.assess import hearing
        from vocalverse.audio.quality import measure
        from vocalverse.audio.refusals import Thresholds, refusals, remarks
        from vocalverse.measure.take import hear

        waveform = heard(file, progress=progress)
        recording, mix = measure(waveform), waveform.samples
        noted = remarks(recording, broken_tail=waveform.source.broken_tail, thresholds=Thresholds())
        against = refusals(recording, Thresholds())
        if self.ear is None:
            return Listened(hear(mix, mix, mix, self.tracker), recording, noted, against)
        voice = self.ear.separate(mix, backing=self.backing, key_shift=self.key_shift, progress=progress)
        dry = self.ear.dereverberate(voice, progress=progress)
        noted += hearing.remarks(voice)
        recording = hearing.with_ear(recording, voice, dry)
        return Listened(hear(dry.samples, voice.voice, mix, self.tracker), recording, noted, against)


def _open_ear(threads: int | None) -> "Ear":
    from vocalverse.separate.ear import Ear
    from vocalverse.separate.options import EarOptions
    from vocalverse.settings import data_folder

    return Ear.open(EarOptions(), threads=threads, trials=data_folder() / "trials")


def _known(backing: Path) -> "Samples":
    """Unlike a recording's, its error stands alone and has to say of which file it is."""
    try:
        return heard(backing).samples
    except Undecodable as error:
        raise type(error)(f"--backing {backing}: {error}") from error
