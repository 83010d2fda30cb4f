"""The samples' results side by side, and whether the judge tells the one that was sung worse from what it was made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from vocalverse.records import OVERALL

if TYPE_CHECKING:
    from vocalverse.embedded.first_takes import Recording

_DIMENSIONS = ("breath", "technique", "timbre", "emotion")  # others come behind
_MARKS = ("pitch", "rhythm")


@dataclass(frozen=True)
class Apart:
    """By what the judge tells a sample from the same one sung worse: the dimension that lost most, and its evidence."""

    better: str  # the samples' names
    worse: str
    dimension: str
    scores: Sequence[float]  # before, after
    evidence: str
    values: Sequence[float]
    unit: str

    @classmethod
    def of(cls, better: "Recording", worse: "Recording") -> Self | None:
        """None where not both were scored, or nothing was lost."""
        before, after = (one.get("assessment") or {} for one in (better, worse))
        scores = {
            name: (one["value"], after["dimensions"][name]["value"])
            for name, one in before.get("dimensions", {}).items()
            if name in after.get("dimensions", {})
        }
        if not scores:
            return None
        dimension = max(scores, key=lambda name: scores[name][0] - scores[name][1])
        pieces = [{piece["name"]: piece for piece in one["evidence"].get(dimension, ())} for one in (before, after)]
        lost = {name: pieces[0][name]["effect"] - pieces[1][name]["effect"] for name in pieces[0].keys() & pieces[1]}
        most = max(lost, key=lambda name: (lost[name], name), default=None)
        if most is None or lost[most] <= 0:
            return None
        values = [one[most]["value"] for one in pieces]
        return cls(better["song"], worse["song"], dimension, scores[dimension], most, values, pieces[0][most]["unit"])

    def sentence(self) -> str:
        from vocalverse.samples.worse import SAID

        before, after = (f"{score:.1f}" for score in self.scores)
        told = " to ".join(_in_unit(value, self.unit) for value in self.values)
        return (
            f"{self.worse} is {self.better} made worse on purpose: {SAID}. The judge tells: {self.dimension} falls from"
            f" {before} to {after}, most by {self.evidence.replace('_', ' ')}, {told}."
        )


def told_apart(recordings: "Sequence[Recording]") -> tuple[Apart, ...]:
    """Each sample that was made worse, where both are here."""
    from vocalverse.samples import SAMPLES

    here = {one["song"]: one for one in recordings}
    pairs = [(one.worse_than, one.name) for one in SAMPLES if one.worse_than]
    found = (Apart.of(here[better], here[worse]) for better, worse in pairs if better in here and worse in here)
    return tuple(one for one in found if one)


def row(recording: "Recording") -> dict[str, object]:
    assessment = recording.get("assessment") or {}
    overall, judged = assessment.get(OVERALL), assessment.get("dimensions") or {}
    names = [*(name for name in _DIMENSIONS if name in judged), *(name for name in judged if name not in _DIMENSIONS)]
    return {
        "song": recording["song"],
        OVERALL: _of_100(overall) if overall else None,
        **{name: f"{judged[name]['value']:.1f}" for name in names},
        **{name: _mark(assessment.get(name)) for name in _MARKS},
        "outcome": assessment.get("outcome") or recording["state"],
        "reasons": [reason["code"] for reason in assessment.get("reasons") or []],
        "recording_id": recording["recording_id"],
    }


def _of_100(judged: Mapping[str, Any]) -> str | None:
    if judged["mark"] is None:
        return None
    return f"{judged['mark']:.0f} ({judged['mark_low']:.0f} to {judged['mark_high']:.0f})"


def _mark(mark: Mapping[str, float] | None) -> str | None:
    return f"{mark['value']:.0f}" if mark else None


def _in_unit(value: float, unit: str) -> str:
    from vocalverse.evidence.kind import Unit
    from vocalverse.feedback.numbers import told
    from vocalverse.records import Language

    return told(value, Unit(unit), Language.EN) if unit else f"{value:.2g}"
