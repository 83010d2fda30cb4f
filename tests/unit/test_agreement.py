"""Raters among each other, against figures that were worked out elsewhere."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from tests.manifests import clip as plain
from vocalverse.errors import TooFew
from vocalverse.evaluation.agreement import Level, Ratings, alpha, exact, kappa, rest, within
from vocalverse.evaluation.figure import Resampling
from vocalverse.evaluation.raters import agreement_of
from vocalverse.training.manifest import Clip, Rating

NAN = np.nan
# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), part C: four observers, twelve units.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
)


def rated(name: str, singer: str, **said: float) -> Clip:
    one = plain(name, singer)
    ratings = tuple(Rating("breath", value, rater) for rater, value in said.items())
    return Clip(one.id, one.audio, one.singer, one.song, one.licence, ratings=ratings)


@pytest.mark.parametrize(
    ("level", "published"), [(Level.NOMINAL, 0.743), (Level.ORDINAL, 0.815), (Level.INTERVAL, 0.849)]
)
def test_alpha_is_krippendorffs_own(level: Level, published: float) -> None:
    assert alpha(KRIPPENDORFF, level) == pytest.approx(published, abs=5e-4)


@pytest.mark.parametrize("level", list(Level))
def test_alpha_is_one_where_all_agree_and_about_zero_by_chance(level: Level) -> None:
    same = np.tile([1.0, 2, 3, 4, 5, 3], (3, 1))
    assert alpha(same, level) == pytest.approx(1)
    by_chance = np.random.default_rng(1).integers(1, 6, size=(4, 3000)).astype(float)
    assert alpha(by_chance, level) == pytest.approx(0, abs=0.03)


def test_alpha_of_ranks_does_not_care_how_far_apart_ratings_are() -> None:
    stretched = np.where(KRIPPENDORFF == 5, 50, KRIPPENDORFF)
    assert alpha(stretched, Level.ORDINAL) == pytest.approx(alpha(KRIPPENDORFF, Level.ORDINAL))
    assert alpha(stretched, Level.INTERVAL) != pytest.approx(alpha(KRIPPENDORFF, Level.INTERVAL), abs=0.01)


@pytest.mark.parametrize("level", list(Level))
def test_a_rating_that_stands_alone_counts_for_nothing(level: Level) -> None:
    alone = np.full((4, 1), NAN)
    alone[2] = 5
    assert alpha(np.hstack([KRIPPENDORFF, alone]), level) == pytest.approx(alpha(KRIPPENDORFF, level))


def test_kappa_is_scikit_learns_with_squared_weights() -> None:
    random = np.random.default_rng(4)
    one = random.integers(1, 6, size=80)
    other = np.clip(one + random.integers(-1, 2, size=80), 1, 5)
    assert kappa(np.stack([one, other]).astype(float)) == pytest.approx(
        cohen_kappa_score(one, other, weights="quadratic")
    )


def test_kappa_of_several_raters_is_the_mean_of_pairs_each_for_what_it_shares() -> None:
    values = np.array([[1, 2, 3, 4, 5, 1], [1, 2, 4, 4, 4, NAN], [NAN, NAN, 3, 5, 5, 2]])
    pairs = [([1, 2, 3, 4, 5], [1, 2, 4, 4, 4]), ([3, 4, 5, 1], [3, 5, 5, 2]), ([4, 4, 4], [3, 5, 5])]
    by_hand = [cohen_kappa_score(one, other, weights="quadratic", labels=[1, 2, 3, 4, 5]) for one, other in pairs]
    assert kappa(values) == pytest.approx(np.average(by_hand, weights=[5, 4, 3]))


def test_exact_and_near_agreement_count_pairs_of_ratings() -> None:
    values = np.array([[3, 3, 5], [3, 4, 3], [4, NAN, 5]])
    assert exact(values) == pytest.approx(2 / 7)  # 3 and 3; 5 and 5
    assert within(values, 1) == pytest.approx(5 / 7)  # not 5 and 3, twice


def test_nothing_is_made_up_where_nobody_shares_a_clip() -> None:
    apart = np.array([[3, NAN], [NAN, 4]])
    assert (exact(apart), within(apart, 1), kappa(apart), alpha(apart, Level.ORDINAL)) == (None, None, None, None)
    same = np.full((2, 3), 4.0)
    assert (exact(same), kappa(same), alpha(same, Level.INTERVAL)) == (1, None, None)
    assert kappa(np.empty((0, 0))) is None


def test_the_rest_is_the_mean_of_the_others() -> None:
    values = np.array([[1, 2, NAN], [3, NAN, 4], [5, NAN, 2]])
    assert rest(values, 0).tolist() == pytest.approx([4, NAN, 3], nan_ok=True)
    assert rest(values, 1).tolist() == pytest.approx([3, 2, 2], nan_ok=True)


def test_one_rater_only_is_too_few() -> None:
    with pytest.raises(TooFew, match=r"by two raters with names \(1 in all\)"):
        agreement_of([rated("a", "ann", x=3), rated("b", "bo", x=4)], "breath", Resampling(draws=10))
    with pytest.raises(TooFew, match=r"\(2 in all\)"):
        agreement_of([rated("a", "ann", x=3), rated("b", "bo", y=4)], "breath", Resampling(draws=10))
    with pytest.raises(TooFew, match=r"\(0 in all\)"):
        Ratings.of([], "breath").require_several("breath")


def test_a_judge_that_hears_the_truth_beats_one_rater_and_one_that_guesses_does_not() -> None:
    random = np.random.default_rng(2)
    truth = random.uniform(1, 5, 120)
    said = truth + random.normal(0, 0.6, (3, 120))
    said[1] += 0.5  # a kind one
    clips = [rated(f"{at}", f"s{at % 20}", x=said[0, at], y=said[1, at], z=said[2, at]) for at in range(120)]
    resampling = Resampling(draws=30)
    good = agreement_of(clips, "breath", resampling, {one.id: truth[at] for at, one in enumerate(clips)})
    blind = agreement_of(clips, "breath", resampling, {one.id: random.uniform(1, 5) for one in clips})
    ceiling, judge = good.one_against_rest["srcc"], good.judge_against_rest["srcc"]
    assert ceiling.value is not None
    assert judge.value is not None
    assert blind.judge_against_rest["srcc"].value is not None
    assert judge.value > ceiling.value > 0.7
    assert blind.judge_against_rest["srcc"].value < 0.3
    assert blind.one_against_rest == good.one_against_rest
    assert [one.offset for one in good.raters] == pytest.approx([-0.25, 0.5, -0.25], abs=0.12)
