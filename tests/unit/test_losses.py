"""Every loss against an example worked out by hand, and what its paper says of it."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vocalverse.training.losses import beside, classes, order, values

Y = torch.tensor([1.0, 2.0, 4.0])
SAID = torch.tensor([1.2, 3.0, 3.5])  # errors 0.2, 1.0, -0.5; differences 1.8, 2.3, 0.5 where 1, 3, 2 are wanted

OF_VALUES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": values.l1,
    "margin l1": lambda p, w: values.l1(p, w, margin=0.25),
    "clipped l1": values.clipped_l1,
    "squared": values.squared,
    "utmos": values.utmos,
    "ccc": values.ccc,
    "contrastive": order.contrastive,
    "dcq": order.dcq,
    "listwise": order.listwise,
    "qamro": order.qamro,
}
BY_HAND = {
    "l1": (0.2 + 1.0 + 0.5) / 3,
    "margin l1": (0.75 + 0.25) / 3,
    "clipped l1": (0.2 + 1.0 + 0.5) / 3,
    "squared": (0.04 + 1.0 + 0.25) / 3,
    # Only the error of 1.0 is above a half; the differences are off by 0.8, 0.7 and 1.5.
    "utmos": 1.0 / 3 + 0.5 * (0.7 + 0.6 + 1.4) / 3,
    # Means 7/3 and 7.7/3; squares of deviations sum to 42/9 and 2.926667, products to 3.233333.
    "ccc": 1 - 2 * (3.233333 / 3) / (4.666667 / 3 + 2.926667 / 3 + (0.7 / 3) ** 2),
    "contrastive": (0.7 + 0.6 + 1.4) / 3,
    "dcq": (0.64 + 0.49 + 2.25) / 3 - (1.8 + 2.3 + 0.5) / 3,
    "listwise": -sum(
        math.exp(y) / (math.e + math.e**2 + math.e**4) * (said - math.log(math.exp(1.2) + math.exp(3) + math.exp(3.5)))
        for y, said in ((1, 1.2), (2, 3.0), (4, 3.5))
    ),
    # All in order by more than a fifth of what they should be apart.
    "qamro": 0.0,
}


@pytest.mark.parametrize("name", OF_VALUES)
def test_it_is_what_a_hand_works_out(name: str):
    assert float(OF_VALUES[name](SAID, Y)) == pytest.approx(BY_HAND[name], abs=2e-6)


@pytest.mark.parametrize("name", OF_VALUES)
def test_a_batch_without_pairs_or_differences_costs_a_number_and_has_a_slope(name: str):
    for said, wanted in (([3.0], [2.0]), ([3.0], [3.0]), ([2.0, 2.0], [2.0, 2.0]), ([2.0, 2.0], [4.0, 4.0])):
        predicted = torch.tensor(said, requires_grad=True)
        cost = OF_VALUES[name](predicted, torch.tensor(wanted))
        cost.backward()
        assert math.isfinite(cost.item())
        assert predicted.grad is not None
        assert bool(torch.isfinite(predicted.grad).all())


@pytest.mark.parametrize("name", ["l1", "margin l1", "clipped l1", "squared", "utmos", "contrastive", "qamro"])
def test_what_is_right_costs_nothing(name: str):
    assert float(OF_VALUES[name](Y, Y)) == 0.0


@pytest.mark.parametrize("name", ["contrastive", "dcq", "listwise", "qamro"])
def test_orders_do_not_see_a_shift_of_all(name: str):
    assert float(OF_VALUES[name](SAID + 7, Y)) == pytest.approx(float(OF_VALUES[name](SAID, Y)), abs=1e-5)


@pytest.mark.parametrize("name", OF_VALUES)
def test_the_order_of_the_batch_does_not_matter(name: str):
    turned = OF_VALUES[name](SAID.flip(0), Y.flip(0))
    assert float(turned) == pytest.approx(float(OF_VALUES[name](SAID, Y)), abs=1e-6)


def test_a_clipped_error_costs_all_of_itself_or_nothing():
    assert float(values.clipped_l1(torch.tensor([1.0, 1.09]), torch.tensor([1.0, 1.0]))) == 0.0
    assert float(values.clipped_l1(torch.tensor([1.0, 1.125]), torch.tensor([1.0, 1.0]), threshold=0.125)) == 0.0625


def test_concordance_is_lost_by_scale_and_by_place_where_correlation_is_not():
    assert float(values.ccc(Y, Y)) == pytest.approx(0, abs=1e-5)
    assert float(values.ccc(-Y, Y - 14 / 3)) == pytest.approx(2, abs=1e-5)
    assert float(values.ccc(2 * Y, Y)) > 0.1
    assert float(values.ccc(Y + 1, Y)) == pytest.approx(1 - 2 * (14 / 9) / (2 * 14 / 9 + 1), abs=1e-5)


def test_differences_within_the_margin_cost_nothing():
    assert float(order.contrastive(torch.tensor([1.0, 2.09]), torch.tensor([1.0, 2.0]))) == 0.0


def test_dcq_is_least_where_a_pair_is_half_a_point_too_far_apart():
    gap = torch.tensor(1.5, requires_grad=True)
    order.dcq(torch.stack([torch.tensor(0.0), gap]), torch.tensor([1.0, 2.0])).backward()
    assert gap.grad is not None
    assert float(gap.grad) == pytest.approx(0, abs=1e-6)


def test_listwise_is_least_where_scores_differ_as_wanted():
    said = (Y + 3).requires_grad_()
    order.listwise(said, Y).backward()
    assert said.grad is not None
    torch.testing.assert_close(said.grad, torch.zeros(3), atol=1e-6, rtol=0)
    assert float(order.listwise(SAID, Y, temperature=2.0)) == pytest.approx(float(order.listwise(SAID / 2, Y / 2)))


def test_a_margin_grows_with_the_difference_and_its_weight_with_quality():
    """Two takes the wrong way round, by hand: w = 1 + 6·max(0.25, 0.75), ReLU(0.5 + 0.2·2)."""
    assert float(order.qamro(torch.tensor([3.5, 3.0]), torch.tensor([2.0, 4.0]))) == pytest.approx(5.5 * 0.9)
    assert float(order.qamro(torch.tensor([3.5, 3.0]), torch.tensor([3.0, 5.0]))) == pytest.approx(7.0 * 0.9)


def test_a_preference_costs_what_bradley_and_terry_find_surprising():
    better, worse = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 2.0])
    by_hand = (-math.log(1 / (1 + math.exp(-1))) - math.log(1 / (1 + math.exp(2)))) / 2
    assert float(order.preference(better, worse)) == pytest.approx(by_hand)
    assert float(order.preference(better + 9, worse + 9)) == pytest.approx(by_hand)
    assert math.isfinite(float(order.preference(worse - 1e4, better + 1e4)))


def test_ordinal_logits_are_held_against_being_above_each_class():
    """3 of 1…5 is above 1 and 2, neither above 3 nor 4; 3.5 is above 3 by half."""
    logits = torch.tensor([[2.0, 1.0, -1.0, -2.0]])

    def by_hand(above: list[float]) -> float:
        shares = [1 / (1 + math.exp(-said)) for said in (2.0, 1.0, -1.0, -2.0)]
        return -sum(a * math.log(p) + (1 - a) * math.log(1 - p) for a, p in zip(above, shares, strict=True)) / 4

    assert float(classes.ordinal(logits, torch.tensor([3.0]))) == pytest.approx(by_hand([1, 1, 0, 0]))
    assert float(classes.ordinal(logits, torch.tensor([3.5]))) == pytest.approx(by_hand([1, 1, 0.5, 0]))
    assert float(classes.ordinal(logits, torch.tensor([2.0]), low=0.0)) == pytest.approx(by_hand([1, 1, 0, 0]))


def test_ordinal_is_least_where_the_thresholds_sum_to_the_score():
    logits = torch.zeros(1, 4, requires_grad=True)
    optimiser = torch.optim.LBFGS([logits], max_iter=50)

    def cost() -> float:
        optimiser.zero_grad()
        loss = classes.ordinal(logits, torch.tensor([3.4]))
        loss.backward()
        return loss.item()

    optimiser.step(cost)
    assert 1 + float(torch.sigmoid(logits.detach()).sum()) == pytest.approx(3.4, abs=1e-2)


def test_a_bell_over_bins_is_what_a_hand_works_out():
    """Three bins at 1, 3 and 5, a score of 3, a bell of width 2, and a uniform answer: Σ p·log(3·p)."""
    heights = [math.exp(-0.5), 1.0, math.exp(-0.5)]
    shares = [height / sum(heights) for height in heights]
    by_hand = sum(share * math.log(3 * share) for share in shares)
    told = classes.gaussian_bins(torch.zeros(1, 3), torch.tensor([3.0]), sigma=2.0)
    assert float(told) == pytest.approx(by_hand, abs=1e-6)
    twice = classes.gaussian_bins(torch.zeros(2, 3), torch.tensor([3.0, 3.0]), sigma=2.0)
    assert float(twice) == pytest.approx(by_hand, abs=1e-6)  # a mean over the batch, a sum over bins


def test_the_bell_itself_costs_nothing_and_a_score_off_the_scale_is_finite():
    bins = torch.linspace(1, 5, 20)
    bell = -0.5 * ((bins - 3.3) / 0.25).square()
    assert float(classes.gaussian_bins(bell[None], torch.tensor([3.3]))) == pytest.approx(0, abs=1e-6)
    assert math.isfinite(float(classes.gaussian_bins(torch.zeros(1, 20), torch.tensor([40.0]))))


def test_sound_and_text_are_to_be_as_alike_as_the_score_says():
    told = beside.alignment(torch.tensor([0.5, 1.0]), torch.tensor([3.0, 2.0]))
    assert float(told) == pytest.approx((0.0 + 0.75**2) / 2)


def test_a_spread_learns_the_error_and_the_score_learns_nothing_from_it():
    said = torch.tensor([1.0, 2.0, 6.0], requires_grad=True)
    size = torch.tensor(1.0, requires_grad=True)
    wanted = torch.tensor([1.5, 3.0, 3.0])  # errors 0.5, 1 and 3
    cost = beside.spread(size.expand(3), said, wanted)
    assert cost.item() == pytest.approx((0.5 + 1 + 3) / 3)
    cost.backward()
    assert said.grad is None
    least = torch.tensor(1.5, requires_grad=True)  # the mean error
    beside.spread(least.expand(3), said, wanted).backward()
    assert least.grad is not None
    assert float(least.grad) == pytest.approx(0, abs=1e-6)
