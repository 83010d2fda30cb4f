"""Out of many takes, those that are worth an expert's ear: singing above the bar, of all levels, singers and songs."""

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.measure.marks import Score
from vocalverse.prescreen.judge import Prescreened
from vocalverse.prescreen.same_sound import Signature, originals
from vocalverse.records import Verdict

_LEVEL = 20.0  # of a score


@dataclass(frozen=True)
class Candidate:
    name: str
    singer: str
    song: str | None  # None where nobody knows
    prescreened: Prescreened | None = None  # None where it could not be heard
    signature: Signature | None = None
    failed: str = ""  # why not

    @property
    def passes(self) -> bool:
        return self.prescreened is not None and self.prescreened.verdict is Verdict.PASS

    @property
    def level(self) -> tuple[int | None, int | None]:
        found = self.prescreened
        return (_level(found.pitch), _level(found.rhythm)) if found else (None, None)


@dataclass(frozen=True)
class Choice:
    picked: bool
    why: str  # what speaks against it, or `spare`


def pick(candidates: Sequence[Candidate], keep: int) -> list[Choice]:
    """One for each. The same ones are picked in whatever order they come."""
    passing = [index for index, one in enumerate(candidates) if one.passes]
    passing.sort(key=lambda index: candidates[index].name)
    first = originals([candidates[index].signature for index in passing])
    copies = {passing[at]: candidates[passing[of]] for at, of in enumerate(first) if of is not None}
    left = [index for index in passing if index not in copies]
    picked = {left[at] for at in _spread([candidates[index] for index in left], keep)}
    return [
        Choice(index in picked, _why(one, copies.get(index), picked=index in picked))
        for index, one in enumerate(candidates)
    ]


def _why(one: Candidate, original: Candidate | None, *, picked: bool) -> str:
    if one.prescreened is None:
        return f"not heard: {one.failed}"
    if not one.passes:
        return f"{one.prescreened.verdict}: {', '.join(finding.code for finding in one.prescreened.findings)}"
    if original:
        return f"same sound as {original.name}"
    return "picked" if picked else "spare"


def _spread(candidates: Sequence[Candidate], keep: int) -> list[int]:
    """One after the other, each from whom, of what and of which level there is least so far."""
    ways = [
        _shares([one.singer for one in candidates], keep),
        _shares([one.song or one.name for one in candidates], keep),
        _shares([one.level for one in candidates], keep),
    ]
    # By a digest of the name, not by the name: folders are in order of something.
    tie = np.asarray([int(hashlib.sha256(one.name.encode()).hexdigest()[:12], 16) / 16**12 for one in candidates])
    full = 1e-6 * tie
    chosen: list[int] = []
    while len(chosen) < min(keep, len(candidates)):
        best = int(full.argmin())
        chosen.append(best)
        full[best] = np.inf
        for group, share in ways:
            full[group == group[best]] += share
    return chosen


def _shares(groups: Sequence[Hashable], keep: int) -> tuple[npt.NDArray[np.intp], float]:
    """The number of each one's group, and how much of its fair share of what is kept one take is."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return np.asarray([numbers[group] for group in groups], np.intp), len(numbers) / max(1, keep)


def _level(score: Score | None) -> int | None:
    return int(min(score.value, 99.9) // _LEVEL) if score else None
