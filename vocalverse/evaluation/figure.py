"""A figure of a judge, with the interval that it is believed to lie in. Where there is none, it says why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Chosen = npt.NDArray[np.intp]  # places in arrays, some of them twice

_USABLE = 0.5  # share of draws in which the figure has to be known, for an interval to be told


@dataclass(frozen=True)
class Figure:
    value: float | None
    n: int  # of what it tells
    low: float | None = None
    high: float | None = None
    why: str = ""  # there is no value, or no interval


@dataclass(frozen=True)
class Resampling:
    """Bootstrap: what is alike because the same person sang it is drawn together."""

    draws: int = 1000
    coverage: float = 0.95
    seed: int = 0


Reckon = Callable[[Chosen], Mapping[str, float | None]]  # figures of some of what there is, by name


def figures(reckon: Reckon, clusters: Sequence[str], resampling: Resampling, *, why: str = "") -> dict[str, Figure]:
    """Of all of it, with intervals over draws of whole clusters. `why` is told of those that have no value."""
    everything = np.arange(len(clusters))
    found = reckon(everything)
    names = sorted(set(clusters))
    drawn: dict[str, list[float]] = {name: [] for name in found}
    if len(names) > 1 and any(value is not None for value in found.values()):
        labels = np.asarray(clusters)
        members = [np.flatnonzero(labels == name) for name in names]
        random = np.random.default_rng(resampling.seed)
        for _ in range(resampling.draws):
            chosen = np.concatenate([members[at] for at in random.integers(len(members), size=len(members))])
            for name, value in reckon(chosen).items():
                if value is not None:
                    drawn[name].append(value)
    return {name: _figure(value, len(clusters), drawn[name], resampling, why) for name, value in found.items()}


def _figure(value: float | None, n: int, drawn: Sequence[float], resampling: Resampling, why: str) -> Figure:
    if value is None:
        return Figure(None, n, why=why)
    if len(drawn) < _USABLE * resampling.draws:
        return Figure(value, n, why="too few singers for an interval")
    tail = (1 - resampling.coverage) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    return Figure(value, n, float(low), float(high))
