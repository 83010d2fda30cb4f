"""Orders of three: what raters make of a judge's tiers (H-TPR without listeners), and what the judge makes of theirs."""

from collections.abc import Mapping, Sequence

import numpy as np

from vocalverse.errors import TooFew
from vocalverse.evaluation.figure import Chosen, Figure, Floats, Resampling, figures
from vocalverse.evaluation.judgements import Judgements
from vocalverse.evaluation.triples import Order, Performance, Triple, draw

_EACH = 4  # times that a performance is drawn at most, about
_SAID = ("exact", "high_medium", "medium_low", "high_low", "pairs", "tau")

Ranking = Mapping[str, Figure]  # by what an `Order` says


def automatic_htpr(found: Judgements, triples: int, resampling: Resampling) -> Ranking:
    """Tiers by the judge; the order is the raters'."""
    return _orders(found, found.told, found.rated, triples, resampling)


def in_triples(found: Judgements, triples: int, resampling: Resampling) -> Ranking:
    """Tiers by the raters; the order is the judge's. Chance puts a sixth of triples in exact order."""
    return _orders(found, found.rated, found.told, triples, resampling)


def _orders(found: Judgements, tiers_by: Floats, order_by: Floats, triples: int, resampling: Resampling) -> Ranking:
    pool = [
        Performance(clip.id, float(score), clip.singer, clip.song)
        for clip, score in zip(found.clips, tiers_by, strict=True)
    ]
    worth = {clip.id: float(value) for clip, value in zip(found.clips, order_by, strict=True)}
    drawn = _drawn(pool, min(triples, _EACH * (len(pool) // 3)), resampling.seed)
    if not drawn:
        return dict.fromkeys(_SAID, Figure(None, len(pool), why="too few clips whose scores differ"))
    orders = [Order.of(*(worth[one.id] for one in (t.high, t.medium, t.low))) for t in drawn]
    table = np.asarray([[getattr(order, name) for name in _SAID] for order in orders])

    def reckon(chosen: Chosen) -> dict[str, float | None]:
        return dict(zip(_SAID, table[chosen].mean(axis=0).tolist(), strict=True))

    return figures(reckon, [triple.high.singer for triple in drawn], resampling)


def _drawn(pool: Sequence[Performance], count: int, seed: int) -> list[Triple]:
    """Fewer where so many cannot be had."""
    while count:
        try:
            return draw(pool, count, seed=seed)
        except TooFew:
            count //= 2
    return []
