"""The overall mark: what a release composes of its dimensions and of measures."""

import math
from collections.abc import Mapping
from dataclasses import replace

from vocalverse.records import OVERALL, Score
from vocalverse.release.reasoned import adding
from vocalverse.release.spec import OverallSpec, Weighed
from vocalverse.release.told import as_score


def compose(overall: OverallSpec, scores: Mapping[str, Score], figures: Mapping[str, float]) -> Score | None:
    """None where a dimension that counts has no score. Its spread is what those of the dimensions add up to: they err
    together more often than against each other.
    """
    weights = {key: weight for key, weight in overall.weights.items() if weight}
    if not weights.keys() <= scores.keys():
        return None
    value = overall.intercept + sum(weight * scores[key].value for key, weight in weights.items())
    value += sum(_part(weighed, figures.get(column, math.nan)) for column, weighed in overall.measures.items())
    added = adding(overall, figures)
    value += added.value - overall.usual
    spread = sum(abs(weight) * _half(scores[key]) for key, weight in weights.items())
    told = as_score(OVERALL, value, math.hypot(spread, added.spread), overall)
    return replace(told, evidence=added.evidence)


def _half(score: Score) -> float:
    """Of the interval's width; the scale's end may have cut one side."""
    return max(score.high - score.value, score.value - score.low)


def _part(weighed: Weighed, value: float) -> float:
    return 0.0 if math.isnan(value) else weighed.weight * (value - weighed.mean) / weighed.scale
