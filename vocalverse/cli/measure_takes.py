"""The way of one recording through `vocalverse measure`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from vocalverse.cli.listener import Listener, Wanted
from vocalverse.errors import VocalVerseError
from vocalverse.records import Progress, no_progress

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
class Done:
    """What became of a recording."""

    take: Take
    took_s: float
    measured: "Measured | None" = None
    prescreened: "Prescreened | None" = None
    files: Mapping[str, Path] = field(default_factory=dict)
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
            measured, prescreened = self._measured(take.source, progress)
            self._write(take, measured, prescreened)
        except VocalVerseError as error:
            return Done(take, time.monotonic() - began, failed=error)
        return Done(take, time.monotonic() - began, measured, prescreened, take.files)

    def _measured(self, file: Path, progress: Progress) -> "tuple[Measured, Prescreened]":
        from vocalverse.audio.refusals import Thresholds, refusals
        from vocalverse.measure.take import measure_take
        from vocalverse.prescreen.evidence import evidence
        from vocalverse.prescreen.judge import prescreen, refused_before

        listened = self.listener.listen(file, progress)
        progress("measure", 0.0)
        measured = measure_take(listened.heard, self.song.melody if self.song else None)
        found = prescreen(evidence(measured, listened.recording), self.rules)
        return measured, refused_before(found, refusals(listened.recording, Thresholds()))

    def _write(self, take: Take, measured: "Measured", prescreened: "Prescreened") -> None:
        if not take.files:
            return
        from vocalverse.cli.measure_picture import picture
        from vocalverse.measure.sheets import f0_csv, notes_csv
        from vocalverse.separate.stems import Together

        with Together() as together:
            for path, told in ((take.notes, notes_csv), (take.f0, f0_csv)):
                if path:
                    with together.file(path) as file:
                        file.write(told(measured).encode())
            if take.picture:
                with together.file(take.picture) as file:
                    file.write(picture(take, measured, prescreened))
