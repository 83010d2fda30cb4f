"""Good takes against the same takes with faults: who pays more for the better one, and for what is no fault at all."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy.stats import kendalltau

from vocalverse.audio.waveform import Samples
from vocalverse.bench.hearing.data import RATE_HZ
from vocalverse.bench.hearing.table import Column, Row, Table
from vocalverse.bench.scoring.judges import Judge, Judges
from vocalverse.bench.scoring.takes import Take
from vocalverse.measure.take import hear, measure_take
from vocalverse.records import Progress
from vocalverse.synthesis.damage.intact import Intact
from vocalverse.synthesis.damage.kinds import NOTES_OFF_TIME, OUT_OF_TUNE, PHRASES_OFF_TIME, Damage

DAMAGES = (OUT_OF_TUNE, NOTES_OFF_TIME, PHRASES_OFF_TIME)
_LATE_S = 0.1

Points = Mapping[Judge, float]


def _moved(semitones: float) -> Callable[[Intact], Samples]:
    return lambda take: take.vocoded.sung(np.full(len(take.vocoded.hz), semitones)).sound(like=take.samples)


def _late(take: Intact) -> Samples:
    sung = _moved(0.0)(take)
    return np.pad(sung, ((round(_LATE_S * RATE_HZ), 0), (0, 0)))[: len(sung)]


NO_FAULTS: Mapping[str, Callable[[Intact], Samples]] = {
    "three semitones higher": _moved(3.0),
    "an octave lower": _moved(-12.0),
    f"{1_000 * _LATE_S:.0f} ms late": _late,
}


@dataclass(frozen=True)
class Ranked:
    """One take, without faults and with graver and graver ones."""

    damage: str
    points: Sequence[Points]

    def pairs_right(self, judge: Judge) -> float:
        """The share of pairs of which the better one gets more; half of those that get the same."""
        pairs = list(combinations([points[judge] for points in self.points], 2))
        return statistics.mean(float(better > worse) + 0.5 * (better == worse) for better, worse in pairs)

    def tau(self, judge: Judge) -> float:
        """Kendall's: 1 in order, 0 where all get the same."""
        got = [points[judge] for points in self.points]
        found = float(kendalltau(range(len(got), 0, -1), got).statistic)
        return 0.0 if np.isnan(found) else found


def ranking(judges: Judges, takes: Sequence[Take], *, progress: Progress, whose: str) -> Iterator[Table]:
    ranked: list[Ranked] = []
    kept: dict[str, list[Points]] = {name: [] for name in NO_FAULTS}
    control: list[Points] = []
    for at, take in enumerate(takes):
        progress(f"ranking {whose}", at / len(takes))
        intact = _intact(judges, take)
        control.append(_points(judges, take, _moved(0.0)(intact)))
        for damage in DAMAGES:
            grades = [_points(judges, take, damage.of(intact, grade, seed=at)) for grade in damage.grades]
            ranked.append(Ranked(_said(damage), [control[-1], *grades]))
        for name, way in NO_FAULTS.items():
            kept[name].append(_points(judges, take, way(intact)))
    progress(f"ranking {whose}", 1.0)
    yield _ranks(judges, ranked, f"{len(takes)} {whose}")
    yield _kept(judges, control, kept, whose)


def _intact(judges: Judges, take: Take) -> Intact:
    measured = measure_take(hear(take.mix, take.mix, take.mix, judges.instruments.tracker))
    return Intact(take.mix, measured.pitch, measured.notes, measured.phrases)


def _points(judges: Judges, take: Take, samples: Samples) -> Points:
    return judges.judge(replace(take, mix=samples)).points


def _said(damage: Damage) -> str:
    return f"{damage.name}, {'/'.join(f'{grade:g}' for grade in damage.grades)} {damage.unit}"


def _ranks(judges: Judges, ranked: Sequence[Ranked], voices: str) -> Table:
    rows = []
    for damage in dict.fromkeys(one.damage for one in ranked):
        here = [one for one in ranked if one.damage == damage]
        pairs = [100 * statistics.mean(one.pairs_right(judge) for one in here) for judge in judges.present]
        taus = [f"{statistics.mean(one.tau(judge) for one in here):.2f}" for judge in judges.present]
        rows.append(Row(f"{damage}: pairs right, %", pairs))
        rows.append(Row("  Kendall's tau", taus))
    note = "Each was put together again without a fault and with three grades of it. A tie is half right."
    return Table(
        f"Who ranks the better take higher: {voices}",
        "fault",
        [Column(judge.value, 0) for judge in judges.present],
        rows,
        note,
    )


def _kept(judges: Judges, control: Sequence[Points], kept: Mapping[str, Sequence[Points]], whose: str) -> Table:
    rows = [Row("as written, points", [statistics.mean(one[judge] for one in control) for judge in judges.present])]
    for name, found in kept.items():
        shares = [
            statistics.mean(
                100 * one[judge] / max(before[judge], 1.0) for before, one in zip(control, found, strict=True)
            )
            for judge in judges.present
        ]
        rows.append(Row(f"{name}, % of it", shares))
    note = "What is no fault should keep all points."
    return Table(f"What is no fault: {whose}", "sung", [Column(judge.value, 0) for judge in judges.present], rows, note)
