"""How far listeners agree with the judge, and with each other.

Who failed an attention check is left out of all figures but their own. Intervals are over draws of triples: all that
was said of a triple is drawn together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from vocalverse.evaluation import agreement
from vocalverse.evaluation.agreement import Level
from vocalverse.evaluation.figure import Chosen, Figure, Floats, Resampling, figures
from vocalverse.evaluation.triples import Order
from vocalverse.records import Tier
from vocalverse.store.listening import Answer

SAID = ("exact", "high_medium", "medium_low", "high_low", "pairs", "tau")
_PLACES = 3
_WHY = "nobody answered"


@dataclass(frozen=True)
class OfListener:
    listener: str
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class OfDimension:
    dimension: str
    figures: Mapping[str, Figure]  # of all who paid attention
    listeners: tuple[OfListener, ...]
    agreement: Mapping[str, Figure]  # among those who paid attention


@dataclass(frozen=True)
class Attention:
    listener: str
    answers: int  # checks among them
    checks: int
    passed: int
    seconds: float  # that a triple took, the median

    @property
    def failed(self) -> bool:
        return self.passed < self.checks


@dataclass(frozen=True)
class Report:
    dimensions: tuple[OfDimension, ...]
    listeners: tuple[Attention, ...]

    @property
    def left_out(self) -> tuple[str, ...]:
        return tuple(one.listener for one in self.listeners if one.failed)


def report(answers: Sequence[Answer], resampling: Resampling = Resampling()) -> Report:
    listeners = attention(answers)
    failed = {one.listener for one in listeners if one.failed}
    dimensions = sorted({one.dimension for one in answers})
    return Report(tuple(_of(dimension, answers, failed, resampling) for dimension in dimensions), listeners)


def attention(answers: Sequence[Answer]) -> tuple[Attention, ...]:
    """Of everybody who answered."""
    return tuple(_attention(name, answers) for name in dict.fromkeys(one.listener for one in answers))


def _attention(listener: str, answers: Sequence[Answer]) -> Attention:
    own = [one for one in answers if one.listener == listener]
    checks = [one for one in own if one.attention]
    return Attention(
        listener=listener,
        answers=len(own),
        checks=len(checks),
        passed=sum(one.attentive for one in checks),
        seconds=median(one.seconds for one in own),
    )


def _of(dimension: str, answers: Sequence[Answer], failed: set[str], resampling: Resampling) -> OfDimension:
    asked = [one for one in answers if one.dimension == dimension and not one.attention]
    counted = [one for one in asked if one.listener not in failed]
    names = list(dict.fromkeys(one.listener for one in asked))
    return OfDimension(
        dimension=dimension,
        figures=_orders(counted, resampling),
        listeners=tuple(
            OfListener(name, _orders([one for one in asked if one.listener == name], resampling)) for name in names
        ),
        agreement=_agreement(counted, resampling),
    )


def _orders(answers: Sequence[Answer], resampling: Resampling) -> dict[str, Figure]:
    orders = [_order(one.tiers) for one in answers]
    table = np.asarray([[getattr(order, name) for name in SAID] for order in orders]).reshape(-1, len(SAID))

    def reckon(chosen: Chosen) -> dict[str, float | None]:
        means = table[chosen].mean(axis=0).tolist() if len(chosen) else [None] * len(SAID)
        return dict(zip(SAID, means, strict=True))

    return figures(reckon, [str(one.triple_id) for one in answers], resampling, why=_WHY)


def _order(best_first: Sequence[Tier]) -> Order:
    return Order.of(*(_PLACES - best_first.index(tier) for tier in Tier))


def _agreement(answers: Sequence[Answer], resampling: Resampling) -> dict[str, Figure]:
    """Of the places that any two listeners gave a take: the same, at most one apart, and α of their order."""
    triples = list(dict.fromkeys(one.triple_id for one in answers))
    listeners = list(dict.fromkeys(one.listener for one in answers))
    places = np.full((len(listeners), len(triples), _PLACES), np.nan)
    for one in answers:
        places[listeners.index(one.listener), triples.index(one.triple_id)] = [one.tiers.index(tier) for tier in Tier]

    def reckon(chosen: Chosen) -> dict[str, float | None]:
        values: Floats = places[:, chosen].reshape(len(listeners), _PLACES * len(chosen))
        return {
            "same_place": agreement.exact(values),
            "within_1": agreement.within(values, 1),
            "alpha": agreement.alpha(values, Level.ORDINAL),
        }

    return figures(reckon, [str(one) for one in triples], resampling, why="no triple was put in order by two")
