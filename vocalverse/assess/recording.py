"""The way of a recording: decode → quality → refusals → separate → dereverberate → measure → prescreen → encode → judge →
words.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO, Protocol
from uuid import UUID

from vocalverse.assess import hearing
from vocalverse.assess.song import References, know_song
from vocalverse.assess.workshop import Workshop
from vocalverse.audio.decode import decode
from vocalverse.audio.quality import measure
from vocalverse.audio.refusals import Thresholds, refusals, refused_by_length, remarks
from vocalverse.audio.sandbox import DecodeLimits
from vocalverse.errors import Unavailable
from vocalverse.evidence.find import find_evidence
from vocalverse.feedback.words import words_of
from vocalverse.measure.row import as_sung
from vocalverse.records import (
    NONE,
    Assessment,
    Finding,
    Lane,
    Outcome,
    Progress,
    Reason,
    TextKind,
    Verdict,
    no_progress,
)
from vocalverse.release.figures import figures
from vocalverse.separate.options import EarOptions

if TYPE_CHECKING:
    from vocalverse.assess.instruments import Instruments
    from vocalverse.assess.judging import Cabinet
    from vocalverse.measure.take import Measured

NO_RELEASE = (Finding(Reason.NO_RELEASE, {}),)


def _unseen(measured: "Measured") -> None:
    """Nobody draws it."""


@dataclass(frozen=True)
class Take:
    """One recording as a worker hands it to an assessor."""

    recording_id: UUID
    audio: BinaryIO  # a real file, opened for reading
    song: str | None = None
    key_shift: int = 0
    backing: BinaryIO | None = None  # what the venue played, where that is known
    backing_shift: int = 0  # semitones by which it was shifted when it was played
    references: References = field(default_factory=dict)  # how the song goes, as far as that is known
    lane: Lane = Lane.BULK
    release: str = NONE  # what judges it
    text: Mapping[TextKind, str] = field(default_factory=dict)  # lyrics are read out of `references` where not here
    alone: bool = False  # it is a voice alone: nothing is separated
    show: Callable[["Measured"], None] = _unseen  # is handed what was measured of the singing


class Assessor(Protocol):
    """Judges one take. Raises Undecodable where nothing can be heard, and lets through what `progress` raises."""

    def __call__(self, take: Take, progress: Progress) -> Assessment: ...


@dataclass(frozen=True)
class AssessOptions:
    """What an assessor goes by."""

    limits: DecodeLimits = field(default_factory=DecodeLimits)
    thresholds: Thresholds = field(default_factory=Thresholds)
    ear: EarOptions | None = field(default_factory=EarOptions)  # None: nothing is separated, and no voice measured


_ANYWHERE = Workshop()


def open_assessor(workshop: Workshop = _ANYWHERE, options: AssessOptions | None = None) -> Assessor:
    """The assessor of a worker's process. What takes time once has happened when this returns, but for the releases:
    each is opened for the first take that names it.
    """
    chosen = options or AssessOptions()
    cabinet = _open_cabinet(workshop, chosen.ear) if chosen.ear else None

    def assessor(take: Take, progress: Progress = no_progress) -> Assessment:
        return assess(take, progress, chosen, cabinet.of(take.release, progress) if cabinet else None)

    return assessor


def _open_cabinet(workshop: Workshop, ear: EarOptions) -> "Cabinet":
    try:
        from vocalverse.assess.judging import Cabinet  # with torch, which nobody else needs
    except ModuleNotFoundError as missing:
        raise Unavailable(f"{missing.name} is not installed: pip install torch 'vocalverse[hear]'.") from missing
    return Cabinet(workshop, ear)


def assess(take: Take, progress: Progress, options: AssessOptions, instruments: "Instruments | None") -> Assessment:
    """The whole way of one recording. Without a release nobody can score it, and no number is made up."""
    thresholds = options.thresholds
    stopwatch = _Stopwatch()

    with stopwatch("decode"):
        waveform = decode(take.audio, limits=options.limits, progress=progress)

    if too_long := refused_by_length(waveform, thresholds):
        # Only its beginning was decoded: measures of that would not be the recording's.
        return _told(Assessment(Outcome.REFUSED, findings=(too_long,)), stopwatch)

    with stopwatch("quality"):
        measures = measure(waveform, progress=progress)
    noted = remarks(measures, broken_tail=waveform.source.broken_tail, thresholds=thresholds)

    if against := refusals(measures, thresholds):
        return _told(Assessment(Outcome.REFUSED, against, noted, measures=measures), stopwatch)
    if instruments is None:
        return _told(Assessment(Outcome.UNSCORED, NO_RELEASE, noted, measures=measures), stopwatch)

    with stopwatch("separate"):
        known = hearing.hear_backing(take.backing, options.limits, progress)
        voice = instruments.separate(
            waveform.samples, known.samples, key_shift=take.backing_shift, alone=take.alone, progress=progress
        )
    with stopwatch("dereverberate"):
        dry = instruments.ear.dereverberate(voice, progress=progress)
    measures = hearing.with_ear(measures, voice, dry)
    noted += (*known.remarks, *hearing.remarks(voice))

    song = know_song(take.references)
    with stopwatch("measure"):
        measured = instruments.measure(waveform.samples, voice, dry, song=song, progress=progress)
    take.show(measured)
    with stopwatch("prescreen"):
        found = instruments.prescreen(measured, measures)
        sung = as_sung(measured, pitch=found.pitch, rhythm=found.rhythm)

    unscored = Assessment(
        outcome=Outcome.REFUSED if found.verdict is Verdict.REFUSE else Outcome.UNSCORED,
        findings=found.findings or NO_RELEASE,
        remarks=(*noted, *song.remarks, *found.remarks),
        measures=measures,
        verdict=found.verdict,
        sung=sung,
    )
    if instruments.judge is None or found.verdict is not Verdict.PASS:
        return _told(unscored, stopwatch)
    with stopwatch("encode"):
        heard = hearing.sounds(waveform, dry, measured.pitch)
        encoded = instruments.encode(take.recording_id, heard, progress=progress)
    with stopwatch("judge"):
        evidence, text = find_evidence(measured), {**song.text, **take.text}
        known_figures = figures(measures, sung.figures, evidence)
        judged = instruments.judge.judge(encoded, known_figures, text, found=evidence)
    return _told(hearing.with_scores(unscored, judged), stopwatch)


def _told(assessment: Assessment, stopwatch: "_Stopwatch") -> Assessment:
    """With words for the singer, and with how long it took."""
    return replace(assessment, feedback=words_of(assessment), stage_seconds=stopwatch.seconds)


class _Stopwatch:
    """Wall-clock seconds by stage."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        began = self._now()
        yield
        self.seconds[stage] = self._now() - began
