"""The way of one recording through `vocalverse score`."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vocalverse.cli.given import opened
from vocalverse.cli.score_result import as_result
from vocalverse.errors import VocalVerseError
from vocalverse.ids import uuid7
from vocalverse.records import Assessment, Progress, no_progress

if TYPE_CHECKING:
    from vocalverse.assess import Assessor
    from vocalverse.assess.song import References
    from vocalverse.cli.score_judges import Chosen
    from vocalverse.measure.take import Measured


@dataclass(frozen=True)
class Take:
    """A recording, and where its picture goes."""

    source: Path
    picture: Path | None = None  # PNG or HTML


@dataclass(frozen=True)
class Wanted:
    """What people say of all recordings alike."""

    references: "References" = field(default_factory=dict)  # how the song goes
    alone: bool = False  # they are voices alone: nothing is separated
    backing: Path | None = None  # what was played to them
    key_shift: int = 0  # semitones by which it was shifted


@dataclass(frozen=True)
class Done:
    """What became of a recording."""

    take: Take
    took_s: float
    release: str
    assessment: Assessment | None = None
    failed: VocalVerseError | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "file": str(self.take.source),
            "took_s": round(self.took_s, 3),
            "error": self.failed.code if self.failed else None,
            "message": str(self.failed) if self.failed else None,
            **({"picture": str(self.take.picture)} if self.take.picture and self.assessment else {}),
            **(as_result(self.assessment, self.release) if self.assessment else {}),
        }


@dataclass(frozen=True)
class Kit:
    """What is loaded once for all recordings. Called with one of them."""

    wanted: Wanted
    release: "Chosen"
    assessor: "Assessor"

    @classmethod
    def open(cls, wanted: Wanted, release: "Chosen", *, threads: int | None = None) -> Self:
        """As a worker's; `threads`: None takes all cores."""
        from vocalverse.assess import Workshop, open_assessor
        from vocalverse.settings import data_folder

        trials = data_folder() / "trials"
        workshop = Workshop(threads, folder=trials, releases=release.folder, models=release.models)
        return cls(wanted, release, open_assessor(workshop))

    def __call__(self, take: Take, progress: Progress = no_progress) -> Done:
        """Whatever is wrong with the recording is told in what is returned; the others are not to suffer."""
        began = time.monotonic()
        try:
            assessment = self._assess(take, progress)
        except VocalVerseError as error:
            return Done(take, time.monotonic() - began, self.release.name, failed=error)
        return Done(take, time.monotonic() - began, self.release.name, assessment)

    def _assess(self, take: Take, progress: Progress) -> Assessment:
        from vocalverse.assess import Take as Recording

        measured: list[Measured] = []
        with ExitStack() as files:
            backing = files.enter_context(opened(self.wanted.backing)) if self.wanted.backing else None
            recording = Recording(
                recording_id=uuid7(),
                audio=files.enter_context(opened(take.source)),
                backing=backing,
                backing_shift=self.wanted.key_shift,
                references=self.wanted.references,
                release=self.release.name,
                alone=self.wanted.alone,
                show=measured.append,
            )
            assessment = self.assessor(recording, progress)
        if take.picture:
            self._draw(take.source.name, take.picture, assessment, next(iter(measured), None))
        return assessment

    def _draw(self, name: str, path: Path, assessment: Assessment, measured: "Measured | None") -> None:
        from vocalverse.cli.score_picture import picture
        from vocalverse.picture.portrait import Portrait
        from vocalverse.separate.stems import Together

        drawn = picture(Portrait(name, self.release.said, self.release.titles, assessment, measured), path)
        with Together() as together, together.file(path) as file:
            file.write(drawn)
