"""What a judge told and what raters said, clip by clip."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from vocalverse.evaluation.figure import Chosen, Floats
from vocalverse.training.manifest import Clip


@dataclass(frozen=True)
class Told:
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Judgements:
    """Of one dimension; all arrays are [clips]. Not a number where the judge gave no interval."""

    clips: tuple[Clip, ...]
    told: Floats
    rated: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, clips: Sequence[Clip], told: Mapping[str, Told], dimension: str) -> Self:
        """Of those that were judged and rated."""
        rated = {clip.id: mean for clip in clips if (mean := clip.mean(dimension)) is not None}
        both = tuple(clip for clip in clips if clip.id in told and clip.id in rated)
        return cls(
            clips=both,
            told=np.asarray([told[clip.id].value for clip in both], np.float64),
            rated=np.asarray([rated[clip.id] for clip in both], np.float64),
            low=_ends([told[clip.id].low for clip in both]),
            high=_ends([told[clip.id].high for clip in both]),
        )

    @property
    def singers(self) -> list[str]:
        return [clip.singer for clip in self.clips]

    def only(self, chosen: Chosen) -> Self:
        return type(self)(
            tuple(self.clips[at] for at in chosen),
            *(values[chosen] for values in (self.told, self.rated, self.low, self.high)),
        )

    def by(self, fact: str) -> dict[str, Chosen]:
        """Where each of a fact's words holds, such as each language's; nothing where it is not known."""
        places: defaultdict[str, list[int]] = defaultdict(list)
        for at, clip in enumerate(self.clips):
            if word := getattr(clip, fact):
                places[word].append(at)
        return {word: np.asarray(found) for word, found in sorted(places.items())}


def _ends(said: Sequence[float | None]) -> Floats:
    return np.asarray([np.nan if one is None else one for one in said], np.float64)
