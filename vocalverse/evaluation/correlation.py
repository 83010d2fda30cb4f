"""How near a judge comes to raters, and whether it puts takes in their order. None where that cannot be told."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from vocalverse.evaluation.figure import Floats

Measure = Callable[[Floats, Floats], float | None]  # of what was told and what was rated


def mse(told: Floats, rated: Floats) -> float | None:
    return float(np.mean((told - rated) ** 2)) if len(told) else None


def rmse(told: Floats, rated: Floats) -> float | None:
    squared = mse(told, rated)
    return None if squared is None else float(np.sqrt(squared))


def mae(told: Floats, rated: Floats) -> float | None:
    return float(np.mean(np.abs(told - rated))) if len(told) else None


def lcc(told: Floats, rated: Floats) -> float | None:
    """Pearson's r."""
    if why_no_order(told, rated):
        return None
    return float(np.clip(np.corrcoef(told, rated)[0, 1], -1.0, 1.0))


def srcc(told: Floats, rated: Floats) -> float | None:
    """Spearman's ρ: ties share their rank."""
    if why_no_order(told, rated):
        return None
    from scipy.stats import rankdata

    return lcc(rankdata(told), rankdata(rated))


def tau(told: Floats, rated: Floats) -> float | None:
    """Kendall's τ-b: ties count for neither order."""
    if why_no_order(told, rated):
        return None
    from scipy.stats import kendalltau

    return float(kendalltau(told, rated).statistic)


def why_no_order(told: Floats, rated: Floats) -> str:
    """Empty where there is one."""
    if len(told) < 2:
        return "fewer than two to compare"
    if not _differs(told):
        return "the judge says the same of all"
    return "" if _differs(rated) else "raters say the same of all"


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {"rmse": rmse, "mse": mse, "mae": mae, "lcc": lcc, "srcc": srcc, "tau": tau}
)


def _differs(values: Floats) -> bool:
    """By more than what rounding makes of equal ones."""
    return bool(np.ptp(values) > 1e-9 * max(1.0, float(np.abs(values).max())))
