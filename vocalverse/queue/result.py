"""What a worker found out, as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert

from vocalverse.ids import uuid7
from vocalverse.records import OVERALL, Assessment, Score
from vocalverse.store import tables

if TYPE_CHECKING:
    from vocalverse.queue.lease import Lease

_Rows = list[dict[str, Any]]


def write_result(connection: Connection, lease: "Lease", assessment: Assessment) -> None:
    """All of it, in the transaction that ends the task."""
    assessment_id = uuid7()
    connection.execute(
        insert(tables.Assessment).values(
            id=assessment_id,
            task_id=lease.task_id,
            recording_id=lease.recording_id,
            venue_id=lease.venue_id,
            release=lease.release,
            outcome=assessment.outcome,
            prescreen=assessment.verdict,
            remarks=[remark.value for remark in assessment.remarks],
            stage_seconds={stage: round(seconds, 4) for stage, seconds in assessment.stage_seconds.items()},
            **_overall(assessment.overall),
        )
    )
    for table, values in _parts(assessment):
        if values:
            connection.execute(insert(table), [{"assessment_id": assessment_id, **one} for one in values])


def _parts(assessment: Assessment) -> Sequence[tuple[type[tables.Base], _Rows]]:
    sung, measured = assessment.sung, _figures(assessment)
    return (
        (tables.Finding, [{"code": one.code, "evidence": dict(one.evidence)} for one in assessment.findings]),
        (tables.Score, [{"dimension": score.dimension, **score.figures} for score in assessment.scores]),
        (tables.Evidence, _evidence(assessment)),
        (tables.Feedback, [asdict(words) for words in assessment.feedback]),
        (tables.Measures, [measured] if measured else []),
        (tables.Notes, [asdict(sung.notes)] if sung else []),
        (tables.Phrases, [asdict(sung.phrases)] if sung else []),
        (tables.Measured, [{"document": sung.document}] if sung else []),
    )


def _evidence(assessment: Assessment) -> _Rows:
    return [{"dimension": score.dimension, **asdict(one)} for score in assessment.marks for one in score.evidence]


def _overall(score: Score | None) -> Mapping[str, float | None]:
    if score is None:
        return {}
    return {OVERALL if name == "value" else f"{OVERALL}_{name}": said for name, said in score.figures.items()}


def _figures(assessment: Assessment) -> dict[str, Any]:
    """Of the recording and of the singing in it: one row."""
    recording, sung = assessment.measures, assessment.sung
    return (asdict(recording) if recording else {}) | (asdict(sung.figures) if recording and sung else {})
