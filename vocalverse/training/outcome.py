"""What was learnt, held against clips that nobody learnt from: members chosen, calibrated, and measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from vocalverse.errors import TooFew
from vocalverse.evaluation import correlation
from vocalverse.evaluation.figure import Chosen, Figure, Resampling, figures
from vocalverse.models.heads.batch import Estimate
from vocalverse.release import calibrate
from vocalverse.release.calibrate import Judged, Scale
from vocalverse.release.conformal import Held
from vocalverse.release.spec import Calibration
from vocalverse.release.told import calibrated, together
from vocalverse.training.ensemble import kept
from vocalverse.training.manifest import Clip
from vocalverse.training.splits import TRAIN, VALIDATION
from vocalverse.training.teach import Said, School, Taught, said

CALIBRATION = "calibration"

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
            found.append(_outcome(dimension, head, fitted_on, others, school))
    return tuple(found)


def _outcome(dimension: str, head: str, fitted_on: Judged, others: Judged, school: School) -> Outcome:
    scale, coverage = Scale(school.known.low, school.known.high), school.recipe.coverage
    try:
        calibration = calibrate.fit(fitted_on, scale, coverage)
    except TooFew as error:
        raise TooFew(f"{dimension}: {error}") from None
    if not len(others.wanted):
        return Outcome(dimension, head, calibration, None)
    said = np.clip(calibrated(others.value, calibration), scale.low, scale.high).astype(np.float64)
    rated = [mean for clip in school.parts[TRAIN] if (mean := clip.mean(dimension)) is not None]
    mean = float(np.mean(rated)) if rated else (scale.low + scale.high) / 2
    test = Test(
        singers=len(set(others.singer)),
        wanted=others.wanted,
        said=said,
        figures=_figures(said, others),
        mse_of_mean=float(np.mean((mean - others.wanted) ** 2)),
        held=calibrate.hold(fitted_on, others, scale, coverage),
    )
    return Outcome(dimension, head, calibration, test)


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
