"""Stretches of a take that go along with the song, each with one delay, and all at one tempo."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vocalverse.measure.marks import weighted_median

_JUMP_S = 0.6  # more than a singer is early or late and goes on with the song
_BEND = 0.03
_TEMPO_FROM_LINES = 5
_TEMPO_FROM_S = 30.0
_DRIFT_AT_LEAST_S = 0.12  # from the first line to the last; what is less is the singer's
_BETTER = 0.75
_BEND_AT_MOST = 0.03
_PAIRS = 400  # lines


@dataclass(frozen=True)
class Placed:
    """A line where it fits best."""

    line: int
    middle_s: float  # in the song
    lag_s: float
    right_s: float


@dataclass(frozen=True)
class Section:
    first_line: int
    last_line: int  # with it
    latency_s: float
    lines_sung: int


def section_at(sections: Sequence[Section], line: int) -> int | None:
    """The number of the section that a line is in; None where it was left out between two."""
    return next((at for at, one in enumerate(sections) if one.first_line <= line <= one.last_line), None)


def sections_of(placed: Sequence[Placed], lines: int) -> tuple[float, tuple[Section, ...]]:
    """The tempo, above 1 where the take is slower, and the sections. The outer ones reach to the song's ends."""
    runs = _runs(placed)
    bend = _straight(max(runs, key=lambda run: sum(one.right_s for one in run)))
    sections = []
    for index, run in enumerate(runs):
        latency_s = weighted_median([one.lag_s - bend * one.middle_s for one in run], [one.right_s for one in run])
        first = 0 if index == 0 else run[0].line
        last = lines - 1 if index == len(runs) - 1 else run[-1].line
        sections.append(Section(first, last, latency_s, len(run)))
    return 1 + bend, tuple(sections)


def _straight(run: Sequence[Placed]) -> float:
    """How much later each second comes, 0 where it cannot be told from nothing: the median of all pairs of lines."""
    at_s, lag_s, weight = (np.asarray([getattr(one, name) for one in run]) for name in ("middle_s", "lag_s", "right_s"))
    if len(run) < _TEMPO_FROM_LINES or at_s[-1] - at_s[0] < _TEMPO_FROM_S:
        return 0.0
    chosen = np.unique(np.linspace(0, len(run) - 1, min(len(run), _PAIRS)).astype(int))
    first, second = np.triu_indices(len(chosen), 1)
    first, second = chosen[first], chosen[second]
    apart_s = at_s[second] - at_s[first]
    far = apart_s > 1
    slopes = (lag_s[second] - lag_s[first])[far] / apart_s[far]
    bend = weighted_median(slopes, (np.minimum(weight[first], weight[second]) * apart_s)[far])
    bend = float(np.clip(bend, -_BEND_AT_MOST, _BEND_AT_MOST))
    if abs(bend) * (at_s[-1] - at_s[0]) < _DRIFT_AT_LEAST_S:
        return 0.0
    better = _off(lag_s - bend * at_s, weight) < _BETTER * _off(lag_s, weight)
    return bend if better else 0.0


def _off(
    lag_s: "np.ndarray[tuple[int], np.dtype[np.float64]]", weight: "np.ndarray[tuple[int], np.dtype[np.float64]]"
) -> float:
    return float((np.abs(lag_s - weighted_median(lag_s, weight)) * weight).sum())


def _runs(placed: Sequence[Placed]) -> list[list[Placed]]:
    runs = [[placed[0]]]
    for before, one in pairwise(placed):
        if abs(one.lag_s - before.lag_s) > _JUMP_S + _BEND * abs(one.middle_s - before.middle_s):
            runs.append([])
        runs[-1].append(one)
    return runs
