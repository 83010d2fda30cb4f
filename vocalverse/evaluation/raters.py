"""Raters against each other, and the judge against them: what one rater comes to is what a judge can be asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vocalverse.evaluation import agreement
from vocalverse.evaluation.agreement import Level, Ratings
from vocalverse.evaluation.correlation import lcc, rmse, srcc
from vocalverse.evaluation.figure import Figure, Floats, Resampling, figures
from vocalverse.training.manifest import Clip

_MEASURES = {"rmse": rmse, "lcc": lcc, "srcc": srcc}
_DRAWS = 200  # of what is reckoned for every rater
_STEP = 1.0


@dataclass(frozen=True)
class Rater:
    """One of them against the mean of the others, for clips that they share."""

    rater: str
    clips: int
    offset: float  # above 0: kinder than the others
    figures: Mapping[str, float | None]


@dataclass(frozen=True)
class Agreement:
    raters: tuple[Rater, ...]
    figures: Mapping[str, Figure]
    one_against_rest: Mapping[str, Figure]  # the mean over raters: the ceiling
    judge_against_rest: Mapping[str, Figure]  # the judge in each one's place, for the same clips; empty without a judge


def agreement_of(
    clips: Sequence[Clip], dimension: str, resampling: Resampling, told: Mapping[str, float] | None = None
) -> Agreement:
    """Raises TooFew where no two raters with names rated the same clip."""
    ratings = Ratings.of(clips, dimension)
    ratings.require_several(dimension)
    shared = np.isfinite(ratings.values).sum(axis=0) > 1
    values, among = ratings.values[:, shared], [clip for clip, yes in zip(clips, shared, strict=True) if yes]
    singers, judge = [clip.singer for clip in among], np.asarray([(told or {}).get(clip.id, np.nan) for clip in among])
    fewer = replace(resampling, draws=min(_DRAWS, resampling.draws))
    why = "raters say the same of all"
    return Agreement(
        raters=tuple(_rater(ratings.raters[at], values, at) for at in range(len(values))),
        figures=figures(lambda chosen: _among(values[:, chosen]), singers, resampling, why=why),
        one_against_rest=figures(lambda chosen: _against_rest(values[:, chosen], None), singers, fewer, why=why),
        judge_against_rest=figures(
            lambda chosen: _against_rest(values[:, chosen], judge[chosen]), singers, fewer, why=why
        )
        if told
        else {},
    )


def _among(values: Floats) -> dict[str, float | None]:
    return {
        "exact": agreement.exact(values),
        "within_1": agreement.within(values, _STEP),
        "kappa": agreement.kappa(values),
        "alpha_ordinal": agreement.alpha(values, Level.ORDINAL),
        "alpha_interval": agreement.alpha(values, Level.INTERVAL),
    }


def _against_rest(values: Floats, judge: Floats | None) -> dict[str, float | None]:
    """The mean over raters of each one, or of the judge, against the others."""
    counts, found = [], []
    for at, said in enumerate(values):
        others = agreement.rest(values, at)
        both = np.isfinite(said) & np.isfinite(others) & (True if judge is None else np.isfinite(judge))
        one = said if judge is None else judge
        counts.append(int(both.sum()))
        found.append({name: measure(one[both], others[both]) for name, measure in _MEASURES.items()})
    return {name: _mean([each[name] for each in found], counts) for name in _MEASURES}


def _mean(values: Sequence[float | None], counts: Sequence[int]) -> float | None:
    known = [(value, count) for value, count in zip(values, counts, strict=True) if value is not None]
    return float(np.average([v for v, _ in known], weights=[c for _, c in known])) if known else None


def _rater(name: str, values: Floats, at: int) -> Rater:
    others = agreement.rest(values, at)
    both = np.isfinite(values[at]) & np.isfinite(others)
    mine, theirs = values[at][both], others[both]
    offset = float(np.mean(mine - theirs)) if both.any() else 0.0
    return Rater(name, int(both.sum()), offset, {name: one(mine, theirs) for name, one in _MEASURES.items()})
