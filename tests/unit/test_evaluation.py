"""A judge against raters: figures that scipy agrees with, intervals that hold what they promise, reasons for gaps."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.manifests import clip
from vocalverse.errors import TooFew
from vocalverse.evaluation.correlation import lcc, mae, mse, rmse, srcc, tau, why_no_order
from vocalverse.evaluation.evaluate import Asked, evaluate
from vocalverse.evaluation.fairness import groups
from vocalverse.evaluation.figure import Chosen, Resampling, figures
from vocalverse.evaluation.intervals import reliability, sureness
from vocalverse.evaluation.judgements import Judgements, Told
from vocalverse.evaluation.ranking import automatic_htpr, in_triples
from vocalverse.training.manifest import Clip, Manifest, Pair, Rating

FEW = Resampling(draws=40)


def judged(
    told: Sequence[float], rated: Sequence[float], half_width: float | None = None, singers: int = 10
) -> Judgements:
    clips = [clip(f"c{at:03}", f"s{at % singers}", f"song{at}", breath=float(value)) for at, value in enumerate(rated)]
    ends = (None, None) if half_width is None else (-half_width, half_width)
    said = {
        one.id: Told(float(value), *(None if end is None else value + end for end in ends))
        for one, value in zip(clips, told, strict=True)
    }
    return Judgements.of(clips, said, "breath")


def noisy(count: int = 90, noise: float = 0.5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    rated = random.uniform(1, 5, count)
    return rated + random.normal(0, noise, count), rated


def test_errors_and_orders_are_scipys_with_ties_too() -> None:
    told, rated = (np.round(values) for values in noisy())
    assert lcc(told, rated) == pytest.approx(stats.pearsonr(told, rated).statistic)
    assert srcc(told, rated) == pytest.approx(stats.spearmanr(told, rated).statistic)
    assert tau(told, rated) == pytest.approx(stats.kendalltau(told, rated).statistic)
    by_hand = np.array([1.0, 2, 4]), np.array([2.0, 2, 1])
    assert (mse(*by_hand), mae(*by_hand)) == (pytest.approx(10 / 3), pytest.approx(4 / 3))
    assert rmse(*by_hand) == pytest.approx(np.sqrt(10 / 3))


@pytest.mark.parametrize(
    ("told", "rated", "why"),
    [
        ([], [], "fewer than two"),
        ([3], [4], "fewer than two"),
        ([3, 3, 3 + 1e-13], [1, 2, 3], "the judge says the same"),
        ([1, 2, 3], [4, 4, 4], "raters say the same"),
    ],
)
def test_where_there_is_no_order_there_is_a_reason_and_no_number(
    told: list[float], rated: list[float], why: str
) -> None:
    said = np.asarray(told, float), np.asarray(rated, float)
    assert [measure(*said) for measure in (lcc, srcc, tau)] == [None] * 3
    assert why in why_no_order(*said)
    assert all((measure(*said) is None) == (not told) for measure in (mse, rmse, mae))


def test_intervals_hold_the_truth_as_often_as_they_promise() -> None:
    held = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        values = random.normal(0, 1, 12)[:, None] + random.normal(0, 0.3, (12, 5))  # singers differ, their takes little

        def mean(chosen: Chosen, values: np.ndarray = values.ravel()) -> dict[str, float | None]:
            return {"mean": float(values[chosen].mean())}

        one = figures(mean, [f"s{at // 5}" for at in range(60)], Resampling(draws=200, coverage=0.8, seed=seed))["mean"]
        assert one.low is not None
        assert one.high is not None
        held += one.low <= 0 <= one.high
    assert 0.6 <= held / 60 <= 0.95  # 0.8, a little less for so few singers; clip by clip it would be 0.4


def test_the_same_seed_gives_the_same_interval_and_one_singer_gives_none() -> None:
    told, rated = noisy(30)

    def reckon(chosen: Chosen) -> dict[str, float | None]:
        return {"srcc": srcc(told[chosen], rated[chosen])}

    many, one = [f"s{at % 6}" for at in range(30)], ["s"] * 30
    assert figures(reckon, many, FEW) == figures(reckon, many, FEW)
    assert figures(reckon, many, FEW) != figures(reckon, many, replace(FEW, seed=1))
    alone = figures(reckon, one, FEW)["srcc"]
    assert (alone.low, alone.why) == (None, "too few singers for an interval")
    assert alone.value == pytest.approx(srcc(told, rated))


def test_a_perfect_judge_is_told_so_and_a_reversed_one_too() -> None:
    _, rated = noisy(60)
    perfect, reversed_ = judged(rated, rated), judged(6 - rated, rated)
    for ranking in (automatic_htpr, in_triples):
        assert {name: one.value for name, one in ranking(perfect, 50, FEW).items()} == dict.fromkeys(
            ("exact", "high_medium", "medium_low", "high_low", "pairs", "tau"), 1.0
        )
        found = ranking(reversed_, 50, FEW)
        assert (found["exact"].value, found["pairs"].value, found["tau"].value) == (0, 0, -1)


def test_a_guesser_puts_a_sixth_of_triples_in_order_and_a_constant_has_no_tiers() -> None:
    random = np.random.default_rng(5)
    guessed = judged(random.uniform(1, 5, 400), random.uniform(1, 5, 400))
    for ranking in (automatic_htpr, in_triples):
        found = ranking(guessed, 400, FEW)
        assert found["exact"].value == pytest.approx(1 / 6, abs=0.05)
        assert found["pairs"].value == pytest.approx(1 / 2, abs=0.06)
    constant = judged([3.0] * 30, random.uniform(1, 5, 30))
    assert automatic_htpr(constant, 50, FEW)["exact"].why == "too few clips whose scores differ"
    assert in_triples(constant, 50, FEW)["exact"].value == 0  # three that are alike are in no order
    assert automatic_htpr(judged([1.0], [1.0]), 50, FEW)["exact"].value is None


def test_reliability_goes_from_low_to_high_and_counts_each_once() -> None:
    told, rated = noisy(53)
    bins = reliability(judged(told, rated))
    assert sum(one.n for one in bins) == 53
    assert [one.told for one in bins] == sorted(one.told for one in bins)
    assert np.average([one.rated for one in bins], weights=[one.n for one in bins]) == pytest.approx(rated.mean())
    assert reliability(judged([], [])) == ()


def test_intervals_that_know_where_they_are_unsure_are_narrower_than_one_width_for_all() -> None:
    random = np.random.default_rng(6)
    spread = np.where(np.arange(400) % 2, 0.1, 1.0)
    rated = random.uniform(1, 5, 400)
    told = rated + random.normal(0, spread)
    plain = judged(told, rated)
    knowing = sureness(replace(plain, low=told - 1.645 * spread, high=told + 1.645 * spread))
    assert knowing
    assert knowing.coverage == pytest.approx(0.9, abs=0.04)
    assert knowing.width < 0.85 * knowing.constant_width
    same_for_all = sureness(judged(told, rated, half_width=1.0))
    assert same_for_all
    assert same_for_all.constant_width == pytest.approx(same_for_all.width, abs=0.1)
    assert sureness(plain) is None


def test_who_is_flattered_is_told_and_who_is_not_labelled_is_left_alone() -> None:
    told, rated = noisy(80, noise=0.1)
    found = judged(told, rated)
    clips = [replace(one, gender="f" if at % 20 < 10 else "m", room="r") for at, one in enumerate(found.clips)]
    told = told + np.asarray([0.4 if one.gender == "f" else 0.0 for one in clips])
    by = {one.word: one for one in groups(replace(found, clips=tuple(clips), told=told), Resampling(draws=100))}
    assert set(by) == {"f", "m"}  # there is but one room
    female, male = by["f"].error, by["m"].error
    assert female.low is not None
    assert male.high is not None
    assert female.value == pytest.approx(0.4, abs=0.05)
    assert female.low > 0.3
    assert male.high < 0.1
    assert groups(found, FEW) == ()


def manifest(count: int = 48) -> Manifest:
    random = np.random.default_rng(7)
    clips = []
    for at in range(count):
        quality = float(random.uniform(1.5, 4.5))
        ratings = [Rating("breath", float(np.clip(quality + random.normal(0, 0.4), 1, 5)), rater) for rater in "xy"]
        clips.append(
            Clip(
                id=f"c{at}",
                audio=clip(f"c{at}").audio,
                singer=f"s{at % 8}",
                song=f"song{at}",
                licence="MIT",
                domain=f"d{at % 2}",
                system=f"m{at % 6}",
                ratings=tuple(ratings),
            )
        )
    pairs = [Pair("c0", "c1", "timbre", "x"), Pair("c2", "c3", "timbre", "x"), Pair("c4", "c5", "timbre", "y")]
    return Manifest(tuple(clips), tuple(pairs))


def test_an_evaluation_tells_of_clips_systems_domains_raters_pairs_and_orders() -> None:
    data = manifest()
    means = {one.id: one.mean("breath") or 0.0 for one in data.clips}
    random = np.random.default_rng(8)
    breath = {name: Told(mean + random.normal(0, 0.3), mean - 1, mean + 1) for name, mean in means.items()}
    timbre = {"c0": Told(3), "c1": Told(2), "c2": Told(2), "c3": Told(3), "c4": Told(2), "c5": Told(2)}
    asked = Asked(FEW, triples=20)
    found, compared = evaluate(data, {"breath": breath, "timbre": timbre}, ["breath", "timbre"], asked)
    assert found.whole.clips["srcc"].value == pytest.approx(
        stats.spearmanr([breath[one.id].value for one in data.clips], list(means.values())).statistic
    )
    assert found.whole.systems["lcc"].n == 6
    by_system = [np.mean([means[f"c{at}"] for at in range(48) if at % 6 == system]) for system in range(6)]
    told_by_system = [np.mean([breath[f"c{at}"].value for at in range(48) if at % 6 == s]) for s in range(6)]
    assert found.whole.systems["rmse"].value == pytest.approx(
        np.sqrt(np.mean(np.subtract(by_system, told_by_system) ** 2))
    )
    assert {word: (one.clips["mae"].n, one.systems["mae"].n) for word, one in found.domains.items()} == {
        "d0": (24, 3),
        "d1": (24, 3),
    }
    assert found.splits == {}
    assert found.agreement
    assert found.agreement.judge_against_rest["rmse"].n == 48
    assert found.sureness
    assert found.sureness.width == pytest.approx(2)
    assert (compared.pairs.value, compared.pairs.n) == (pytest.approx(0.5), 3)  # one right, one wrong, one alike
    assert compared.whole.clips["srcc"].why == "fewer than two to compare"
    assert compared.agreement is None


def test_a_judge_that_says_nothing_of_what_was_rated_is_not_evaluated() -> None:
    with pytest.raises(TooFew, match="the manifest has breath, timbre, the judge emotion"):
        evaluate(manifest(), {"emotion": {"c0": Told(3)}}, ["emotion"], Asked(FEW))
