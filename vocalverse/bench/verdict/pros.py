"""Professionals against amateurs, who never met in one room: everybody goes through the same drawn channels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vocalverse.bench.hearing.table import Column, Row, Table
from vocalverse.bench.verdict.hearing import Version
from vocalverse.bench.verdict.takes import Corpus, Take
from vocalverse.bench.verdict.trial import PROFESSIONAL, TOLD, Contender, Said, Trial, share_in_words
from vocalverse.bench.verdict.ways import CHANNELS, PLAIN, channel
from vocalverse.evaluation.figure import Chosen, Figure, figures

_WAYS = (PLAIN, *(channel(number) for number in range(CHANNELS)))
_NOTE = (
    "The share of pairs of which the professional gets more, in %, with 95 % intervals, drawn by singer. Nothing was"
    " learnt from any of the singers. GTSinger's professionals sing phrases of songs, RAVDESS' actors one phrase that is"
    " no song, MIR-1K's amateurs karaoke. A channel is a room, a microphone's noise and a codec. To be: 90 % and more."
)


def versions(trial: Trial) -> list[Version]:
    return [Version(take, way) for take in (*amateurs(trial), *professionals(trial)) for way in _WAYS]


def amateurs(trial: Trial) -> Sequence[Take]:
    return trial.whole(Corpus.MIR1K, trial.extent.paired)


def professionals(trial: Trial) -> list[Take]:
    return [take for corpus in PROFESSIONAL for take in trial.whole(corpus, trial.extent.paired)]


def table(trial: Trial) -> Table:
    by_contender = [(one, trial.said(one, versions(trial))) for one in trial.contenders]
    rows = []
    for whose, chosen in (("both", PROFESSIONAL), *((corpus.value, (corpus,)) for corpus in reversed(PROFESSIONAL))):
        for name, ways in (("as recorded", _WAYS[:1]), ("through the same channel", _WAYS[1:])):
            cells = [
                share_in_words(_share(trial, said, key, _Side(chosen, ways)))
                for key in TOLD
                for _, said in by_contender
            ]
            rows.append(Row(f"{whose}, {name}", cells))
    columns = [Column(f"{key}: {one.name}") for key in TOLD for one in trial.contenders]
    count = f"{len(professionals(trial))} professional takes against {len(amateurs(trial))}. "
    return Table("Professionals against amateurs", "professionals", columns, rows, count + _NOTE)


def share_above(trial: Trial, contender: Contender, key: str) -> float | None:
    """Of all pairs through the same channel."""
    said = trial.said(contender, versions(trial))
    return _share(trial, said, key, _Side(PROFESSIONAL, _WAYS[1:])).value


@dataclass(frozen=True)
class _Side:
    corpora: Sequence[Corpus]
    ways: Sequence[str]


def _share(trial: Trial, said: Said, key: str, side: _Side) -> Figure:
    better = [take for take in professionals(trial) if take.corpus in side.corpora]
    everybody = [(take, way) for take in (*better, *amateurs(trial)) for way in side.ways]
    known = [(take, way) for take, way in everybody if key in said.get(Version(take, way).id, {})]
    values = np.asarray([said[Version(take, way).id][key].value for take, way in known])
    professional = np.asarray([take.corpus in PROFESSIONAL for take, _ in known], np.bool_)
    ways = np.asarray([side.ways.index(way) for _, way in known], np.intp)

    def reckon(chosen: Chosen) -> dict[str, float | None]:
        above, count = 0.0, 0
        for way in range(len(side.ways)):
            here = chosen[ways[chosen] == way]
            leads = values[here[professional[here]]][:, None] - values[here[~professional[here]]][None, :]
            above += float((leads > 0).sum() + 0.5 * (leads == 0).sum())
            count += leads.size
        return {"above": above / count if count else None}

    found = figures(reckon, [take.singer for take, _ in known], trial.extent.resampling, why="nobody to compare")
    return found["above"]
