"""How a judge takes damage that was done on purpose: whether graver grades get less, and what else they cost.

Order: of a fault's own dimension, the share of neighbouring grades of which the lesser gets more (ties are half), and
the share of takes of which all are in order. Shift: what a grade costs against the control, the mean of all grades.
Spill: how far the other dimensions move, up or down, for each point that its own one falls.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vocalverse.errors import ManifestBroken, TooFew
from vocalverse.evaluation.evaluate import Said
from vocalverse.evaluation.figure import Chosen, Figure, Floats, Resampling, figures
from vocalverse.records import OVERALL
from vocalverse.synthesis.damage.family import Generator
from vocalverse.synthesis.damage.graded import FAULTS
from vocalverse.training.manifest import Clip, Manifest

ALL = "all"
_OF = {fault.kind: fault.dimension for fault in FAULTS}


@dataclass(frozen=True)
class OfKind:
    kind: str
    dimension: str  # that it should hurt
    takes: int
    figures: Mapping[str, Figure]  # pairs, exact, shift, spill


@dataclass(frozen=True)
class _Hurt:
    """One take, from the control to the gravest grade."""

    kind: str
    singer: str
    own: Floats  # [grades], of the dimension that should be hurt
    others: Floats  # [other dimensions, grades]

    @property
    def pairs(self) -> list[float]:
        return [0.5 if after == before else float(after < before) for before, after in pairwise(self.own)]

    @property
    def lost(self) -> float:
        return float(np.mean(self.own[0] - self.own[1:]))

    @property
    def moved(self) -> float:
        """Of the others, up or down."""
        return float(np.mean(np.abs(self.others[:, :1] - self.others[:, 1:]))) if self.others.size else np.nan


def of_damage(manifest: Manifest, said: Said, resampling: Resampling = Resampling()) -> tuple[OfKind, ...]:
    """By kind, and of all together at the end."""
    hurt = _hurt(manifest, said)
    if not hurt:
        raise TooFew(
            f"No damaged take was judged in the dimension that it should hurt: the judge tells of"
            f" {', '.join(said) or 'nothing'}. `vocalverse data damage` makes such takes."
        )
    kinds = list(dict.fromkeys(one.kind for one in hurt))
    rows = [_row(kind, _OF[kind], [one for one in hurt if one.kind == kind], resampling) for kind in kinds]
    return (*rows, _row(ALL, ALL, hurt, resampling)) if len(kinds) > 1 else tuple(rows)


def _hurt(manifest: Manifest, said: Said) -> list[_Hurt]:
    grades: defaultdict[tuple[str, str], dict[int, Clip]] = defaultdict(dict)
    for clip in manifest.clips:
        if clip.damage:
            _require_unheard(clip)
            grades[clip.damage.of, clip.damage.kind][clip.damage.grade] = clip
    found = (_of(kind, [versions[grade] for grade in sorted(versions)], said) for (_, kind), versions in grades.items())
    return [one for one in found if one]


def _require_unheard(clip: Clip) -> None:
    damage = clip.damage
    assert damage
    if damage.generator is not Generator.REPORT:
        raise ManifestBroken(
            f"{clip.id} was damaged by a way that judges learn from. Report on others: vocalverse data damage"
            " --generator report."
        )
    if damage.kind not in _OF:
        raise ManifestBroken(f"{clip.id}: there is no damage {damage.kind!r}; there are {', '.join(_OF)}.")


def _of(kind: str, versions: Sequence[Clip], said: Said) -> _Hurt | None:
    """None where not all of it was judged. The overall mark is to fall with each of them, and is no other dimension."""
    control = versions[0].damage
    own = _OF[kind]
    told = {
        dimension: np.asarray([clips[clip.id].value for clip in versions])
        for dimension, clips in said.items()
        if dimension != OVERALL and all(clip.id in clips for clip in versions)
    }
    if own not in told or len(versions) < 2 or not control or control.grade:
        return None
    others = [scores for dimension, scores in told.items() if dimension != own]
    return _Hurt(kind, versions[0].singer, told[own], np.asarray(others).reshape(len(others), len(versions)))


def _row(kind: str, dimension: str, hurt: Sequence[_Hurt], resampling: Resampling) -> OfKind:
    pairs = [one.pairs for one in hurt]
    lost, moved = np.asarray([one.lost for one in hurt]), np.asarray([one.moved for one in hurt])

    def reckon(chosen: Chosen) -> dict[str, float | None]:
        own, others = float(lost[chosen].mean()), float(moved[chosen].mean())
        return {
            "pairs": float(np.mean([pair for at in chosen for pair in pairs[at]])),
            "exact": float(np.mean([min(pairs[at]) == 1 for at in chosen])),
            "shift": own,
            "spill": others / own if own > 0 and np.isfinite(others) else None,
        }

    why = "its own dimension does not fall, or there is no other"
    return OfKind(kind, dimension, len(hurt), figures(reckon, [one.singer for one in hurt], resampling, why=why))
