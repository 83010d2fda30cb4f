"""The words that every part of the house shares: states, outcomes, reasons, and what an assessment says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from vocalverse.sung import Sung


class TaskState(StrEnum):
    """Where one judging of one recording stands. The same words in Python, in Postgres and on the wire."""

    READY = "ready"
    LEASED = "leased"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """No worker will touch the task again, unless an operator puts it back."""
        return self not in (TaskState.READY, TaskState.LEASED, TaskState.RUNNING)


_T = TaskState

# The only moves a task may make. `store.tables` writes the same table into Postgres, where a trigger holds it.
LEGAL_TRANSITIONS: frozenset[tuple[TaskState, TaskState]] = frozenset(
    {
        (_T.READY, _T.LEASED),  # dispatched
        (_T.READY, _T.EXPIRED),  # its deadline passed while it waited
        (_T.READY, _T.CANCELLED),
        (_T.LEASED, _T.READY),  # the delivery was lost
        (_T.LEASED, _T.RUNNING),  # a worker began
        (_T.LEASED, _T.EXPIRED),
        (_T.LEASED, _T.CANCELLED),
        (_T.RUNNING, _T.READY),  # handed back, retried, or its worker died
        (_T.RUNNING, _T.DONE),
        (_T.RUNNING, _T.DEAD),
        (_T.RUNNING, _T.REJECTED),
        (_T.RUNNING, _T.EXPIRED),
        (_T.RUNNING, _T.CANCELLED),
        (_T.DEAD, _T.READY),  # requeued by an operator
        (_T.REJECTED, _T.READY),
        (_T.EXPIRED, _T.READY),
    }
)


class ReferenceKind(StrEnum):
    """What is known of how a song goes."""

    MELODY = "melody"  # a chart or a score: notes and words
    LYRICS = "lyrics"  # lines and their times
    GUIDE = "guide"  # somebody who sang it well


NONE = "none"  # the release that measures and gives no score


class TextKind(StrEnum):
    """Text that a singing may be held against."""

    LYRICS = "lyrics"
    DESCRIPTION = "description"


class Lane(StrEnum):
    """`live`: the singer is waiting at the screen. `bulk`: nobody is."""

    LIVE = "live"
    BULK = "bulk"


class WorkerClass(StrEnum):
    """What a task needs to run on; each class has an RQ queue of its own."""

    CPU = "cpu"
    GPU = "gpu"


class Purpose(StrEnum):
    """Why a recording is judged. A task is unique by (recording, release, purpose)."""

    JUDGE = "judge"


class Outcome(StrEnum):
    """How an assessment ended for a recording that could be heard."""

    SCORED = "scored"
    UNSCORED = "unscored"
    REFUSED = "refused"


class Verdict(StrEnum):
    """What the prescreen says before anything judges artistry."""

    PASS = "pass"  # noqa: S105 - no password
    LOW = "low"  # too far off to be judged for artistry
    REFUSE = "refuse"  # not a singer's take of this song


class Reason(StrEnum):
    """Why an assessment has no scores. Stable: venues and reports count on these words."""

    NO_RELEASE = "no_release"
    NO_TEXT = "no_text"  # all that the release judges is held against a text, and there is none
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_QUIET = "too_quiet"
    CLIPPED = "clipped"
    # It is no singing that could be judged.
    NO_VOICE = "no_voice"
    BACKING_ONLY = "backing_only"
    SPEECH_NOT_SINGING = "speech_not_singing"
    MONOTONE = "monotone"
    WHISTLE = "whistle"
    HUM = "hum"
    KNOWN_GUIDE_PLAYBACK = "known_guide_playback"
    REPEATED_LOOP = "repeated_loop"
    BLEED = "bleed"
    WRONG_SONG = "wrong_song"
    # It is singing, too far off to be judged for artistry.
    OFF_PITCH = "off_pitch"
    OFF_RHYTHM = "off_rhythm"
    LITTLE_SUNG = "little_sung"


class Remark(StrEnum):
    """What was odd about the file though it was judged."""

    BROKEN_TAIL = "broken_tail"
    DEAD_CHANNEL = "dead_channel"
    SWAPPED_POLARITY = "swapped_polarity"
    DC_OFFSET = "dc_offset"
    DROPOUTS = "dropouts"
    BACKING_UNREADABLE = "backing_unreadable"  # the known backing could not be decoded
    BACKING_NOT_HEARD = "backing_not_heard"  # it is not in the recording: another song's, or another take of it
    TWO_SINGERS = "two_singers"
    REFERENCE_UNREADABLE = "reference_unreadable"  # what is known of how the song goes could not be read
    TEXT_MISSING = "text_missing"  # a dimension needs lyrics or a description, and there are none: it has no score


class Tier(StrEnum):
    """Thirds of a pool of performances, by what a judge says of them."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class Finding:
    """A reason with the figures that led to it, such as {"duration_s": 0.4, "at_least_s": 5.0}."""

    code: Reason
    evidence: Mapping[str, float]


@dataclass(frozen=True)
class Mark:
    """A score from 0 to 100."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Evidence:
    """A measurement that a score rests on."""

    name: str  # as `vocalverse.evidence` has it
    value: float
    unit: str
    worth: float  # what it alone would say, on the score's scale
    effect: float  # by how much it raised the score, or lowered it: < 0
    from_s: float | None = None  # where in the recording it shows most plainly
    to_s: float | None = None
    value_there: float | None = None  # the same measurement, of that moment alone


@dataclass(frozen=True)
class Score:
    """One dimension of a performance on the release's scale (1 to 5), with its interval, and the same as a mark."""

    dimension: str
    value: float
    low: float
    high: float
    mark: Mark | None = None  # None: of an assessment that was written before there were marks
    evidence: tuple[Evidence, ...] = ()  # none where a network judges alone

    @property
    def figures(self) -> Mapping[str, float | None]:
        """On the release's scale, and from 0 to 100, by the names that they have wherever they are kept or told."""
        mark = self.mark
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "mark": mark.value if mark else None,
            "mark_low": mark.low if mark else None,
            "mark_high": mark.high if mark else None,
        }


OVERALL = "overall"  # no dimension: what the release composes of them, and of measures


class Language(StrEnum):
    """In which feedback is told."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True)
class Words:
    """A sentence or two for the singer."""

    about: str  # a dimension, or `overall`
    language: Language
    text: str


@dataclass(frozen=True)
class Measures:
    """What was measured of the recording itself. One column of `measures` each; None where it cannot be known, or was
    not looked for because the recording was refused before.
    """

    duration_s: float
    sample_rate_hz: int  # of the file, before resampling
    channels: int  # of the file, before upmixing
    codec: str
    loudness_lufs: float | None  # BS.1770-4 integrated; None where no block passes the gate
    peak_dbfs: float | None
    clipped_share: float  # of all samples, 0..1
    longest_clip_ms: float
    noise_floor_dbfs: float | None
    dc_offset: float  # the larger of the channels', full scale = 1
    dropout_count: int
    dropout_s: float
    dead_channels: int
    channel_correlation: float | None  # -1 is swapped polarity; None for mono
    # What the ear found.
    voice_share: float | None = None  # of the time, 0..1
    voice_to_backing_db: float | None = None  # while there is a voice
    reverberation_t60_s: float | None = None  # of the room, from the voice alone
    direct_to_reverberant_db: float | None = None
    backing_delay_s: float | None = None  # of a known backing: the room's latency
    backing_drift_ppm: float | None = None  # how much faster the venue's clock runs than the backing's
    backing_coherence: float | None = None  # 0..1, how much of the recording the known backing explains
    bleed_db: float | None = None  # the known backing's level in the recording against all the rest


@dataclass(frozen=True)
class Assessment:
    """What a worker found out about one recording."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    remarks: tuple[Remark, ...] = ()
    scores: tuple[Score, ...] = ()
    overall: Score | None = None
    feedback: tuple[Words, ...] = ()
    measures: Measures | None = None
    verdict: Verdict | None = None  # the prescreen's; None where it was refused before
    sung: Sung | None = None  # None where nothing could be measured of the singing
    stage_seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return tuple(finding.code for finding in self.findings)

    @property
    def marks(self) -> tuple[Score, ...]:
        """Of the dimensions, and overall."""
        return (*self.scores, *([self.overall] if self.overall else []))


class Progress(Protocol):
    """Called by a stage as it gets on. Raises when the work is to stop: a stage lets that pass through."""

    def __call__(self, stage: str, fraction: float) -> None: ...


def no_progress(stage: str, fraction: float) -> None:
    """For callers that do not watch."""
