"""What goes over the wire. A field that is not named here is refused, so that a typing error is heard of at once."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from vocalverse.records import Lane, Outcome, TaskState, Verdict

_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"
_DECADE_S = 10 * 366 * 86400.0


def _line(longest: int) -> Any:
    return StringConstraints(min_length=1, max_length=longest, pattern=_PRINTABLE)


def _in_living_memory(at: datetime) -> datetime:
    if not 1970 <= at.year <= 2200:
        raise ValueError("the year should lie between 1970 and 2200")
    return at


Line100 = Annotated[str, _line(100)]
Line200 = Annotated[str, _line(200)]
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"  # with tabs and line ends


def _text(longest: int) -> Any:
    """Of several lines. Both together fit into the largest JSON that is read, even where each letter is escaped."""
    return StringConstraints(min_length=1, max_length=longest, pattern=_TEXT)


Lyrics = Annotated[str, _text(8000)]
Description = Annotated[str, _text(2000)]
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Moment = Annotated[
    AwareDatetime,
    AfterValidator(_in_living_memory),
    Field(json_schema_extra={"pattern": r"^(19[789]\d|20\d\d|21\d\d)-", "example": "2026-01-31T20:15:00+01:00"}),
]
Number = Annotated[float, Field(allow_inf_nan=False)]

_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Microphone(BaseModel):
    model_config = _STRICT

    model: Line100 | None = None
    gain_db: Number | None = None
    distance_cm: Number | None = None


class Consent(BaseModel):
    """What the singer allowed. What is not said is not allowed."""

    model_config = _STRICT

    keep_audio: bool = False
    training: bool = False
    share: bool = False


class Metadata(BaseModel):
    """What the venue says about a recording. All of it is optional."""

    model_config = ConfigDict(
        **_STRICT,
        json_schema_extra={
            "example": {"song": "catalogue:4711", "room": "Blue", "machine": "blue-1", "key_shift": -2, "lane": "live"}
        },
    )

    song: Line200 | None = Field(default=None, description="The venue's own name for the song.")
    song_title: Line200 | None = None
    song_artist: Line200 | None = None
    room: Line100 | None = None
    machine: Line100 | None = None
    singer: Line100 | None = Field(default=None, description="A pseudonym.")
    key_shift: Annotated[int, Field(ge=-12, le=12)] | None = Field(default=None, description="Semitones.")
    lane: Lane | None = Field(default=None, description="`live` where the singer is waiting at the screen.")
    started_at: Moment | None = None
    deadline_s: Annotated[float, Field(gt=0, le=_DECADE_S)] | None = Field(
        default=None, description="Seconds after acceptance; later the result is of no use."
    )
    client_latency_ms: Annotated[float, Field(ge=0, le=5000)] | None = None
    microphone: Microphone | None = None
    lyrics: Lyrics | None = Field(
        default=None, description="What was sung, for a release that reads it; else what is known of the song counts."
    )
    description: Description | None = Field(
        default=None, description="How it should be sung, for a release that reads it."
    )
    consent: Consent | None = None

    def as_kept(self) -> dict[str, Any]:
        """Without what was not said, so that the same words compare equal."""
        return self.model_dump(mode="json", exclude_none=True, exclude_unset=True)


class NewUpload(BaseModel):
    model_config = ConfigDict(
        **_STRICT,
        json_schema_extra={
            "example": {
                "size": 5242880,
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "filename": "take-17.flac",
                "recording": {"song": "catalogue:4711", "room": "Blue"},
            }
        },
    )

    size: Annotated[int, Field(ge=1, le=2**40)] = Field(description="Bytes.")
    sha256: Sha256
    filename: Annotated[str, _line(255)] | None = Field(
        default=None, description="Kept as a note; never used as a path."
    )
    recording: Metadata = Field(default_factory=Metadata)


class WholeDigest(BaseModel):
    model_config = _STRICT

    sha256: Sha256 | None = None


class MachineHealth(BaseModel):
    """What a venue's agent says of itself."""

    model_config = ConfigDict(
        **_STRICT,
        json_schema_extra={
            "example": {
                "version": "0.1.0",
                "backlog_count": 2,
                "backlog_bytes": 10485760,
                "oldest_s": 12.5,
                "disk_free_bytes": 250000000000,
                "clock_skew_s": 0.2,
                "room": "Blue",
            }
        },
    )

    version: Line100
    backlog_count: Annotated[int, Field(ge=0, le=2**31 - 1)]
    backlog_bytes: Annotated[float, Field(ge=0)]
    oldest_s: Annotated[float, Field(ge=0)] | None = None
    disk_free_bytes: Annotated[float, Field(ge=0)]
    clock_skew_s: Number | None = None
    room: Line100 | None = None


# --- answers ---------------------------------------------------------------------------------------------------


class PartAnswer(BaseModel):
    number: int
    size: int
    sha256: str


class UploadAnswer(BaseModel):
    upload_id: str
    state: str = Field(description="`open` or `complete`.")
    part_bytes: int = Field(description="The size of every part but the last.")
    parts: list[PartAnswer] = Field(description="What has arrived.")
    recording_id: UUID | None = Field(description="Once the upload is complete.")


class BackingAnswer(BaseModel):
    size: int
    sha256: str


class AcceptedAnswer(BaseModel):
    recording_id: UUID
    task_id: UUID
    state: TaskState


class ReasonAnswer(BaseModel):
    code: str
    evidence: dict[str, float]


class JudgedAnswer(BaseModel):
    value: float = Field(description="On the scale of the release, such as 1 to 5.")
    low: float = Field(description="The judgement of a jury would lie between this")
    high: float = Field(description="and this, as often as the release says.")
    mark: float | None = Field(description="The same from 0 to 100.")
    mark_low: float | None
    mark_high: float | None


class MarkAnswer(BaseModel):
    value: float = Field(description="0 to 100.")
    low: float = Field(description="In 95 of 100 takes of the same singing it would lie between this")
    high: float = Field(description="and this.")


class EvidenceAnswer(BaseModel):
    name: str = Field(description="What was measured, such as `phrase_ends_held`.")
    value: float
    unit: str = Field(description="Of `value`; empty of what a network hears.")
    worth: float = Field(description="What it alone would say, on the scale of the release.")
    effect: float = Field(description="By how much it raised the score; below 0 it lowered it.")
    from_s: float | None = Field(description="Where in the recording it shows most plainly.")
    to_s: float | None
    value_there: float | None = Field(description="The same measurement, of that moment alone.")


class AssessmentAnswer(BaseModel):
    outcome: Outcome
    release: str = Field(description="What judged it; `none` measures and gives no score.")
    verdict: Verdict | None = Field(
        description="What rules said of pitch, rhythm and whether it is singing at all, before anything judged: `low` is"
        " too far off to be judged. Null where the recording was refused before."
    )
    reasons: list[ReasonAnswer]
    remarks: list[str]
    dimensions: dict[str, JudgedAnswer] = Field(
        description="As the release has them, such as `breath`, `technique`, `timbre` and `emotion`."
    )
    overall: JudgedAnswer | None = Field(description="As the release composes it of dimensions and measures.")
    evidence: dict[str, list[EvidenceAnswer]] = Field(
        description="What the score rests on, by dimension and for `overall`: what raised it most comes first."
    )
    words: dict[str, dict[str, str]] = Field(
        description="What the singer is told, by language (`en`, `zh`): a sentence or two by dimension, and for `overall`."
    )
    pitch: MarkAnswer | None = Field(description="Against the song where it is known; null where nothing is known.")
    rhythm: MarkAnswer | None = Field(description="Likewise.")
    measures: dict[str, float | int | str | None] | None = Field(
        description="Figures of the recording and of the singing in it; null what cannot be known."
    )


class ListedRecording(BaseModel):
    recording_id: UUID
    state: TaskState
    stage: str | None
    fraction: float | None
    lane: Lane
    song: str | None
    attempts: int
    release: str
    outcome: Outcome | None
    overall_mark: float | None = Field(description="0 to 100, once it is scored.")
    reason: str | None = Field(description="Why the last try failed, where one did.")
    message: str | None
    received_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class RecordingAnswer(ListedRecording):
    position: int | None = Field(description="How many of the venue's tasks come before; at most 1000 are counted.")
    estimate_s: float | None = Field(description="About how long until the result.")
    assessment: AssessmentAnswer | None


class RecordingsAnswer(BaseModel):
    items: list[ListedRecording] = Field(description="Newest first; may be fewer than `limit`.")
    next: UUID | None = Field(description="The cursor of the next page; null at the end.")


class Alive(BaseModel):
    status: str
    version: str


class Ready(BaseModel):
    status: str
    checks: dict[str, str]
