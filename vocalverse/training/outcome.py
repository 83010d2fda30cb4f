"""What was learnt, held against clips that nobody learnt from: members chosen, calibrated, and measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from vocalverse.errors import TooFew
from vocalverse.evaluation import correlation
from vocalverse.evaluation.figure import Chosen, Figure, Resampling, figures
from vocalverse.models.heads.batch import Estimate
from vocalverse.release import calibrate, conformal
from vocalverse.release.calibrate import Judged, Scale
from vocalverse.release.conformal import Held
from vocalverse.release.spec import Calibration
from vocalverse.release.told import calibrated, stretch, together
from vocalverse.training.ensemble import kept
from vocalverse.training.manifest import Clip
from vocalverse.training.reasoned import strengths
from vocalverse.training.recipe import Recipe, Target
from vocalverse.training.splits import TRAIN, VALIDATION
from vocalverse.training.teach import Said, School, Taught, said

CALIBRATION = "calibration"

_FEWEST_SINGERS = 2
_ENDS = (0.05, 0.95)  # quantiles that become the ends of the scale
_DRAWS = Resampling(draws=400)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Test:
    """Of one dimension, on clips that nobody learnt from."""

    singers: int
    wanted: Floats
    said: Floats
    figures: Mapping[str, Figure]  # mse, lcc, srcc, tau
    mse_of_mean: float  # of telling everybody the mean of what was learnt from
    held: Held  # by intervals


@dataclass(frozen=True)
class Outcome:
    dimension: str
    head: str
    calibration: Calibration
    test: Test | None  # None: nobody rated a clip of the test on it
    pairs: int = 0  # that somebody compared, of clips of the test
    in_order: float | None = None  # the share of them that it puts in their order
    strengths: tuple[float, ...] = ()  # from the least to the most, where what is heard is evidence beside others


def require_calibratable(recipe: Recipe, clips: Sequence[Clip]) -> None:
    """Before anything is learnt: that there is enough to calibrate each dimension on."""
    for dimension in recipe.dimensions:
        rated = [clip for clip in clips if clip.mean(dimension) is not None]
        if not rated and recipe.training.target is Target.PAIRS:
            continue
        if len({clip.singer for clip in rated}) < _FEWEST_SINGERS:
            raise TooFew(
                f"{dimension}: to calibrate on there are {len(rated)} rated clips, and they have to be of"
                f" {_FEWEST_SINGERS} singers or more: rate more, or give more of them (--set shares.calibration=…)."
            )
        try:
            conformal.fit(np.zeros(len(rated)), np.ones(len(rated)), recipe.coverage)
        except TooFew as error:
            raise TooFew(f"{dimension}: {error}") from None


def choose(taught: Sequence[Taught], school: School) -> dict[str, tuple[Taught, ...]]:
    """By head: the members that are kept, the best first."""
    clips = school.parts[VALIDATION]
    chosen = {}
    for head, recipe in school.recipe.heads.items():
        mine = {one.member.name: one for one in taught if one.member.head == head}
        names = kept(
            school.recipe,
            {name: said(one, school, clips).value for name, one in mine.items()},
            _wanted(clips, recipe.dimensions),
            clips,
        )
        chosen[head] = tuple(mine[name] for name in names)
    return chosen


def outcomes(chosen: Mapping[str, Sequence[Taught]], school: School, tests: Sequence[Clip]) -> tuple[Outcome, ...]:
    found = []
    for head, members in chosen.items():
        calibration, test = (_together(members, school, clips) for clips in (school.parts[CALIBRATION], tests))
        for at, dimension in enumerate(school.recipe.heads[head].dimensions):
            fitted_on = _judged(calibration, school.parts[CALIBRATION], dimension, at)
            others = _judged(test, tests, dimension, at)
            ordered = _in_order(test.value[:, at], tests, dimension, school)
            found.append(
                Outcome(
                    dimension,
                    head,
                    calibration=_calibration(fitted_on, calibration, at, school),
                    test=_test(dimension, fitted_on, others, school) if len(others.wanted) else None,
                    pairs=len(ordered),
                    in_order=float(np.mean(ordered)) if ordered else None,
                    strengths=_strengths(members, at, school) if school.recipe.reasoned else (),
                )
            )
    return tuple(found)


def _calibration(fitted_on: Judged, found: Said, at: int, school: School) -> Calibration:
    """Where clips were only compared, the scale is spread over their order, and an interval is all of it."""
    scale = _scale(school)
    if len(fitted_on.wanted):
        return calibrate.fit(fitted_on, scale, school.recipe.coverage)
    worst, best = np.quantile(found.value[:, at], _ENDS)
    spread = Calibration(at=(float(worst), float(max(best, worst + 1e-3))), to=(scale.low, scale.high))
    reach = (scale.high - scale.low) / (stretch(spread) * float(found.spread[:, at].min()))
    return replace(spread, reach=reach, coverage=school.recipe.coverage)


def _strengths(members: Sequence[Taught], at: int, school: School) -> tuple[float, ...]:
    """On all clips that were not learnt from."""
    clips = [clip for name, part in school.parts.items() if name != TRAIN for clip in part]
    return strengths(_together(members, school, clips).value[:, at], clips)


def _scale(school: School) -> Scale:
    return Scale(school.known.low, school.known.high)


def _in_order(said: Floats, clips: Sequence[Clip], dimension: str, school: School) -> list[bool]:
    """Of every pair that somebody compared."""
    by_id = dict(zip([clip.id for clip in clips], said, strict=True))
    return [
        bool(by_id[pair.better] > by_id[pair.worse])
        for pair in school.manifest.pairs
        if pair.dimension == dimension and {pair.better, pair.worse} <= by_id.keys()
    ]


def _test(dimension: str, fitted_on: Judged, others: Judged, school: School) -> Test | None:
    if not len(fitted_on.wanted):
        return None
    scale, coverage = _scale(school), school.recipe.coverage
    calibration = calibrate.fit(fitted_on, scale, coverage)
    said = np.clip(calibrated(others.value, calibration), scale.low, scale.high).astype(np.float64)
    rated = [mean for clip in school.parts[TRAIN] if (mean := clip.mean(dimension)) is not None]
    mean = float(np.mean(rated)) if rated else (scale.low + scale.high) / 2
    return Test(
        singers=len(set(others.singer)),
        wanted=others.wanted,
        said=said,
        figures=_figures(said, others),
        mse_of_mean=float(np.mean((mean - others.wanted) ** 2)),
        held=calibrate.hold(fitted_on, others, scale, coverage),
    )


def _figures(said: Floats, others: Judged) -> Mapping[str, Figure]:
    """With intervals over draws of singers."""

    def reckon(chosen: Chosen) -> Mapping[str, float | None]:
        ours, theirs = said[chosen], others.wanted[chosen]
        return {name: correlation.MEASURES[name](ours, theirs) for name in ("mse", "lcc", "srcc", "tau")}

    return figures(reckon, others.singer, _DRAWS, why=correlation.why_no_order(said, others.wanted))


def _together(members: Sequence[Taught], school: School, clips: Sequence[Clip]) -> Said:
    """As a release puts an ensemble together."""
    single = [said(one, school, clips) for one in members]
    joint = together([Estimate(torch.from_numpy(one.value), torch.from_numpy(one.spread)) for one in single])
    return Said(joint.value.numpy(), joint.spread.numpy())


def _judged(found: Said, clips: Sequence[Clip], dimension: str, at: int) -> Judged:
    wanted = _wanted(clips, [dimension])[:, 0]
    every = Judged(found.value[:, at], found.spread[:, at], wanted, [clip.singer for clip in clips])
    return every.where(np.isfinite(wanted))


def _wanted(clips: Sequence[Clip], dimensions: Sequence[str]) -> Floats:
    """[clips, dimensions] means of raters, not a number where nobody rated."""
    rows = [[clip.mean(dimension) for dimension in dimensions] for clip in clips]
    return np.asarray(rows, np.float64).reshape(len(clips), len(dimensions))
