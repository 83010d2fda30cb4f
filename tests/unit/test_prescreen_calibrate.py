"""Thresholds learnt from rated takes: never the other way round, never more good ones lost than allowed."""

import numpy as np
import pytest

from vocalverse.prescreen.calibrate import Learning, Rated, Tally, learn, stops, tally, unseen
from vocalverse.prescreen.rules import Condition, Effect, Rule, Rules, bundled
from vocalverse.records import Reason

LOW = Rule(Reason.OFF_PITCH, Effect.LOW, (Condition("pitch.value", below=20.0),), "Off.")
LATE = Rule(Reason.OFF_RHYTHM, Effect.LOW, (Condition("rhythm.value", below=20.0),), "Late.")
WHISTLE = Rule(Reason.WHISTLE, Effect.REFUSE, (Condition("ring.spr_db", above=50.0),), "A whistle.")
RULES = Rules(1.0, (LOW, LATE, WHISTLE))


def scored(name: str, value: float) -> dict[str, float]:
    return {f"{name}.{part}": value for part in ("value", "low", "high")}


def takes(count: int = 200, *, singers: int = 10, seed: int = 3, pitch: float = 30.0) -> list[Rated]:
    """Who is good has pitch scores around 80, who is not around `pitch`; rhythm tells nothing."""
    rng = np.random.default_rng(seed)
    rated = []
    for number in range(count):
        keep = bool(rng.random() < 0.7)
        score = float(np.clip(rng.normal(80 if keep else pitch, 10), 0, 100))
        evidence = scored("pitch", score) | scored("rhythm", float(rng.uniform(30, 100))) | {"ring.spr_db": 0.0}
        rated.append(Rated(evidence, keep, f"singer {number % singers}"))
    return rated


def threshold(rules: Rules, at: int = 0) -> float:
    return rules.rule[at].when[0].threshold


def test_a_threshold_moves_between_the_good_and_the_bad():
    before, learnt = tally(RULES, takes()), learn(RULES, takes())
    after = tally(learnt, takes())
    assert 45 < threshold(learnt) < 65
    assert after.stopped_bad > 0.95 * (after.stopped_bad + after.passed_bad)
    assert before.stopped_bad < 0.3 * (before.stopped_bad + before.passed_bad)


@pytest.mark.parametrize("lose", [0.0, 0.02, 0.1])
def test_no_more_good_takes_are_lost_than_allowed_though_the_bad_are_near(lose: float):
    near = takes(pitch=70)
    found = tally(learn(RULES, near, Learning(lose_at_most=lose)), near)
    assert found.lost_good <= lose * (found.kept_good + found.lost_good)


def test_a_present_threshold_that_costs_good_takes_becomes_milder():
    strict = Rules(1.0, (Rule(Reason.OFF_PITCH, Effect.LOW, (Condition("pitch.value", below=90.0),), "Off."),))
    learnt = learn(strict, takes(), Learning(lose_at_most=0))
    assert threshold(learnt) < 80
    assert tally(learnt, takes()).lost_good == 0


def test_what_tells_nothing_and_what_is_not_to_learn_stays():
    learnt = learn(RULES, takes())
    assert learnt.rule[2] == WHISTLE
    assert threshold(learnt, 1) == pytest.approx(20, abs=15)  # rhythm: within what costs nothing
    unknown = Rule(Reason.LITTLE_SUNG, Effect.LOW, (Condition("against_song.coverage.share", below=0.25),), "Little.")
    assert learn(Rules(1.0, (unknown,)), takes()) == Rules(1.0, (unknown,))


def test_directions_and_further_conditions_stay_so_that_a_better_take_never_fares_worse():
    guarded = Rule(Reason.OFF_PITCH, Effect.LOW, (*LOW.when, Condition("rhythm.value", above=10.0)), "Off.")
    above = Rule(Reason.OFF_RHYTHM, Effect.LOW, (Condition("ring.spr_db", above=5.0),), "Odd.")
    learnt = learn(Rules(1.0, (guarded, above)), takes())
    assert learnt.rule[0].when[0].above is None
    assert learnt.rule[0].when[1] == guarded.when[1]
    assert learnt.rule[1].when[0].below is None


def test_refusals_learn_only_where_they_are_asked_to():
    whistled = [Rated({"ring.spr_db": 30.0 + at}, keep=False, singer=f"{at}") for at in range(5)]
    both = [*takes(), *whistled]
    assert learn(RULES, both).rule[2] == WHISTLE
    assert 0 <= threshold(learn(RULES, both, Learning(frozenset({Effect.REFUSE}))), 2) < 30


def test_rules_that_weigh_half_stop_only_together():
    half = [
        Rule(one.code, one.outcome, (Condition(one.when[0].measure, below=60.0),), one.why, 0.5) for one in (LOW, LATE)
    ]
    both = Rated(scored("pitch", 10) | scored("rhythm", 10), keep=False, singer="a")
    one = Rated(scored("pitch", 10) | scored("rhythm", 90), keep=False, singer="a")
    assert tally(Rules(1.0, tuple(half)), [both, one]) == Tally(stopped_bad=1, passed_bad=1)
    assert stops(half[0], [both, one]) == Tally(stopped_bad=2)


def test_singers_from_whom_nothing_was_learnt_tell_how_well_it_goes():
    rated = takes(singers=7)
    found, learnt = unseen(RULES, rated)
    assert len(learnt) == 5
    assert sum((found.kept_good, found.lost_good, found.passed_bad, found.stopped_bad)) == len(rated)
    assert found.stopped_bad > 0.9 * (found.stopped_bad + found.passed_bad)


def test_the_same_takes_in_another_order_teach_the_same():
    assert learn(RULES, takes()) == learn(RULES, takes()[::-1])


def test_without_songs_ratings_tell_from_where_on_a_grid_is_missed_too_far():
    alone = [
        Rated(
            {"by_itself.grid.score.value": take.evidence["pitch.value"], "by_itself.grid.held_s": 60.0},
            take.keep,
            take.singer,
        )
        for take in takes()
    ]
    before, after = tally(bundled(), alone), tally(learn(bundled(), alone), alone)
    assert before.stopped_bad == 0
    assert after.stopped_bad > 0.9 * before.passed_bad
