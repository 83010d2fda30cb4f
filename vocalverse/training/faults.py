"""What is wrong with a manifest, gathered: who mends one line does not want to hear of the next one only then."""

from dataclasses import dataclass, field
from pathlib import Path

from vocalverse.errors import ManifestBroken

_AT_MOST = 20
_TOLD = 5  # in one message; `data check` tells all


@dataclass(frozen=True)
class Fault:
    where: str  # line 3
    what: str  # is wrong, and what to do

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class FaultyManifest(ManifestBroken):
    def __init__(self, path: Path, faults: tuple[Fault, ...]) -> None:
        count = f"{len(faults)} faults" if len(faults) < _AT_MOST else f"{_AT_MOST} faults or more"
        said = ". ".join(str(fault).rstrip(".") for fault in faults[:_TOLD])
        more = f" And {len(faults) - _TOLD} more." if len(faults) > _TOLD else ""
        super().__init__(f"{path} has {'a fault' if len(faults) == 1 else count}: {said}.{more}")
        self.path = path
        self.faults = faults


@dataclass
class Faults:
    """Of one file. Raises when there are so many that something else must be wrong."""

    path: Path
    found: list[Fault] = field(default_factory=list)

    def add(self, where: str, what: str) -> None:
        self.found.append(Fault(where, what))
        if len(self.found) == _AT_MOST:
            self.raise_any()

    def raise_any(self) -> None:
        if self.found:
            raise FaultyManifest(self.path, tuple(self.found))
