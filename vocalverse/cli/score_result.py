"""An assessment as JSON, in the words in which the gateway tells of it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from vocalverse.records import Assessment

_SCORED = ("pitch", "rhythm")


def as_result(assessment: Assessment, release: str) -> dict[str, Any]:
    """Of a recording that no database knows."""
    from vocalverse.picture.portrait import mark_of

    figures = _figures(assessment)
    return {
        "outcome": assessment.outcome,
        "release": release,
        "verdict": assessment.verdict,
        "reasons": [asdict(finding) for finding in assessment.findings],
        "remarks": list(assessment.remarks),
        "dimensions": {score.dimension: score.figures for score in assessment.scores},
        "overall": assessment.overall.figures if assessment.overall else None,
        "evidence": _evidence(assessment),
        "words": _words(assessment),
        **{name: asdict(mark) if (mark := mark_of(assessment, name)) else None for name in _SCORED},
        "measures": figures or None,
    }


def _evidence(assessment: Assessment) -> dict[str, list[dict[str, Any]]]:
    """By dimension, and for the overall mark; what raised the score most first."""
    return {
        one.dimension: [asdict(piece) for piece in sorted(one.evidence, key=lambda piece: (-piece.effect, piece.name))]
        for one in assessment.marks
        if one.evidence
    }


def _words(assessment: Assessment) -> Mapping[str, Mapping[str, str]]:
    told: dict[str, dict[str, str]] = {}
    for one in assessment.feedback:
        told.setdefault(one.language, {})[one.about] = one.text
    return told


def _figures(assessment: Assessment) -> dict[str, Any]:
    """Of the recording and of the singing in it, but for the marks."""
    marks = {f"{name}_{part}" for name in _SCORED for part in ("score", "low", "high")}
    recording, sung = assessment.measures, assessment.sung
    row = (asdict(recording) if recording else {}) | (asdict(sung.figures) if sung else {})
    return {name: value for name, value in row.items() if name not in marks}
