"""Scores that rest on reasoned evidence, and what heads hear beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vocalverse.release.spec import HEARD, DimensionSpec, EvidenceSpec
from vocalverse.toml import WrongError, read_table
from vocalverse.training.manifest import Clip
from vocalverse.training.recipe import HeadRecipe, Recipe

_OVERALL = "overall"
_LOWEST = 0.05  # the quantile of strengths that is worth the least
_STRENGTHS = 3  # the least, the middle, the most
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
        if len(head.worth) != _STRENGTHS or list(head.worth) != sorted(head.worth):
            raise WrongError(f"heads.{name}.worth is {list(head.worth)}: {_STRENGTHS} numbers that rise.")


def heard_beside(dimension: DimensionSpec, head: HeadRecipe, at: Sequence[float]) -> DimensionSpec:
    """With what the head says as evidence of its share; `at` are `strengths`."""
    reasoned = sum(one.weight for one in dimension.evidence)
    weight = reasoned * head.share / (1 - head.share)
    heard = EvidenceSpec(HEARD, weight, tuple(at), head.worth)
    return replace(dimension, evidence=(*dimension.evidence, heard), encoders=head.encoders)


def strengths(said: Floats, clips: Sequence[Clip]) -> tuple[float, ...]:
    """The least of all clips, the middle of those that nobody damaged, and as far above it as that lies below: singers
    of another kind are not at the end of the scale at once.
    """
    whole = np.asarray([clip.damage is None or clip.damage.grade == 0 for clip in clips])
    middle = float(np.median(said[whole] if whole.any() else said))
    below = max(middle - float(np.quantile(said, _LOWEST)), _LEAST_STEP)
    return (middle - below, middle, middle + below)


def _table(path: Path) -> dict[str, Any]:
    try:
        return read_table(path)
    except WrongError as wrong:
        raise WrongError(f"{path.parent.name}/{path.name}: {wrong}") from None
