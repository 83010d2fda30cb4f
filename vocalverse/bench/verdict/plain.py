"""Takes as they are: how scores spread, how they go together, and whether they are fair."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.verdict.hearing import Version
from vocalverse.bench.verdict.takes import Corpus, Take
from vocalverse.bench.verdict.trial import (
    DIMENSIONS,
    TOLD,
    Contender,
    Said,
    Trial,
    figure_in_words,
    plain,
    standard,
)
from vocalverse.bench.verdict.ways import BROKEN, PLAIN
from vocalverse.evaluation.correlation import srcc
from vocalverse.evaluation.figure import Chosen, Floats, figures

TENTHS = ("10 % below", "50 % below", "90 % below")

_MIDDLE = (2.0, 4.0)
_GENDERS = ("female", "male")


def versions(trial: Trial) -> list[Version]:
    broken = [Version(take, BROKEN) for take in _amateurs(trial)]
    return [*plain(_everybody(trial)), *plain(_held(trial)), *broken]


def _everybody(trial: Trial) -> list[Take]:
    return [take for corpus in Corpus for take in trial.whole(corpus, trial.extent.plain, held=False)]


def _held(trial: Trial) -> list[Take]:
    """Those that nothing was learnt from."""
    return [take for corpus in Corpus for take in trial.whole(corpus, trial.extent.plain)]


def tables(trial: Trial) -> Iterator[Table]:
    by_contender = {one.name: trial.said(one, versions(trial)) for one in trial.contenders}
    yield _distribution(trial, by_contender)
    yield _alike(trial, by_contender)
    yield from _fairness(trial, by_contender)


def _spread(trial: Trial, said: Said) -> dict[str, list[tuple[str, Floats]]]:
    """By score: each group's name, and its values."""
    groups = {
        "broken amateurs": [Version(take, BROKEN) for take in _amateurs(trial)],
        "amateurs": plain(_amateurs(trial)),
        "voices of all sorts": plain(trial.whole(Corpus.SSVD, trial.extent.plain)),
        "actors": plain(trial.whole(Corpus.RAVDESS, trial.extent.plain)),
        "professional singers": plain(trial.whole(Corpus.GTSINGER, trial.extent.plain)),
    }
    return {key: [(name, _values(said, those, key)) for name, those in groups.items()] for key in TOLD}


def share_between_singers(trial: Trial, contender: Contender, key: str) -> float | None:
    """Of what differs among amateurs' songs, the share that is among singers: one singer's songs should be alike."""
    said = trial.said(contender, plain(_all_amateurs(trial)))
    by_singer = defaultdict(list)
    for take in _all_amateurs(trial):
        if key in said.get(Version(take, PLAIN).id, {}):
            by_singer[take.singer].append(said[Version(take, PLAIN).id][key].value)
    return share_between([np.asarray(values) for values in by_singer.values()])


def share_between(groups: Sequence[Floats]) -> float | None:
    """Of the variance of all values, that of the groups' means; None where it cannot be told."""
    several = [values for values in groups if len(values) > 1]
    if len(several) < 2:
        return None
    within = sum(float(np.square(values - values.mean()).sum()) for values in several)
    within /= sum(len(values) - 1 for values in several)
    each = len(np.concatenate(several)) / len(several)
    among = max(0.0, float(np.var([values.mean() for values in several], ddof=1)) - within / each)
    return among / (among + within) if among + within else None


def agreement(trial: Trial, contender: Contender, other: Contender, key: str) -> str:
    """Spearman's ρ of two judges over all singers that nothing was learnt from, with its interval."""
    takes = _held(trial)
    said, also = (trial.said(one, plain(takes)) for one in (contender, other))
    return _correlated(trial, takes, (said, key), (also, key))


def _all_amateurs(trial: Trial) -> Sequence[Take]:
    return trial.whole(Corpus.MIR1K, trial.extent.plain, held=False)


def _amateurs(trial: Trial) -> Sequence[Take]:
    return trial.whole(Corpus.MIR1K, trial.extent.plain)


def _values(said: Said, those: Sequence[Version], key: str) -> Floats:
    return np.asarray([said[one.id][key].value for one in those if key in said.get(one.id, {})])


def _distribution(trial: Trial, by_contender: Mapping[str, Said]) -> Table:
    rows = []
    for name, said in by_contender.items():
        for key, those in _spread(trial, said).items():
            for group, values in those:
                rows.append(Row(f"{name}, {key}: {group}", _summed_up(values)))
    columns = [
        Column("takes", 0),
        *(Column(name, 2) for name in TENTHS),
        Column("from 2 to 4, %", 0),
        Column("deviation", 2),
    ]
    note = "Points of 5, of singers that nothing was learnt from. Broken: out of tune, out of breath, no phrase's end."
    return Table("How scores spread", "score: whose", columns, rows, note)


def _summed_up(values: Floats) -> list[Cell]:
    if not len(values):
        return [0.0, *[None] * 5]
    middle = float(((values >= _MIDDLE[0]) & (values <= _MIDDLE[1])).mean())
    tenths = np.quantile(values, (0.1, 0.5, 0.9))
    return [float(len(values)), *map(float, tenths), 100 * middle, standard(values)]


def _alike(trial: Trial, by_contender: Mapping[str, Said]) -> Table:
    takes = _held(trial)
    amateurs = [take for take in takes if take.corpus is Corpus.MIR1K]
    rows = [
        Row(
            f"{one} and {other}",
            [
                _correlated(trial, those, (said, one), (said, other))
                for said in by_contender.values()
                for those in (takes, amateurs)
            ],
        )
        for one, other in combinations(DIMENSIONS, 2)
    ]
    columns = [Column(f"{name}: {whose}") for name in by_contender for whose in ("all", "amateurs")]
    note = "Spearman's ρ over undamaged takes, with 95 % intervals, drawn by singer. To be: 0.9 at most."
    return Table("How dimensions go together", "dimensions", columns, rows, note)


def _correlated(trial: Trial, takes: Sequence[Take], one: tuple[Said, str], other: tuple[Said, str]) -> str:
    both = [take for take in takes if all(key in said.get(Version(take, PLAIN).id, {}) for said, key in (one, other))]
    left, right = (_values(said, plain(both), key) for said, key in (one, other))

    def reckon(chosen: Chosen) -> dict[str, float | None]:
        return {"srcc": srcc(left[chosen], right[chosen])}

    return figure_in_words(figures(reckon, [take.singer for take in both], trial.extent.resampling)["srcc"])


def _fairness(trial: Trial, by_contender: Mapping[str, Said]) -> Iterator[Table]:
    takes = _everybody(trial)
    for corpus in (Corpus.RAVDESS, Corpus.MIR1K):
        own = [take for take in takes if take.corpus is corpus]
        yield _means(f"By gender: {corpus.value}", own, lambda take: take.gender, by_contender)
    own = [take for take in takes if take.corpus is Corpus.GTSINGER and take.language]
    yield _means("By language: gtsinger", own, lambda take: take.language, by_contender)


def _means(
    title: str, takes: Sequence[Take], group_of: Callable[[Take], str], by_contender: Mapping[str, Said]
) -> Table:
    groups = sorted({group_of(take) for take in takes})
    rows = []
    for name, said in by_contender.items():
        values = [
            [_values(said, plain([t for t in takes if group_of(t) == one]), key) for key in TOLD] for one in groups
        ]
        for group, own in zip(groups, values, strict=True):
            cells = [f"{scores.mean():.2f} ± {standard(scores):.2f}" if len(scores) else None for scores in own]
            rows.append(Row(f"{name}: {group} ({len(own[0])})", cells))
        rows.append(Row(f"{name}: farthest apart", [_apart([own[at] for own in values]) for at in range(len(TOLD))]))
    note = (
        "Means with deviations, in points of 5, of all singers: the research release learnt from two thirds of them."
        " Farthest apart: the highest mean less the lowest, in deviations within a group."
    )
    return Table(title, "who", [Column(key) for key in TOLD], rows, note)


def _apart(groups: Sequence[Floats]) -> Cell:
    several = [values for values in groups if len(values) > 1]
    if len(several) < 2:
        return None
    means = [values.mean() for values in several]
    within = float(np.sqrt(np.mean([np.var(values, ddof=1) for values in several])))
    return f"{(max(means) - min(means)) / max(within, 1e-9):.2f}"
