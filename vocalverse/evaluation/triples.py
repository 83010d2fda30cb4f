"""H-TPR (Human-in-the-loop Tiered Perceptual Ranking), by a definition of our own: the paper gives no details.

A judge ranks a pool of performances on one dimension. The upper third of the ranks is the High tier, the lower third
the Low one, what is between is Medium. Triples have one performance of each tier. Whoever orders them, blind to the
judge, is held against the tiers: the share of triples in exact order, the share of pairs in order, Kendall's τ. Where
two are worth the same to them, a pair is half in order, and the triple is not exact.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from vocalverse.errors import TooFew
from vocalverse.records import Tier


@dataclass(frozen=True)
class Performance:
    """As the judge heard it."""

    id: str
    score: float
    singer: str = ""
    song: str = ""


@dataclass(frozen=True)
class Triple:
    """One performance of each tier."""

    high: Performance
    medium: Performance
    low: Performance

    @property
    def ids(self) -> frozenset[str]:
        return frozenset((self.high.id, self.medium.id, self.low.id))


@dataclass(frozen=True)
class Order:
    """How far somebody agrees with the tiers of one triple: shares from 0 to 1, and τ from -1 to 1."""

    exact: float
    high_medium: float
    medium_low: float
    high_low: float

    @classmethod
    def of(cls, high: float, medium: float, low: float) -> "Order":
        """By what each of the three is worth to them: more is better."""
        return cls(
            exact=float(high > medium > low),
            high_medium=_in_order(high, medium),
            medium_low=_in_order(medium, low),
            high_low=_in_order(high, low),
        )

    @property
    def pairs(self) -> float:
        return (self.high_medium + self.medium_low + self.high_low) / 3

    @property
    def tau(self) -> float:
        return 2 * self.pairs - 1


def tiers(pool: Sequence[Performance]) -> dict[Tier, list[Performance]]:
    """Thirds by rank; the middle takes what three do not divide."""
    ranked = sorted(pool, key=lambda one: (-one.score, one.id))
    third = len(ranked) // 3
    return {
        Tier.HIGH: ranked[:third],
        Tier.MEDIUM: ranked[third : len(ranked) - third],
        Tier.LOW: ranked[len(ranked) - third :],
    }


def draw(pool: Sequence[Performance], count: int, *, seed: int = 0) -> list[Triple]:
    """Triples of the same song where there are such, of different singers, each performance about as often as others."""
    tiered = tiers(pool)
    drawn: list[Triple] = []
    uses: Counter[str] = Counter()
    random = np.random.default_rng(seed)
    while len(drawn) < count:
        triple = _next(tiered, uses, {one.ids for one in drawn}, random)
        if triple is None:
            raise TooFew(
                f"{len(pool)} performances give {len(drawn)} triples whose scores differ, not {count}: ask for fewer,"
                " or give a larger pool."
            )
        drawn.append(triple)
        uses.update(triple.ids)
    return drawn


def _next(
    tiered: Mapping[Tier, Sequence[Performance]],
    uses: Mapping[str, int],
    drawn: set[frozenset[str]],
    random: np.random.Generator,
) -> Triple | None:
    chance = {one.id: random.random() for tier in Tier for one in tiered[tier]}
    least = min((one.score for one in tiered[Tier.LOW]), default=math.inf)
    between = [one for one in tiered[Tier.MEDIUM] if one.score > least]  # ties are no tiers
    above = min((one.score for one in between), default=math.inf)
    highs = [one for one in tiered[Tier.HIGH] if one.score > above]
    for high in sorted(highs, key=lambda one: (uses[one.id], chance[one.id])):
        for triple in _with(high, between, tiered[Tier.LOW], uses, chance):
            if triple.ids not in drawn:
                return triple
    return None


def _with(
    high: Performance,
    mediums: Sequence[Performance],
    lows: Sequence[Performance],
    uses: Mapping[str, int],
    chance: Mapping[str, float],
) -> Iterator[Triple]:
    """The best companions first."""

    def fit(one: Performance) -> tuple[bool, bool, int, float]:
        return one.song != high.song, one.singer == high.singer != "", uses[one.id], chance[one.id]

    for medium, low in product(sorted(mediums, key=fit), sorted(lows, key=fit)):
        if high.score > medium.score > low.score:
            yield Triple(high, medium, low)


def _in_order(better: float, worse: float) -> float:
    return 0.5 if better == worse else float(better > worse)
