"""In which order the measures of a score are sung: repeats, endings, da capo, dal segno, coda and fine."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vocalverse.errors import ReferenceBroken

_PLAYED_AT_MOST = 20_000
_TIMES_AT_MOST = 20  # a measure


@dataclass
class Marks:
    """What a measure says of the order."""

    forward: bool = False
    backward_times: int = 0  # how often in all; 0 where it does not go back
    endings: frozenset[int] = frozenset()  # it is sung only in these passes
    ends_ending: bool = False
    jumps: frozenset[str] = field(default_factory=frozenset)  # of dacapo, dalsegno, tocoda, fine
    targets: frozenset[str] = field(default_factory=frozenset)  # of segno, coda


@dataclass(frozen=True)
class Played:
    measure: int
    visit: int  # from 1: the verse


def played_order(measures: Sequence[Marks]) -> tuple[Played, ...]:
    """Repeats are taken once more at each pass, and no more after a jump back, as musicians do."""
    segno, coda = (
        [index for index, marks in enumerate(measures) if name in marks.targets] for name in ("segno", "coda")
    )
    player = _Player(measures, _last_passes(measures), segno[0] if segno else 0, coda[-1] if coda else 0)
    while player.at < len(measures):
        player.step()
    return tuple(player.order)


def _last_passes(measures: Sequence[Marks]) -> list[int]:
    """For each measure in an ending, how many passes its section has. A first ending alone means a second pass."""
    passes, index = [0] * len(measures), 0
    while index < len(measures):
        end = index
        while end < len(measures) and measures[end].endings:
            end += 1
        if end > index:
            groups = {measure.endings for measure in measures[index:end]}
            alone = len(groups) == 1 and any(measure.backward_times for measure in measures[index:end])
            # A second ending whose first nobody marked is sung as if it were none.
            last = max(max(group) for group in groups) + alone if any(1 in group for group in groups) else 0
            passes[index:end] = [last] * (end - index)
        index = max(end, index + 1)
    return passes


@dataclass
class _Player:
    measures: Sequence[Marks]
    last_passes: Sequence[int]
    segno: int  # 0, the beginning, where there is none
    coda: int
    at: int = 0
    section: int = 0  # where a repeat goes back to
    in_pass: int = 1
    jumped: bool = False
    order: list[Played] = field(default_factory=list)
    visits: dict[int, int] = field(default_factory=dict)

    def step(self) -> None:
        marks = self.measures[self.at]
        left_endings = self.at > 0 and not marks.endings and bool(self.measures[self.at - 1].endings)
        if self.at != self.section and (marks.forward or left_endings):
            self.section, self.in_pass = self.at, 1
        if marks.endings and not self._has_this_pass(marks):
            self.at += 1
            return
        self._play()
        self.at = self._next(marks)

    def _has_this_pass(self, marks: Marks) -> bool:
        last = self.last_passes[self.at]
        return not last or (last if self.jumped else self.in_pass) in marks.endings

    def _play(self) -> None:
        visit = self.visits[self.at] = self.visits.get(self.at, 0) + 1
        self.order.append(Played(self.at, visit))
        if visit > _TIMES_AT_MOST or len(self.order) > _PLAYED_AT_MOST:
            raise ReferenceBroken(f"measure {self.at + 1} is repeated without end: check its repeats and jumps.")

    def _next(self, marks: Marks) -> int:
        if self.jumped:
            if "fine" in marks.jumps:
                return len(self.measures)
            return self.coda if "tocoda" in marks.jumps and self.coda > self.at else self.at + 1
        if marks.backward_times:
            passes = self.last_passes[self.at] or marks.backward_times
            if self.in_pass < passes:
                self.in_pass += 1
                return self.section
            self.section, self.in_pass = self.at + 1, 1
        if marks.jumps & {"dacapo", "dalsegno"}:
            self.jumped = True
            return self.segno if "dalsegno" in marks.jumps else 0
        return self.at + 1
