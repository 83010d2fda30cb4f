"""What a bench found: rows with a unit, a target where there is one, and a peer's figure beside ours."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vocalverse.bench.machine import Machine


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str
    target: str = ""
    note: str = ""


@dataclass(frozen=True)
class Report:
    machine: Machine
    figures: Sequence[Figure]

    def as_json(self) -> dict[str, Any]:
        return {"machine": asdict(self.machine), "figures": [asdict(figure) for figure in self.figures]}


def percentiles(name: str, seconds: Sequence[float], *, target: str = "", note: str = "") -> list[Figure]:
    """Median, 95th percentile and maximum, in milliseconds; the target belongs to the 95th percentile."""
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return [
        Figure(f"{name}, median", statistics.median(ordered) * 1e3, "ms", note=note),
        Figure(f"{name}, p95", p95 * 1e3, "ms", target=target),
        Figure(f"{name}, max", ordered[-1] * 1e3, "ms"),
    ]
