"""What a learnt release still lacks: how far its intervals reach, and over real singers where on the scale they lie.

An interval has to hold what the same take is told as, when it comes through another room, microphone and codec, or is
cut in half.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from vocalverse.records import Score
from vocalverse.release import conformal
from vocalverse.release.overall import compose
from vocalverse.release.spec import Calibration, DimensionSpec, OverallSpec, ReleaseSpec
from vocalverse.release.told import as_score, calibrated, stretch
from vocalverse.training.bundled.hear import Said, Version

_COVERAGE = 0.9
_QUANTILES = (0.05, 0.5, 0.95)
_LOW, _MIDDLE, _HIGH = 2.1, 3.3, 4.2  # amateurs are spread so; professionals come above, the broken below
_STEEPEST = 2.5  # who differs little is not torn apart
_ENDS = (1.0, 5.0)
_ENDLESS = 1e6

_Scale = TypeVar("_Scale", DimensionSpec, OverallSpec)
Raw = Callable[[Said], Score]  # on a scale that cuts nothing, with an interval as wide as its spread


def settle(spec: ReleaseSpec, said: Sequence[Said], amateurs: Sequence[Said] = ()) -> ReleaseSpec:
    """Without amateurs its dimensions keep the places that were reasoned."""
    dimensions = tuple(
        replace(one, calibration=_fitted(one, _of_dimension(one.key), said, amateurs)) for one in spec.dimensions
    )
    if spec.overall is None:
        return replace(spec, dimensions=dimensions)
    calibration = _fitted(spec.overall, _of_overall(dimensions, spec.overall), said, amateurs)
    return replace(spec, dimensions=dimensions, overall=replace(spec.overall, calibration=calibration))


def bare(spec: ReleaseSpec) -> ReleaseSpec:
    """Tells what dimensions come to before they are calibrated."""
    return replace(spec, dimensions=tuple(_bare(one) for one in spec.dimensions), overall=None)


def placed(values: Sequence[float]) -> Calibration:
    """Amateurs spread over the scale, as far as they differ, and the same slopes beyond them until it ends."""
    low, middle, high = (float(np.quantile(values, one)) for one in _QUANTILES)
    below, above = _slope(middle - low, _MIDDLE - _LOW), _slope(high - middle, _HIGH - _MIDDLE)
    at = (middle - (_MIDDLE - _ENDS[0]) / below, middle, middle + (_ENDS[1] - _MIDDLE) / above)
    return Calibration(at=at, to=(_ENDS[0], _MIDDLE, _ENDS[1]))


def _slope(apart: float, told: float) -> float:
    return min(told / apart, _STEEPEST) if apart else _STEEPEST


def _fitted(one: DimensionSpec | OverallSpec, raw: Raw, said: Sequence[Said], amateurs: Sequence[Said]) -> Calibration:
    plain = [raw(take).value for take in amateurs if take.version is Version.PLAIN]
    calibration = placed(plain) if plain else one.calibration
    return replace(calibration, reach=_reach(calibration, raw, said), coverage=_COVERAGE)


def _reach(calibration: Calibration, raw: Raw, said: Sequence[Said]) -> float:
    told = {(take.clip, take.version): raw(take) for take in said}
    moved = [
        (score, told[clip, Version.PLAIN]) for (clip, version), score in told.items() if version is not Version.PLAIN
    ]
    values = np.asarray([[score.value, plain.value] for score, plain in moved])
    ends = np.clip(calibrated(values, calibration), *_ENDS)
    spreads = np.asarray([score.high - score.value for score, _ in moved]) * stretch(calibration)
    return conformal.fit(np.diff(ends, axis=1)[:, 0], spreads, _COVERAGE)


def _of_dimension(key: str) -> Raw:
    return lambda take: take.scores[key]


def _of_overall(dimensions: Sequence[DimensionSpec], overall: OverallSpec) -> Raw:
    """Of dimensions as they will be told."""

    def raw(take: Said) -> Score:
        scores = {one.key: _told(take.scores[one.key], one) for one in dimensions}
        found = compose(_bare(overall), scores, take.figures)
        assert found is not None
        return found

    return raw


def _told(raw: Score, one: DimensionSpec) -> Score:
    return as_score(one.key, raw.value, raw.high - raw.value, one)


def _bare(one: _Scale) -> _Scale:
    return replace(one, calibration=Calibration(), low=-_ENDLESS, high=_ENDLESS)
