"""From what heads say to what is told, by hand."""

import math

import numpy as np
import pytest
import torch

from vocalverse.models.heads.batch import Estimate
from vocalverse.records import OVERALL, Mark, Measures, Score
from vocalverse.release.figures import columns, figures
from vocalverse.release.overall import compose
from vocalverse.release.spec import Calibration, DimensionSpec, OverallSpec, Weighed
from vocalverse.release.told import as_score, calibrated, reach, stretch, together
from vocalverse.sung import Figures

BENT = Calibration(at=(1.0, 3.0, 5.0), to=(2.0, 2.5, 4.0), reach=2.0)


def dimension(calibration: Calibration = Calibration(), low: float = 1.0, high: float = 5.0) -> DimensionSpec:
    return DimensionSpec("breath", "Breath", heads=("head",), low=low, high=high, calibration=calibration)


def test_an_ensemble_is_as_unsure_as_its_members_are_and_as_they_differ():
    members = [
        Estimate(torch.tensor([[2.0]]), torch.tensor([[0.3]])),
        Estimate(torch.tensor([[4.0]]), torch.tensor([[0.5]])),
    ]
    found = together(members)
    assert found.value.item() == pytest.approx(3.0)
    assert found.spread.item() == pytest.approx(math.sqrt((0.09 + 0.25) / 2 + 1.0))


def test_one_member_is_told_as_it_is():
    alone = together([Estimate(torch.tensor([[2.0]]), torch.tensor([[0.3]]))])
    assert (alone.value.item(), alone.spread.item()) == pytest.approx((2.0, 0.3))


def test_straight_pieces_map_what_is_said_and_are_level_beyond_their_ends():
    said = np.array([0.0, 1.0, 2.0, 4.0, 5.0, 9.0])
    assert calibrated(said, BENT) == pytest.approx([2.0, 2.0, 2.25, 3.25, 4.0, 4.0])
    assert calibrated(said, Calibration()) == pytest.approx(said)


def test_an_interval_reaches_as_far_as_the_whole_map_stretches_it():
    assert stretch(BENT) == pytest.approx(0.5)
    assert reach(0.4, BENT) == pytest.approx(2.0 * 0.5 * 0.4)
    assert stretch(Calibration()) == 1.0
    assert stretch(Calibration(at=(1.0, 2.0), to=(3.0, 3.0))) == 1.0  # one that knows nothing is not sure of it


def test_a_score_is_told_on_the_scale_and_as_a_mark():
    assert as_score("breath", 2.0, 0.5, dimension(BENT)) == Score("breath", 2.25, 1.75, 2.75, Mark(31.25, 18.75, 43.75))


def test_the_scale_ends_what_is_told():
    told = as_score("breath", 4.8, 0.5, dimension())
    assert (told.value, told.low, told.high) == pytest.approx((4.8, 4.3, 5.0))
    strength = as_score("breath", 40.0, 2.0, dimension(low=-10.0, high=10.0))
    assert (strength.value, strength.low, strength.high) == (10.0, 10.0, 10.0)
    assert strength.mark == Mark(100.0, 100.0, 100.0)


def test_the_overall_mark_is_composed_of_dimensions_and_measures():
    spec = OverallSpec(
        weights={"breath": 0.5, "timbre": 0.25},
        measures={"hnr_db": Weighed(0.2, mean=15.0, scale=5.0), "jitter": Weighed(9.0, mean=1.0, scale=1.0)},
        intercept=0.6,
    )
    scores = {"breath": Score("breath", 3.0, 2.8, 3.2), "timbre": Score("timbre", 4.0, 3.6, 4.4)}
    found = compose(spec, scores, {"hnr_db": 20.0, "jitter": math.nan})
    assert found is not None
    assert found.dimension == OVERALL
    assert found.value == pytest.approx(0.6 + 1.5 + 1.0 + 0.2)  # what is not known counts as its mean
    assert (found.high - found.value, found.value - found.low) == pytest.approx((0.2, 0.2))  # 0.5 · 0.2 + 0.25 · 0.4


def test_a_scale_s_end_makes_nobody_surer():
    """At the end of the scale half of an interval is cut away; the other half tells how wide it was."""
    spec = OverallSpec(weights={"breath": 1.0}, low=0.0, high=10.0)
    found = compose(spec, {"breath": Score("breath", 5.0, 4.2, 5.0)}, {})
    assert found is not None
    assert (found.low, found.high) == pytest.approx((4.2, 5.8))


def test_no_overall_mark_is_made_up_for_a_dimension_without_a_score():
    breath = {"breath": Score("breath", 3.0, 2.0, 4.0)}
    assert compose(OverallSpec(weights={"breath": 0.5, "timbre": 0.5}), breath, {}) is None
    assert compose(OverallSpec(weights={"breath": 0.5, "timbre": 0.0}), breath, {}) is not None


def test_the_overall_mark_has_a_calibration_of_its_own():
    spec = OverallSpec(weights={"breath": 1.0}, calibration=BENT)
    found = compose(spec, {"breath": Score("breath", 2.0, 1.8, 2.2)}, {})
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((2.25, 2.05, 2.45))


def test_every_number_that_is_measured_is_a_column_once():
    assert len(set(columns())) == len(columns()) > 90
    assert {"duration_s", "channels", "vibrato_rate_hz", "note_count", "backing_drift_ppm"} <= set(columns())
    assert {"codec", "tendency", "song_untold", "dynamics_moved"}.isdisjoint(columns())


def test_what_is_not_known_is_no_number():
    measures = Measures(
        duration_s=9.0,
        sample_rate_hz=44_100,
        channels=1,
        codec="flac",
        loudness_lufs=None,
        peak_dbfs=-1.0,
        clipped_share=0.0,
        longest_clip_ms=0.0,
        noise_floor_dbfs=None,
        dc_offset=0.0,
        dropout_count=0,
        dropout_s=0.0,
        dead_channels=0,
        channel_correlation=None,
    )
    found = figures(measures, Figures(note_count=12), {})
    assert tuple(found) == columns()
    assert (found["duration_s"], found["note_count"]) == (9.0, 12.0)
    assert math.isnan(found["loudness_lufs"])
    assert math.isnan(found["hnr_db"])
