"""Whether a judge errs the same way for all: by gender, language and room, where clips say them."""

from dataclasses import dataclass

import numpy as np

from vocalverse.evaluation.figure import Chosen, Figure, Resampling, figures
from vocalverse.evaluation.judgements import Judgements

FACTS = ("gender", "language", "room")


@dataclass(frozen=True)
class Group:
    fact: str
    word: str
    singers: int
    error: Figure  # told less rated: above 0 it is flattered


def groups(found: Judgements, resampling: Resampling) -> tuple[Group, ...]:
    """Of every fact that has two words and more."""
    return tuple(
        _group(found.only(places), fact, word, resampling)
        for fact in FACTS
        if len(by := found.by(fact)) > 1
        for word, places in by.items()
    )


def _group(found: Judgements, fact: str, word: str, resampling: Resampling) -> Group:
    errors = found.told - found.rated

    def reckon(chosen: Chosen) -> dict[str, float | None]:
        return {"error": float(np.mean(errors[chosen]))}

    error = figures(reckon, found.singers, resampling)["error"]
    return Group(fact, word, len(set(found.singers)), error)
