"""Scores that rest on reasoned evidence, and what heads hear beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vocalverse.release.spec import HEARD, DimensionSpec, EvidenceSpec
from vocalverse.toml import WrongError, read_table
from vocalverse.training.manifest import Clip
from vocalverse.training.recipe import HeadRecipe, Recipe

_OVERALL = "overall"
_LOWEST, _MIDDLE, _HIGHEST = 0.05, 0.5, 0.95  # quantiles of strengths …
_WORTH = (1.0, 3.3, 5.0)  # … and what they are worth: who was not damaged is a little better than usual
_LEAST_STEP = 1e-3

Floats = npt.NDArray[np.float64]


def with_tables(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """`reasoned = "lite"` is a folder beside the recipe: a file for each dimension that has a title, and the overall
    mark's.
    """
    name = table.get("reasoned")
    if not isinstance(name, str):
        return dict(table)
    dimensions = [_table(folder / name / f"{key}.toml") for key in table.get("titles", {})]
    return {**table, "reasoned": {"dimensions": dimensions, "overall": _table(folder / name / f"{_OVERALL}.toml")}}


def require_reasoned(recipe: Recipe) -> None:
    if recipe.reasoned is None:
        return
    known = {one.key for one in recipe.reasoned.dimensions}
    if unknown := [key for key in recipe.dimensions if key not in known]:
        raise WrongError(f"{', '.join(unknown)} would be heard, and no reasoned table is of that name.")
    for name, head in recipe.heads.items():
        if not 0 < head.share < 1:
            raise WrongError(f"heads.{name}.share is {head.share}: it lies between 0 and 1, evidence has the rest.")


def heard_beside(dimension: DimensionSpec, head: HeadRecipe, at: Sequence[float]) -> DimensionSpec:
    """With what the head says as evidence of its share; `at` are strengths of the least, the middle, and the most."""
    reasoned = sum(one.weight for one in dimension.evidence)
    weight = reasoned * head.share / (1 - head.share)
    heard = EvidenceSpec(HEARD, weight, tuple(at), _WORTH)
    return replace(dimension, evidence=(*dimension.evidence, heard), encoders=head.encoders)


def strengths(said: Floats, clips: Sequence[Clip]) -> tuple[float, ...]:
    """The least of all clips; the middle and the most of those that nobody damaged."""
    whole = np.asarray([clip.damage is None or clip.damage.grade == 0 for clip in clips])
    sound = said[whole] if whole.any() else said
    found = [float(np.quantile(said, _LOWEST)), *(float(np.quantile(sound, one)) for one in (_MIDDLE, _HIGHEST))]
    rising = [found[0]]
    for before, after in pairwise(found):
        rising.append(max(after, before + _LEAST_STEP, rising[-1] + _LEAST_STEP))
    return tuple(rising)


def _table(path: Path) -> dict[str, Any]:
    try:
        return read_table(path)
    except WrongError as wrong:
        raise WrongError(f"{path.parent.name}/{path.name}: {wrong}") from None
