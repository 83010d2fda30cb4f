"""The way of one recording through `vocalverse measure`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from vocalverse.cli.listener import Listener, Wanted
from vocalverse.errors import VocalVerseError
from vocalverse.records import Measures, Progress, Remark, no_progress

if TYPE_CHECKING:
    from vocalverse.assess.song import KnownSong
    from vocalverse.measure.take import Measured
    from vocalverse.prescreen.judge import Prescreened
    from vocalverse.prescreen.rules import Rules


@dataclass(frozen=True)
class Take:
    """A recording, and where what is drawn and written of it goes."""

    source: Path
    picture: Path | None = None  # PNG or SVG
    notes: Path | None = None
    f0: Path | None = None

    @property
    def files(self) -> Mapping[str, Path]:
        named = {"picture": self.picture, "notes": self.notes, "f0": self.f0}
        return {name: path for name, path in named.items() if path}


@dataclass(frozen=True)
class Found:
    """What a recording says."""

    measured: "Measured"
    recording: Measures  # of the file itself
    remarks: tuple[Remark, ...]  # what is odd about the file
    prescreened: "Prescreened"


@dataclass(frozen=True)
class Done:
    """What became of a recording."""

    take: Take
    took_s: float
    found: Found | None = None
    failed: VocalVerseError | None = None


@dataclass(frozen=True)
class Kit:
    """What is loaded once for all recordings. Called with one of them."""

    listener: Listener
    song: "KnownSong | None"
    rules: "Rules"

    @classmethod
    def open(cls, wanted: Wanted, song: "KnownSong | None", rules: "Rules", *, threads: int | None = None) -> Self:
        return cls(Listener.open(wanted, threads=threads), song, rules)

    def __call__(self, take: Take, progress: Progress = no_progress) -> Done:
        """Whatever is wrong with the recording is told in what is returned; the others are not to suffer."""
        began = time.monotonic()
        try:
            found = self._find(take.source, progress)
            _write(take, found)
        except VocalVerseError as error:
            return Done(take, time.monotonic() - began, failed=error)
        return Done(take, time.monotonic() - began, found)

    def _find(self, file: Path, progress: Progress) -> Found:
        from vocalverse.measure.take import measure_take
        from vocalverse.prescreen.evidence import evidence
        from vocalverse.prescreen.judge import prescreen, refused_before

        listened = self.listener.listen(file, progress)
        recording = listened.recording
        progress("measure", 0.0)
        melody, guide = (self.song.melody, self.song.guide) if self.song else (None, None)
        measured = measure_take(listened.heard, melody, guide=guide)
        judged = refused_before(prescreen(evidence(measured, recording), self.rules), listened.against)
        return Found(measured, recording, listened.remarks, judged)


def _write(take: Take, found: Found) -> None:
    """All of its files or none."""
    if not take.files:
        return
    from vocalverse.cli.measure_picture import picture
    from vocalverse.measure.sheets import f0_csv, notes_csv
    from vocalverse.separate.stems import Together

    with Together() as together:
        for path, table in ((take.notes, notes_csv), (take.f0, f0_csv)):
            if path:
                with together.file(path) as file:
                    file.write(table(found.measured).encode())
        if take.picture:
            with together.file(take.picture) as file:
                file.write(picture(take, found))
