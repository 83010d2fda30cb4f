"""What the judging of a recording found, as it is shown."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, text

from vocalverse.errors import NotFound
from vocalverse.records import OVERALL, Evidence, Outcome, Verdict
from vocalverse.store.tables import Assessment, Measured, Notes

Figure = float | int | str | None

_DIGITS = 4
_SCORED = ("pitch", "rhythm")


class NotMeasured(NotFound):
    code = "not_measured"


@dataclass(frozen=True)
class Found:
    """Why there is no score. The word may be one that only a later version knows."""

    code: str
    evidence: Mapping[str, float]


@dataclass(frozen=True)
class Mark:
    """0 to 100."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Judged:
    """A dimension, or the overall score, on the scale of its release; then the same from 0 to 100, where it says so."""

    value: float
    low: float
    high: float
    mark: float | None
    mark_low: float | None
    mark_high: float | None


@dataclass(frozen=True)
class Result:
    """An assessment."""

    outcome: Outcome
    release: str
    verdict: Verdict | None
    reasons: Sequence[Found]
    remarks: Sequence[str]
    dimensions: Mapping[str, Judged]
    overall: Judged | None
    evidence: Mapping[str, Sequence[Evidence]]  # by dimension, and for `overall`; what raised the score most first
    words: Mapping[str, Mapping[str, str]]  # by language, then by dimension
    pitch: Mark | None
    rhythm: Mark | None
    measures: Mapping[str, Figure] | None  # the row of `measures`, but for those two


_SCORE = ", ".join(field.name for field in fields(Judged))
_EVIDENCE = ", ".join(field.name for field in fields(Evidence))
_OVERALL = ", ".join(
    f"{OVERALL if field.name == 'value' else f'{OVERALL}_{field.name}'} AS {field.name}" for field in fields(Judged)
)


def find_result(connection: Connection, task_id: UUID) -> Result | None:
    """What the judging of that task found, once it is done."""
    row = connection.execute(
        text(
            f"SELECT id, outcome::text, prescreen::text, release, remarks, {_OVERALL} FROM assessments WHERE task_id = :task"
        ),
        {"task": task_id},
    ).first()
    if row is None:
        return None
    of = {"id": row.id}
    findings = connection.execute(text("SELECT code, evidence FROM findings WHERE assessment_id = :id ORDER BY 1"), of)
    scores = connection.execute(
        text(f"SELECT dimension, {_SCORE} FROM scores WHERE assessment_id = :id ORDER BY 1"), of
    )
    measures = connection.execute(text("SELECT * FROM measures WHERE assessment_id = :id"), of).mappings().first()
    figures: dict[str, Any] = dict(measures) if measures else {}
    figures.pop("assessment_id", None)
    pitch, rhythm = (_mark(figures, name) for name in _SCORED)
    return Result(
        outcome=Outcome(row.outcome),
        release=row.release,
        verdict=Verdict(row.prescreen) if row.prescreen else None,
        reasons=tuple(Found(one.code, one.evidence) for one in findings),
        remarks=tuple(row.remarks),
        dimensions={one.dimension: _judged(one) for one in scores},
        overall=_judged(row) if row.value is not None else None,
        evidence=_evidence(connection, row.id),
        words=_words(connection, row.id),
        pitch=pitch,
        rhythm=rhythm,
        measures=figures or None,
    )


def _judged(row: Row[Any]) -> Judged:
    return Judged(**{field.name: getattr(row, field.name) for field in fields(Judged)})


def _evidence(connection: Connection, assessment_id: UUID) -> Mapping[str, Sequence[Evidence]]:
    asked = text(f"SELECT dimension, {_EVIDENCE} FROM evidence WHERE assessment_id = :id ORDER BY 1, effect DESC, name")
    told: dict[str, list[Evidence]] = {}
    for row in connection.execute(asked, {"id": assessment_id}):
        told.setdefault(row.dimension, []).append(_evidence_of(row))
    return told


def _words(connection: Connection, assessment_id: UUID) -> Mapping[str, Mapping[str, str]]:
    asked = text("SELECT language, about, text FROM feedback WHERE assessment_id = :id ORDER BY 1, 2")
    told: dict[str, dict[str, str]] = {}
    for language, about, said in connection.execute(asked, {"id": assessment_id}):
        told.setdefault(language, {})[about] = said
    return told


def _evidence_of(row: Row[Any]) -> Evidence:
    return Evidence(**{field.name: getattr(row, field.name) for field in fields(Evidence)})


def _mark(figures: dict[str, Any], name: str) -> Mark | None:
    """Taken out of the others."""
    value, low, high = (figures.pop(f"{name}_{part}", None) for part in ("score", "low", "high"))
    return Mark(value, low, high) if value is not None else None


def find_measured(connection: Connection, task_id: UUID) -> Mapping[str, Any]:
    """All that was measured of the singing: `vocalverse.measure.told` says what is in it."""
    found = (
        select(Measured.document, Notes)
        .join(Assessment, Assessment.id == Measured.assessment_id)
        .join(Notes, Notes.assessment_id == Measured.assessment_id)
        .where(Assessment.task_id == task_id)
    )
    row = connection.execute(found).first()
    if row is None:
        raise NotMeasured("Nothing was measured of the singing in it: its result says why, once there is one.")
    told: dict[str, Any] = json.loads(zlib.decompress(row.document))
    columns = {
        "start_s": row.onset_s,
        "end_s": row.offset_s,
        "midi": row.pitch_midi,
        "cents_spread": row.cents_spread,
        "level_db": row.level_db,
    }
    each = zip(*(values or () for values in columns.values()), strict=True)
    told["notes"] = [dict(zip(columns, (round(value, _DIGITS) for value in note), strict=True)) for note in each]
    return told
