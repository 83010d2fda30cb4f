"""How far raters agree with each other: the most that a judge can be asked for.

Ratings are an array [raters, clips], not a number where a rater said nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np

from vocalverse.errors import TooFew
from vocalverse.evaluation.figure import Floats
from vocalverse.training.manifest import Clip

_TOLERANCE = 1e-9


class Level(StrEnum):
    """What differences between ratings mean."""

    NOMINAL = "nominal"  # nothing but that they differ
    ORDINAL = "ordinal"  # how many others lie between
    INTERVAL = "interval"  # how large they are


@dataclass(frozen=True)
class Ratings:
    raters: tuple[str, ...]
    values: Floats  # [raters, clips]

    @classmethod
    def of(cls, clips: Sequence[Clip], dimension: str) -> "Ratings":
        """Of raters with a name."""
        said = [{one.rater: one.value for one in clip.ratings if one.dimension == dimension} for clip in clips]
        raters = tuple(sorted({rater for each in said for rater in each if rater}))
        values = np.asarray([[each.get(rater, np.nan) for each in said] for rater in raters], np.float64)
        return cls(raters, values.reshape(len(raters), len(clips)))

    def require_several(self, dimension: str) -> None:
        if not (np.isfinite(self.values).sum(axis=0) > 1).any():
            raise TooFew(
                f"No clip was rated for {dimension} by two raters with names ({len(self.raters)} in all): whether they"
                " agree cannot be told. Have several rate the same clips."
            )


def exact(values: Floats) -> float | None:
    """Share of pairs of ratings of one clip that are equal."""
    return within(values, 0.0)


def within(values: Floats, steps: float) -> float | None:
    """Share that differ by so much at most."""
    apart = np.concatenate([np.abs(one - other) for one, other in _shared(values)] or [np.empty(0)])
    return float(np.mean(apart <= steps + _TOLERANCE)) if len(apart) else None


def kappa(values: Floats) -> float | None:
    """Cohen's κ with squared weights, the mean over pairs of raters, each for the clips that they share."""
    found = [(len(one), value) for one, other in _shared(values) if (value := _kappa(one, other)) is not None]
    if not found:
        return None
    counts, values_of_pairs = zip(*found, strict=True)
    return float(np.average(values_of_pairs, weights=counts))


def alpha(values: Floats, level: Level) -> float | None:
    """Krippendorff's α: 1 for perfect agreement, 0 for as much as chance gives. Ratings that nobody else's stand beside
    count for nothing.
    """
    counts = np.isfinite(values).sum(axis=0)
    values, counts = values[:, counts > 1], counts[counts > 1]
    if not counts.size:
        return None
    layers = _layers(values, level)
    observed = sum((_apart(layer) / (counts - 1)).sum() for layer in layers) / counts.sum()
    expected = sum(_apart(layer.reshape(-1, 1)).item() for layer in layers) / (counts.sum() * (counts.sum() - 1))
    return float(1 - observed / expected) if expected > 0 else None


def rest(values: Floats, rater: int) -> Floats:
    """Of each clip, the mean of all others; not a number where there is none."""
    others = np.delete(values, rater, axis=0)
    counts = np.isfinite(others).sum(axis=0)
    return np.where(counts > 0, np.nansum(others, axis=0) / np.maximum(counts, 1), np.nan)


def _shared(values: Floats) -> Iterator[Floats]:
    """[2, clips] for any two raters who rated some of the same clips."""
    for one, other in combinations(values, 2):
        both = np.isfinite(one) & np.isfinite(other)
        if both.any():
            yield np.stack([one[both], other[both]])


def _kappa(one: Floats, other: Floats) -> float | None:
    """By chance, any rating of the one meets any of the other."""
    by_chance = float(one.var() + other.var() + (one.mean() - other.mean()) ** 2)
    return 1 - float(np.mean((one - other) ** 2)) / by_chance if by_chance > 0 else None


def _layers(values: Floats, level: Level) -> list[Floats]:
    """Numbers whose squared differences are what two ratings differ by; for names a layer for each."""
    match level:
        case Level.NOMINAL:
            names = np.unique(values[np.isfinite(values)])
            return [np.where(np.isfinite(values), values == name, np.nan) for name in names]
        case Level.ORDINAL:
            return [_middle_ranks(values)]
        case Level.INTERVAL:
            return [values - np.nanmean(values)]


def _apart(layer: Floats) -> Floats:
    """Of each column, the sum over all ordered pairs of what they differ by, squared."""
    count = np.isfinite(layer).sum(axis=0)
    return np.asarray(2 * (count * np.nansum(layer**2, axis=0) - np.nansum(layer, axis=0) ** 2))


def _middle_ranks(values: Floats) -> Floats:
    """In place of each rating, how many lie below it, and half of those that are equal."""
    _, inverse, counts = np.unique(values[np.isfinite(values)], return_inverse=True, return_counts=True)
    ranks = np.full(values.shape, np.nan)
    ranks[np.isfinite(values)] = (np.cumsum(counts) - counts / 2)[inverse]
    return ranks
