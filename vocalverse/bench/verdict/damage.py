"""Faults by grades: each costs most in the dimension that it hurts, and graver ones cost more."""

from collections.abc import Sequence

import numpy as np

from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.verdict.hearing import Version
from vocalverse.bench.verdict.takes import Take
from vocalverse.bench.verdict.trial import DIMENSIONS, Contender, Said, Trial, figure_in_words, percent, share_in_words
from vocalverse.bench.verdict.ways import GRADES, damaged
from vocalverse.evaluation.damage import OfKind, of_damage
from vocalverse.evaluation.evaluate import Said as SaidOfClips
from vocalverse.evaluation.judgements import Told
from vocalverse.records import OVERALL
from vocalverse.synthesis.damage.family import Generator
from vocalverse.synthesis.damage.graded import Fault
from vocalverse.training.manifest import Clip, Damaged, Manifest

_NOTE = (
    "Singers and generators that nothing was learnt from. In order: of neighbouring grades, the share of which the graver"
    " one gets less (a tie is half), in %. Cost: what grades cost in the dimension that they should hurt, in points of 5."
    " Spill: how far the others move for each point of it. Overall: the share of neighbouring grades of which the graver"
    " one gets less of that. With 95 % intervals, drawn by singer. To be: 90 % and more, and ¼ at most."
)


def versions(trial: Trial) -> list[Version]:
    return [
        Version(take, damaged(fault, grade))
        for take in takes(trial)
        for fault in trial.extent.faults
        for grade in range(GRADES)
    ]  # fmt: skip


def takes(trial: Trial) -> Sequence[Take]:
    return trial.altered(trial.extent.damaged)


def table(trial: Trial) -> Table:
    faults = trial.extent.faults
    groups = {
        **{f"{key}: all its faults": [one for one in faults if one.dimension == key] for key in DIMENSIONS},
        **{f"{fault.dimension}: {fault.kind}": [fault] for fault in faults},
    }
    by_contender = [(one, trial.said(one, versions(trial))) for one in trial.contenders]
    rows = [
        Row(name, [cell for one, said in by_contender for cell in _cells(trial, said, group)])
        for name, group in groups.items()
    ]
    names = ("in order, %", "cost", "spill", "overall, %")
    columns = [Column(f"{one.name}: {name}") for one in trial.contenders for name in names]
    return Table("Damage by grades", "fault", columns, rows, f"{len(takes(trial))} takes. {_NOTE}")


def pairs_in_order(trial: Trial, contender: Contender, key: str) -> float | None:
    """Of neighbouring grades of all faults that hurt it; of the overall mark, of all faults."""
    said = trial.said(contender, versions(trial))
    return _in_order(trial, said, key, [fault for fault in trial.extent.faults if key in (OVERALL, fault.dimension)])


def _cells(trial: Trial, said: Said, faults: Sequence[Fault]) -> list[Cell]:
    found = _found(trial, said, faults)
    if not found:
        return [None] * 4
    told = found.figures
    overall = _in_order(trial, said, OVERALL, faults)
    return [
        share_in_words(told["pairs"]),
        *(figure_in_words(told[name]) for name in ("shift", "spill")),
        percent(overall),
    ]


def _found(trial: Trial, said: Said, faults: Sequence[Fault]) -> OfKind | None:
    """Of all of these together."""
    of_clips = _of_clips(said)
    clips = [clip for take in takes(trial) for clip in _clips(take, faults) if clip.id in said]
    if not any(clip.id in of_clips[fault.dimension] for clip in clips for fault in faults):
        return None
    return of_damage(Manifest(tuple(clips)), of_clips, trial.extent.resampling)[-1]


def _clips(take: Take, faults: Sequence[Fault]) -> list[Clip]:
    return [
        Clip(
            Version(take, damaged(fault, grade)).id,
            take.files[0],
            take.singer,
            take.song,
            "",
            damage=Damaged(fault.kind, grade, take.id, Generator.REPORT),
        )
        for fault in faults
        for grade in range(GRADES)
    ]


def _of_clips(said: Said) -> SaidOfClips:
    """By dimension. The overall mark is no dimension that damage could spill onto."""
    return {
        key: {name: Told(scores[key].value) for name, scores in said.items() if key in scores} for key in DIMENSIONS
    }


def _in_order(trial: Trial, said: Said, key: str, faults: Sequence[Fault]) -> float | None:
    falls: list[float] = []
    for take in takes(trial):
        for fault in faults:
            names = [Version(take, damaged(fault, grade)).id for grade in range(GRADES)]
            if all(key in said.get(name, {}) for name in names):
                drops = -np.diff([said[name][key].value for name in names])
                falls += [0.5 if drop == 0 else float(drop > 0) for drop in drops]
    return float(np.mean(falls)) if falls else None
