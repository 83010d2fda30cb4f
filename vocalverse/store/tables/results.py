"""What was found out: assessments with findings, scores, measures, sung notes and phrases, and words."""

from collections.abc import Mapping
from typing import Any, get_type_hints
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from vocalverse.records import Outcome, Verdict
from vocalverse.store.tables.base import Base, Key, Now, enum
from vocalverse.sung import Figures

_OF_ASSESSMENT = "assessments.id"


class Assessment(Base):
    __tablename__ = "assessments"
    __table_args__ = (
        UniqueConstraint("task_id"),
        Index("assessments_venue_id_id_idx", "venue_id", "id"),
        Index("assessments_recording_id_idx", "recording_id"),
    )

    id: Mapped[Key]
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"))
    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venues.id"))
    release: Mapped[str] = mapped_column(ForeignKey("releases.name"))
    created_at: Mapped[Now]
    outcome: Mapped[Outcome] = mapped_column(enum(Outcome, "outcome"))
    prescreen: Mapped[Verdict | None] = mapped_column(enum(Verdict, "verdict"))  # None: it was refused before
    remarks: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    stage_seconds: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    # As the release composes it, on its scale; then from 0 to 100. None: it composes nothing, or nothing was scored.
    overall: Mapped[float | None]
    overall_low: Mapped[float | None]
    overall_high: Mapped[float | None]
    overall_mark: Mapped[float | None]
    overall_mark_low: Mapped[float | None]
    overall_mark_high: Mapped[float | None]


class Finding(Base):
    """A reason why there is no score, with its figures."""

    __tablename__ = "findings"

    assessment_id: Mapped[UUID] = mapped_column(ForeignKey(_OF_ASSESSMENT, ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    evidence: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class Score(Base):
    """Dimensions are data: the release says which there are."""

    __tablename__ = "scores"
    __table_args__ = (CheckConstraint("low <= value AND value <= high", name="interval"),)

    assessment_id: Mapped[UUID] = mapped_column(ForeignKey(_OF_ASSESSMENT, ondelete="CASCADE"), primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    mark: Mapped[float | None]  # the same from 0 to 100
    mark_low: Mapped[float | None]
    mark_high: Mapped[float | None]


class Measures(Base):
    """`records.Measures` and, behind it, `sung.Figures`: a column each."""

    __tablename__ = "measures"

    assessment_id: Mapped[UUID] = mapped_column(ForeignKey(_OF_ASSESSMENT, ondelete="CASCADE"), primary_key=True)
    duration_s: Mapped[float]
    sample_rate_hz: Mapped[int]
    channels: Mapped[int]
    codec: Mapped[str]
    loudness_lufs: Mapped[float | None]
    peak_dbfs: Mapped[float | None]
    clipped_share: Mapped[float]
    longest_clip_ms: Mapped[float]
    noise_floor_dbfs: Mapped[float | None]
    dc_offset: Mapped[float]
    dropout_count: Mapped[int] = mapped_column(BigInteger)
    dropout_s: Mapped[float]
    dead_channels: Mapped[int]
    channel_correlation: Mapped[float | None]
    voice_share: Mapped[float | None]
    voice_to_backing_db: Mapped[float | None]
    reverberation_t60_s: Mapped[float | None]
    direct_to_reverberant_db: Mapped[float | None]
    backing_delay_s: Mapped[float | None]
    backing_drift_ppm: Mapped[float | None]
    backing_coherence: Mapped[float | None]
    bleed_db: Mapped[float | None]


_TYPES: Mapping[Any, TypeEngine[Any]] = {float | None: Float(53), int | None: Integer(), str | None: Text()}
for _name, _hint in get_type_hints(Figures).items():
    setattr(Measures, _name, mapped_column(_TYPES[_hint], nullable=True))


class Notes(Base):
    """The notes that were sung, compactly: one row of equally long arrays."""

    __tablename__ = "notes"

    assessment_id: Mapped[UUID] = mapped_column(ForeignKey(_OF_ASSESSMENT, ondelete="CASCADE"), primary_key=True)
    onset_s: Mapped[list[float]]
    offset_s: Mapped[list[float]]
    pitch_midi: Mapped[list[float]]
    cents_spread: Mapped[list[float] | None]
    level_db: Mapped[list[float] | None]


class Phrases(Base):
    """The phrases that were sung, likewise. An element is null where it cannot be known."""

    __tablename__ = "phrases"

    assessment_id: Mapped[UUID] = mapped_column(ForeignKey(_OF_ASSESSMENT, ondelete="CASCADE"), primary_key=True)
    start_s: Mapped[list[float]]
    end_s: Mapped[list[float]]
    first_note: Mapped[list[int]]
    line: Mapped[list[int]]
    level_db: Mapped[list[float]]
    pitch_mark: Mapped[list[float]]
    pitch_bias_cents: Mapped[list[float]]
    rhythm_mark: Mapped[list[float]]
    late_ms: Mapped[list[float]]


class Measured(Base):
    """All that was measured of the singing, for programs: `vocalverse.measure.told` says what is in it."""

    __tablename__ = "measured"

    assessment_id: Mapped[UUID] = mapped_column(ForeignKey(_OF_ASSESSMENT, ondelete="CASCADE"), primary_key=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)  # zlib of JSON, which says its version; without the notes


class Evidence(Base):
    """What a score rests on. `dimension` may be `overall`."""

    __tablename__ = "evidence"

    assessment_id: Mapped[UUID] = mapped_column(ForeignKey(_OF_ASSESSMENT, ondelete="CASCADE"), primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str]
    value: Mapped[float]
    worth: Mapped[float]  # what it alone would say, on the release's scale
    effect: Mapped[float]  # by how much it raised the score, or lowered it: < 0
    from_s: Mapped[float | None]  # where in the recording it shows most plainly
    to_s: Mapped[float | None]
    value_there: Mapped[float | None]


class Feedback(Base):
    """What the singer reads: a sentence or two about a dimension, or `overall`."""

    __tablename__ = "feedback"

    assessment_id: Mapped[UUID] = mapped_column(ForeignKey(_OF_ASSESSMENT, ondelete="CASCADE"), primary_key=True)
    about: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
