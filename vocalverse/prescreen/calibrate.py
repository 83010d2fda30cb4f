"""Thresholds learnt from takes that people rated: as many of the bad ones stopped as a few lost good ones allow.

Of a rule that is learnt, the threshold of its first condition moves; its direction and its other conditions stay. So
whatever is learnt, a better take is never stopped where a worse one passes.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
import numpy.typing as npt

from vocalverse.errors import BadInput
from vocalverse.prescreen.evidence import Evidence
from vocalverse.prescreen.judge import prescreen
from vocalverse.prescreen.rules import Condition, Effect, Rule, Rules
from vocalverse.records import Verdict

_STEPS = 64  # thresholds that are tried at a time
_FOLDS = 5
_DIGITS = 4  # of a threshold; more would promise too much

Truths = npt.NDArray[np.bool_]  # [takes], or [thresholds, takes]
Figures = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rated:
    evidence: Evidence
    keep: bool  # worth judging for artistry
    singer: str


@dataclass(frozen=True)
class Learning:
    effects: frozenset[Effect] = frozenset({Effect.LOW})  # of the rules whose thresholds move
    lose_at_most: float = 0.02  # of the good takes


@dataclass(frozen=True)
class Tally:
    kept_good: int = 0
    lost_good: int = 0
    passed_bad: int = 0
    stopped_bad: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(sum(both) for both in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Moved:
    """One of the rules that may learn: before and after, and what each would stop alone."""

    present: Rule
    learnt: Rule
    without_some: tuple[float, ...]  # thresholds learnt without a part of the singers each
    present_tally: Tally
    learnt_tally: Tally


@dataclass(frozen=True)
class Calibrated:
    singers: int
    rules: Rules  # as learnt
    present: Tally
    unseen: Tally  # by singers from whom nothing was learnt
    learnt: Tally
    moved: tuple[Moved, ...]


def calibrate(rules: Rules, takes: Sequence[Rated], learning: Learning = Learning()) -> Calibrated:
    singers = {take.singer for take in takes}
    if len(singers) < 2 or len({take.keep for take in takes}) < 2:
        raise BadInput("Learning needs takes of two singers and more, some worth keeping and some that are not.")
    learnt, (held_out, folds) = learn(rules, takes, learning), unseen(rules, takes, learning)
    moved = [
        Moved(
            present=before,
            learnt=after,
            without_some=tuple(fold.rule[at].when[0].threshold for fold in folds),
            present_tally=stops(before, takes),
            learnt_tally=stops(after, takes),
        )
        for at, (before, after) in enumerate(zip(rules.rule, learnt.rule, strict=True))
        if before.outcome in learning.effects
    ]
    return Calibrated(len(singers), learnt, tally(rules, takes), held_out, tally(learnt, takes), tuple(moved))


def tally(rules: Rules, takes: Sequence[Rated]) -> Tally:
    """What the rules do with takes of which is known what should be done."""
    found = Counter((take.keep, prescreen(take.evidence, rules).verdict is Verdict.PASS) for take in takes)
    return Tally(*(found[case] for case in ((True, True), (True, False), (False, True), (False, False))))


def stops(rule: Rule, takes: Sequence[Rated]) -> Tally:
    """What this one rule would do alone."""
    return tally(Rules(rule.weight, (rule,)), takes)


def unseen(rules: Rules, takes: Sequence[Rated], learning: Learning = Learning()) -> tuple[Tally, tuple[Rules, ...]]:
    """What learnt thresholds do with singers from whom nothing was learnt; and what was learnt without each part."""
    total, learnt = Tally(), []
    for part in _by_singer(takes):
        others = [take for take in takes if take.singer not in part]
        learnt.append(learn(rules, others, learning))
        total += tally(learnt[-1], [take for take in takes if take.singer in part])
    return total, tuple(learnt)


def _by_singer(takes: Sequence[Rated]) -> Iterator[frozenset[str]]:
    """Parts of about as many takes, each singer whole in one."""
    counts = Counter(take.singer for take in takes)
    parts: list[set[str]] = [set() for _ in range(min(_FOLDS, len(counts)))]
    for singer in sorted(counts, key=lambda name: (-counts[name], name)):
        min(parts, key=lambda part: sum(counts[name] for name in part)).add(singer)
    return map(frozenset, parts)


def learn(rules: Rules, takes: Sequence[Rated], learning: Learning = Learning()) -> Rules:
    """Begins where no rule costs a good take, and goes on with whichever step stops most bad ones for each good one."""
    good = np.asarray([take.keep for take in takes], np.bool_)
    state = _State.of(rules, takes, learning, good)
    budget = int((good & state.stopped()).sum()) + int(learning.lose_at_most * good.sum())
    while step := _best_step(state, good, budget):
        state.place[step.at] = step.place
    return replace(rules, rule=tuple(one.placed(place) for one, place in zip(state.rules, state.place, strict=True)))


@dataclass(frozen=True)
class _Movable:
    """A rule whose threshold lies on a line on which less fires more."""

    rule: Rule
    learns: bool
    figures: Figures  # [takes], infinitely mild where not known or another condition does not hold

    @classmethod
    def of(cls, rule: Rule, takes: Sequence[Rated], learning: Learning) -> "_Movable":
        first, rest = rule.when[0], rule.when[1:]
        said = [
            take.evidence.get(first.measure) if all(one.holds(take.evidence) for one in rest) else None
            for take in takes
        ]
        sign = _sign(first)
        figures = np.asarray([-np.inf if value is None else sign * value for value in said])
        return cls(rule, rule.outcome in learning.effects and bool(np.isfinite(figures).any()), figures)

    @property
    def present(self) -> float:
        return _sign(self.rule.when[0]) * self.rule.when[0].threshold

    def mildest(self, good: Truths) -> float:
        """The present place, or where no good take is stopped, if that is milder."""
        return max(self.present, float(self.figures[good].max(initial=-np.inf))) if self.learns else self.present

    def steps(self, place: float, good: Truths) -> Figures:
        """Stricter places, each between a bad take and the next milder one. A rule that always fires is none."""
        values = np.unique(self.figures[np.isfinite(self.figures)])
        between = (values[1:] + values[:-1])[np.isin(values[1:], self.figures[~good])] / 2
        places = np.unique([_rounded(float(one)) for one in between if _rounded(float(one)) < place])
        return places[np.unique(np.linspace(0, len(places) - 1, _STEPS).astype(int))] if len(places) else places

    def placed(self, place: float) -> Rule:
        first = self.rule.when[0]
        if place == self.present:
            return self.rule
        threshold = _sign(first) * _rounded(place)
        moved = replace(first, below=threshold) if first.above is None else replace(first, above=threshold)
        return replace(self.rule, when=(moved, *self.rule.when[1:]))


@dataclass(frozen=True)
class _Step:
    at: int
    place: float
    worth: float


@dataclass(frozen=True)
class _State:
    rules: Sequence[_Movable]
    low_from: float
    place: list[float]

    @classmethod
    def of(cls, rules: Rules, takes: Sequence[Rated], learning: Learning, good: Truths) -> "_State":
        movable = [_Movable.of(rule, takes, learning) for rule in rules.rule]
        return cls(movable, rules.low_from, [one.mildest(good) for one in movable])

    def stopped(self, at: int | None = None, places: Figures | None = None) -> Truths:
        """[takes], or [places, takes] with rule `at` at each of them."""
        refused: Truths = np.zeros(1, np.bool_)
        low: Figures = np.zeros(1)
        for index, (one, place) in enumerate(zip(self.rules, self.place, strict=True)):
            fired = one.figures > (places[:, None] if index == at and places is not None else place)
            if one.rule.outcome is Effect.REFUSE:
                refused = refused | fired
            elif one.rule.outcome is Effect.LOW:
                low = low + one.rule.weight * fired
        return refused | (low >= self.low_from)


def _best_step(state: _State, good: Truths, budget: int) -> _Step | None:
    """None where nothing more is to be had."""
    stopped = state.stopped()
    best: _Step | None = None
    for at, one in enumerate(state.rules):
        places = one.steps(state.place[at], good) if one.learns else np.empty(0)
        if not len(places):
            continue
        then = state.stopped(at, places)
        lost = (then & good).sum(axis=1)
        more_lost, more_stopped = lost - (stopped & good).sum(), (then & ~good).sum(axis=1) - (stopped & ~good).sum()
        worth = np.where((lost <= budget) & (more_stopped > more_lost), more_stopped / (more_lost + 1), 0)
        chosen = int(len(worth) - 1 - worth[::-1].argmax())  # of two, the milder
        if worth[chosen] > (best.worth if best else 0):
            best = _Step(at, float(places[chosen]), float(worth[chosen]))
    return best


def _sign(condition: Condition) -> int:
    return -1 if condition.above is None else 1


def _rounded(place: float) -> float:
    """To the milder side, so that no good take is lost by it."""
    digits = _DIGITS - 1 - math.floor(math.log10(abs(place))) if place else 0
    return float(round(math.ceil(place * 10.0**digits) / 10.0**digits, max(digits, 0)))
