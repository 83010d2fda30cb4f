"""What tricks pay, beside what singing better does."""

import numpy as np

from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.verdict import pros
from vocalverse.bench.verdict.hearing import Version
from vocalverse.bench.verdict.takes import Take
from vocalverse.bench.verdict.trial import TOLD, Said, Trial, plain
from vocalverse.bench.verdict.tricks import TRICKS
from vocalverse.bench.verdict.ways import PLAIN
from vocalverse.evaluation.figure import Floats
from vocalverse.records import Verdict

_NOTE = (
    "What each score of a take gains by a trick, in points of 5: the median, and what a tenth gains more than. Below, how"
    " far the better half of the same singers lies above the worse half, and professionals above amateurs. A trick that"
    " costs is no harm. Turned away: takes that the prescreen lets have no marks; here they have them."
)


def versions(trial: Trial) -> list[Version]:
    tricked = [Version(take, way) for take in _takes(trial) for way in (PLAIN, *TRICKS)]
    return [*tricked, *plain([*pros.amateurs(trial), *pros.professionals(trial)])]


def table(trial: Trial) -> Table:
    told = [(said, key) for one in trial.contenders for said in [trial.said(one, versions(trial))] for key in TOLD]
    rows = [
        Row(trick, [_turned_away(trial, trick), *(_gained(_gains(trial, said, trick, key)) for said, key in told)])
        for trick in TRICKS
    ]
    rows.append(Row("the better half of them", [None, *(_halves(trial, said, key) for said, key in told)]))
    rows.append(Row("professionals", [None, *(_professional(trial, said, key) for said, key in told)]))
    scores = [Column(f"{one.name}: {key}", 2) for one in trial.contenders for key in TOLD]
    columns = [Column("turned away, %", 0), *scores]
    return Table("Tricks", "what was done", columns, rows, f"{len(_takes(trial))} takes. {_NOTE}")


def _takes(trial: Trial) -> list[Take]:
    return trial.altered(trial.extent.tricked)


def _turned_away(trial: Trial, trick: str) -> Cell:
    heard = [one for take in _takes(trial) if (one := trial.heard(Version(take, trick)))]
    return 100 * sum(one.verdict != Verdict.PASS for one in heard) / len(heard) if heard else None


def _gains(trial: Trial, said: Said, trick: str, key: str) -> Floats:
    found = [[said.get(Version(take, way).id, {}).get(key) for way in (PLAIN, trick)] for take in _takes(trial)]
    return np.asarray([after.value - before.value for before, after in found if before and after])


def _gained(gains: Floats) -> Cell:
    return f"{np.median(gains):+.2f} / {np.quantile(gains, 0.9):+.2f}" if len(gains) else None


def _halves(trial: Trial, said: Said, key: str) -> Cell:
    values = np.sort(_values(said, plain(_takes(trial)), key))
    half = len(values) // 2
    return float(np.median(values[half:]) - np.median(values[:half])) if half else None


def _professional(trial: Trial, said: Said, key: str) -> Cell:
    better, others = (_values(said, plain(those), key) for those in (pros.professionals(trial), pros.amateurs(trial)))
    return float(np.median(better) - np.median(others)) if len(better) and len(others) else None


def _values(said: Said, those: list[Version], key: str) -> Floats:
    return np.asarray([said[one.id][key].value for one in those if key in said.get(one.id, {})])
