"""Where on the scale a learnt release lies, and how far its intervals reach."""

import numpy as np
import pytest

from vocalverse.records import Score
from vocalverse.release.spec import Calibration, DimensionSpec, EvidenceSpec, OverallSpec, ReleaseSpec
from vocalverse.release.told import as_score, calibrated
from vocalverse.training.bundled.hear import Said, Version
from vocalverse.training.bundled.settle import bare, placed, settle

BREATH = DimensionSpec("breath", "Breath", evidence=(EvidenceSpec("phrase_ends_held", 1.0, (0.0, 9.0), (5.0, 1.0)),))
SPEC = ReleaseSpec("small", "Small", (BREATH,), overall=OverallSpec(weights={"breath": 1.0}))


def _said(singers: int, *, moved: float, seed: int = 3) -> list[Said]:
    """Takes whose score another recording moves by so much, in the mean."""
    random = np.random.default_rng(seed)
    told = []
    for clip, own in enumerate(random.normal(3.0, 0.3, singers)):
        for version in Version:
            value = own + (version is not Version.PLAIN) * random.normal(0, moved)
            score = Score("breath", value, value - 0.5, value + 0.5)
            told.append(Said(str(clip), version, {"breath": score}, {}))
    return told


def _holds(spec: ReleaseSpec, said: list[Said]) -> float:
    """How often an interval holds what the plain take is told as."""
    one = spec.dimensions[0]
    told = {(take.clip, take.version): as_score("breath", take.scores["breath"].value, 0.5, one) for take in said}
    moved = [(score, told[clip, Version.PLAIN]) for (clip, version), score in told.items() if version != Version.PLAIN]
    return float(np.mean([score.low <= plain.value <= score.high for score, plain in moved]))


@pytest.mark.parametrize("moved", [0.05, 0.2])
def test_intervals_hold_what_other_recordings_of_the_take_are_told_as(moved: float) -> None:
    settled = settle(SPEC, _said(60, moved=moved))
    assert 0.8 < _holds(settled, _said(60, moved=moved, seed=8)) <= 0.98


def test_a_dimension_that_recordings_move_more_has_wider_intervals() -> None:
    calm, restless = (settle(SPEC, _said(60, moved=moved)) for moved in (0.05, 0.2))
    assert restless.dimensions[0].calibration.reach > 2 * calm.dimensions[0].calibration.reach
    assert restless.overall is not None
    assert restless.overall.calibration.reach > 0


def test_without_amateurs_a_dimension_stays_where_it_was_reasoned() -> None:
    settled = settle(SPEC, _said(30, moved=0.1)).dimensions[0].calibration
    assert (settled.at, settled.to) == (BREATH.calibration.at, BREATH.calibration.to)


def test_amateurs_are_spread_over_the_scale() -> None:
    said = _said(60, moved=0.1)
    calibration = settle(SPEC, said, said).dimensions[0].calibration
    values = calibrated(
        np.asarray([one.scores["breath"].value for one in said if one.version is Version.PLAIN]), calibration
    )
    assert np.quantile(values, 0.05) == pytest.approx(2.1)
    assert np.quantile(values, 0.95) == pytest.approx(4.2)


def test_beyond_the_amateurs_the_scale_goes_on_to_its_ends() -> None:
    calibration = placed([2.6, 2.8, 3.0, 3.2, 3.4])
    assert calibration.to[0] == 1.0
    assert calibration.to[-1] == 5.0
    assert list(calibration.at) == sorted(calibration.at)


def test_amateurs_who_are_all_alike_are_not_torn_apart() -> None:
    at, to = np.asarray(placed([3.0] * 9).at), np.asarray(placed([3.0] * 9).to)
    assert np.all(np.diff(to) / np.diff(at) <= 2.5 + 1e-9)
    assert np.interp(3.0, at, to) == pytest.approx(3.3)


def test_what_is_heard_for_it_is_cut_by_no_scale() -> None:
    laid = bare(SPEC)
    assert laid.dimensions[0].calibration == Calibration()
    assert as_score("breath", 7.5, 0.1, laid.dimensions[0]).value == 7.5
    assert laid.overall is None
