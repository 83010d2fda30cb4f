"""H-TPR's triples: one of each tier, of one song where that can be, and what an order of them is worth."""

from collections import Counter

import pytest

from vocalverse.errors import TooFew
from vocalverse.evaluation.triples import Order, Performance, draw, tiers
from vocalverse.records import Tier


def pool(count: int, *, songs: int = 1) -> list[Performance]:
    return [Performance(f"p{at}", float(at), singer=f"s{at}", song=f"song{at % songs}") for at in range(count)]


def test_tiers_are_thirds_by_rank_and_the_middle_takes_the_rest() -> None:
    found = tiers(pool(11))
    assert [len(found[tier]) for tier in Tier] == [3, 5, 3]
    assert min(one.score for one in found[Tier.HIGH]) > max(one.score for one in found[Tier.MEDIUM])
    assert min(one.score for one in found[Tier.MEDIUM]) > max(one.score for one in found[Tier.LOW])


def test_each_triple_has_one_of_each_tier_and_no_two_are_the_same() -> None:
    found = tiers(pool(12))
    drawn = draw(pool(12), 30, seed=4)
    assert len({triple.ids for triple in drawn}) == 30
    assert all(triple.high in found[Tier.HIGH] for triple in drawn)
    assert all(triple.medium in found[Tier.MEDIUM] for triple in drawn)
    assert all(triple.low in found[Tier.LOW] for triple in drawn)


def test_triples_are_of_one_song_where_it_has_all_tiers() -> None:
    assert all(
        triple.high.song == triple.medium.song == triple.low.song for triple in draw(pool(36, songs=3), 20, seed=1)
    )


def test_performances_are_heard_about_equally_often() -> None:
    uses = Counter(one for triple in draw(pool(30), 30, seed=2) for one in triple.ids)
    assert set(uses.values()) == {3}


def test_singers_are_not_held_against_themselves_where_there_are_others() -> None:
    two = [Performance(f"{singer}{at}", float(at), singer=singer) for at in range(12) for singer in "ab"]
    assert all(triple.high.singer not in (triple.medium.singer, triple.low.singer) for triple in draw(two, 8))


def test_the_same_seed_draws_the_same_and_another_one_others() -> None:
    assert draw(pool(20), 10, seed=3) == draw(pool(20), 10, seed=3) != draw(pool(20), 10, seed=4)


@pytest.mark.parametrize("same", [[], pool(2), [Performance(f"p{at}", 3.0) for at in range(30)]])
def test_a_pool_without_three_different_tiers_gives_no_triple(same: list[Performance]) -> None:
    with pytest.raises(TooFew):
        draw(same, 1)


def test_an_order_is_worth_what_its_pairs_are() -> None:
    right, swapped, reverse = Order.of(3, 2, 1), Order.of(2, 3, 1), Order.of(1, 2, 3)
    assert (right.exact, right.pairs, right.tau) == (1, 1, 1)
    assert (swapped.exact, swapped.high_medium, swapped.pairs) == (0, 0, pytest.approx(2 / 3))
    assert swapped.tau == pytest.approx(1 / 3)
    assert (reverse.exact, reverse.pairs, reverse.tau) == (0, 0, -1)


def test_what_is_worth_the_same_is_half_in_order_and_never_exact() -> None:
    tied = Order.of(2, 2, 1)
    assert (tied.exact, tied.high_medium, tied.high_low) == (0, 0.5, 1)
