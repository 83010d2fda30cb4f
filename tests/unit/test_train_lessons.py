"""What is learnt from: means, raters, comparisons; losses by name; who of an ensemble is kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vocalverse.errors import TooFew
from vocalverse.models.heads.batch import Estimate
from vocalverse.models.heads.config import Output, OutputKind
from vocalverse.training.ensemble import kept, members, require_selectable
from vocalverse.training.lessons import Comparison, Lesson, Wanted, asked, lessons
from vocalverse.training.losses import order, values
from vocalverse.training.manifest import Clip, Manifest, Pair, Rating
from vocalverse.training.objective import Objective, Standard, standard_of
from vocalverse.training.recipe import Loss, SelectOn, Target
from vocalverse.training.recipe_read import read

NAN = float("nan")
NONE = torch.zeros(0, dtype=torch.long)


def clip(name: str, *ratings: Rating, synthetic: bool = False) -> Clip:
    return Clip(
        name, Path(f"{name}.wav"), f"singer {name}", f"song {name}", "MIT", ratings=ratings, synthetic=synthetic
    )


ANN, BEN = ("ann", "ben")
CLIPS = (
    clip("a", Rating("breath", 2, ANN), Rating("breath", 4, BEN), Rating("timbre", 5, ANN)),
    clip("b", Rating("breath", 3, ANN), Rating("breath", 3, BEN)),
    clip("c", Rating("timbre", 1, BEN)),
)


def test_a_lesson_of_means_says_nothing_where_nobody_rated() -> None:
    found = lessons(Manifest(CLIPS), CLIPS, ("breath", "timbre"), Target.MEAN)
    scores = asked(found, 2).wanted.scores
    assert torch.equal(torch.nan_to_num(scores, nan=0.0), torch.tensor([[3.0, 5.0], [3.0, 0.0], [0.0, 1.0]]))


def test_every_raters_word_is_a_lesson_of_its_own() -> None:
    found = lessons(Manifest(CLIPS), CLIPS, ("breath",), Target.RATERS)
    said = [(one.row.clip, one.row.rater, one.scores[0]) for one in found if isinstance(one, Lesson)]
    assert said == [("a", ANN, 2), ("a", BEN, 4), ("b", ANN, 3), ("b", BEN, 3)]


def test_given_pairs_are_learnt_from_where_both_of_them_are() -> None:
    manifest = Manifest(CLIPS, (Pair("b", "a", "breath"), Pair("a", "z", "breath"), Pair("a", "b", "other")))
    assert lessons(manifest, CLIPS, ("breath",), Target.PAIRS) == (Comparison("b", "a", 0),)


def test_without_pairs_each_rater_is_held_against_the_same_rater() -> None:
    """Of a and b one finds a better, the other b, by as much: nothing follows. Who rates higher than others says nothing."""
    strict = (
        clip("d", Rating("breath", 1, ANN)),
        clip("e", Rating("breath", 2, ANN)),
        clip("f", Rating("breath", 5, BEN)),
    )
    assert lessons(Manifest(CLIPS), CLIPS[:2], ("timbre", "breath"), Target.MEAN)
    assert lessons(Manifest(strict), strict, ("breath",), Target.PAIRS) == (Comparison("e", "d", 0),)
    with pytest.raises(TooFew):
        lessons(Manifest(CLIPS), CLIPS[:2], ("breath",), Target.PAIRS)


def test_a_clip_of_several_comparisons_is_heard_once() -> None:
    found = asked([Comparison("b", "a", 0), Comparison("a", "c", 1)], 2)
    assert [row.clip for row in found.rows] == ["b", "a", "c"]
    assert found.wanted.better.tolist() == [0, 1]
    assert found.wanted.worse.tolist() == [1, 2]


def estimate(*told: float) -> Estimate:
    value = torch.tensor(told)[:, None]
    return Estimate(value, torch.ones_like(value))


def wanted(*said: float) -> Wanted:
    return Wanted(torch.tensor(said)[:, None], NONE, NONE, NONE)


def objective(*losses: Loss, standard: Standard | None = None, kind: OutputKind = OutputKind.SCALAR) -> Objective:
    return Objective(losses, Output(kind), 1, standard)


def test_losses_are_added_by_their_weights_and_the_spread_learns_beside_them() -> None:
    told, said = (2.0, 3.5, 4.0), (2.5, 3.0, 4.0)
    both = objective(Loss("squared", weight=2.0), Loss("l1", weight=0.5))(estimate(*told), wanted(*said))
    ours, theirs = torch.tensor(told), torch.tensor(said)
    spread = (ours - theirs).abs().mean()  # of spreads of 1, whose logarithm is 0
    assert both == pytest.approx(float(2 * values.squared(ours, theirs) + 0.5 * values.l1(ours, theirs) + spread))


def test_what_nobody_rated_costs_nothing_and_teaches_nothing() -> None:
    known = objective(Loss("squared"))(estimate(2.0, 4.0), wanted(3.0, 3.5))
    with_unknown = objective(Loss("squared"))(estimate(2.0, 1.0, 4.0), wanted(3.0, NAN, 3.5))
    assert float(with_unknown) == pytest.approx(float(known))
    assert float(objective(Loss("ccc"))(estimate(1.0), wanted(NAN))) == 0.0


def test_standardised_losses_see_standard_deviations() -> None:
    standard = standard_of(torch.tensor([[1.0], [3.0], [NAN], [5.0]]))
    assert float(standard.mean) == 3.0
    found = objective(Loss("contrastive"), standard=standard)(estimate(2.0, 4.0), wanted(1.0, 5.0))
    ours, theirs = (torch.tensor(one) / standard.scale for one in ([-1.0, 1.0], [-2.0, 2.0]))
    assert float(found) == pytest.approx(float(order.contrastive(ours, theirs)) + 1.0)


def test_comparisons_cost_less_when_the_better_is_told_better() -> None:
    said = Wanted(torch.full((2, 1), NAN), torch.tensor([0]), torch.tensor([1]), torch.tensor([0]))
    of = objective(Loss("preference"), kind=OutputKind.PAIRWISE)
    right, wrong = (float(of(estimate(*told), said)) for told in ((1.0, -1.0), (-1.0, 1.0)))
    assert (right, wrong) == (pytest.approx(np.log1p(np.exp(-2))), pytest.approx(np.log1p(np.exp(2))))


def test_members_are_kept_that_are_good_on_natural_and_on_synthetic_clips() -> None:
    clips = [clip(str(at), synthetic=at >= 4) for at in range(8)]
    rated = np.asarray([[1.0], [2.0], [3.0], [4.0]] * 2)
    good, natural, synthetic = rated, np.concatenate([rated[:4], -rated[:4]]), np.concatenate([-rated[:4], rated[:4]])
    said = {"natural": natural, "good": good, "synthetic": synthetic}
    recipe = read("mmmos", changes=["ensemble.keep=1"])

    def best(on: SelectOn) -> tuple[str, ...]:
        return kept(replace(recipe, ensemble=replace(recipe.ensemble, select_on=on)), said, rated, clips)

    assert best(SelectOn.BOTH) == ("good",)
    assert best(SelectOn.SYNTHETIC)[0] in ("good", "synthetic")
    assert kept(read("mmmos", ablation="all-16"), said, rated, clips) == tuple(said)


def test_an_ensemble_that_is_to_be_chosen_on_synthetic_clips_needs_some_before_it_is_learnt() -> None:
    with pytest.raises(TooFew, match="synthetic"):
        require_selectable(read("mmmos"), [clip(str(at)) for at in range(9)])
    require_selectable(read("vocalverse"), [])


def test_every_kind_loss_and_seed_is_a_member_under_a_name_of_its_own() -> None:
    found = members(read("mmmos"))
    assert len({one.name for one in found}) == len(found) == 64
