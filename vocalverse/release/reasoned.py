"""What evidence is worth, and what a score is that rests on it.

Each piece is worth what its curve says, drawn towards the usual as far as it rests on little. A score is the usual and
what each piece adds to it or takes from it; what is not known does neither, and leaves the score less sure.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vocalverse.evidence.find import KINDS
from vocalverse.evidence.kind import Found, Moment, amount_column
from vocalverse.records import Evidence, Score
from vocalverse.release.spec import HEARD, DimensionSpec, EvidenceSpec, OverallSpec

_UNITS = {kind.name: kind.unit.value for kind in KINDS} | {HEARD: ""}
_DOUBT = 1.0  # of a piece of which nothing is known, in points of the scale
_LEAST_DOUBT = 0.25  # of the surest


@dataclass(frozen=True)
class Heard:
    """What the heads say."""

    value: float
    spread: float


@dataclass(frozen=True)
class Reasoned:
    value: float
    spread: float
    evidence: tuple[Evidence, ...]  # what is known, in the release's order


def weigh(dimension: DimensionSpec, figures: Mapping[str, float], heard: Heard | None) -> Reasoned:
    total = sum(one.weight for one in dimension.evidence)
    shared = tuple(replace(one, weight=one.weight / total) for one in dimension.evidence)
    return _summed(shared, figures, dimension.usual, heard)


def adding(overall: OverallSpec, figures: Mapping[str, float]) -> Reasoned:
    """What evidence adds to the overall mark, or takes from it."""
    return _summed(overall.evidence, figures, overall.usual, None)


def placed(score: Score, specs: Sequence[EvidenceSpec], found: Mapping[str, Found]) -> Score:
    """With the moment of each piece that shows best why it raised the score, or lowered it."""
    curves = {one.name: one for one in specs}
    evidence = [_placed(one, curves[one.name], found.get(one.name)) for one in score.evidence]
    return replace(score, evidence=tuple(evidence))


def _summed(specs: Sequence[EvidenceSpec], figures: Mapping[str, float], usual: float, heard: Heard | None) -> Reasoned:
    told, variance = [], 0.0
    for one in specs:
        trust = _trust(one, figures)
        variance += (one.weight * _doubt(one, trust, heard)) ** 2
        if trust:
            value = heard.value if heard and one.name == HEARD else figures[one.name]
            told.append(_told(one, value, usual, one.weight * trust))
    return Reasoned(usual + sum(one.effect for one in told), math.sqrt(variance), tuple(told))


def worth(spec: EvidenceSpec, value: float) -> float:
    """Level beyond its first and its last piece."""
    return float(np.interp(value, spec.at, spec.to))


def _told(spec: EvidenceSpec, value: float, usual: float, weight: float) -> Evidence:
    said = worth(spec, value)
    return Evidence(spec.name, value, _UNITS[spec.name], said, weight * (said - usual))


def _trust(spec: EvidenceSpec, figures: Mapping[str, float]) -> float:
    """0 where it is not known, 1 where it rests on more than anybody could ask for."""
    if spec.name == HEARD:
        return 1.0
    amount = figures.get(amount_column(spec.name), math.nan)
    if math.isnan(amount) or math.isnan(figures.get(spec.name, math.nan)):
        return 0.0
    return amount / (amount + spec.enough) if amount > 0 else 0.0


def _doubt(spec: EvidenceSpec, trust: float, heard: Heard | None) -> float:
    if spec.name == HEARD and heard:
        slope = abs(worth(spec, heard.value + heard.spread) - worth(spec, heard.value - heard.spread)) / 2
        return max(_LEAST_DOUBT, slope)
    return max(_LEAST_DOUBT, _DOUBT * math.sqrt(1 - trust))


def _placed(evidence: Evidence, spec: EvidenceSpec, found: Found | None) -> Evidence:
    if found is None or not found.moments:
        return evidence

    side = 1 if evidence.effect >= 0 else -1

    def plainly(moment: Moment) -> tuple[float, float]:
        """Where the curve is level, what lasts longer tells more."""
        return side * worth(spec, moment.value), moment.to_s - moment.from_s

    plainest = max(found.moments, key=plainly)
    return replace(evidence, from_s=plainest.from_s, to_s=plainest.to_s, value_there=plainest.value)
