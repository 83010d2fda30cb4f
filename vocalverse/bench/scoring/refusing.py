"""What is paid for what is no singing, who is refused, and who is refused wrongly."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.scoring.judges import Judged, Judges
from vocalverse.records import Reason, Verdict

_Key = TypeVar("_Key")


def paid(judges: Judges, judged: Sequence[Judged], of: str) -> Table:
    """A row for each kind and, of attacks, each generator; of those with a chart."""
    charted = [one for one in judged if one.points]
    rows = []
    for name, here in _grouped(charted, _row_of):
        points: list[Cell] = [statistics.mean(one.points[judge] for one in here) for judge in judges.present]
        rows.append(Row(name, [*points, _said(here)]))
    columns = [*(Column(judge.value, 0) for judge in judges.present), Column("verdict")]
    note = "Points of 10,000, means. The games hear what was recorded; ours hears it through its ear."
    return Table(f"What is paid for singing, and for what is none: {of}", "take", columns, rows, note)


def _row_of(judged: Judged) -> str:
    take = judged.take
    return take.name if take.generated else take.kind


def refusals(judged: Sequence[Judged]) -> Iterator[Table]:
    """Honest singers, and attacks; kinds that set thresholds apart from those that never did."""
    columns = [
        Column("recordings", 0),
        Column("too short", 0),
        Column("refused", 0),
        Column("low", 0),
        Column("refused, %"),
        Column("set thresholds"),
        Column("reasons"),
    ]
    for title, honest in (("Honest singers", True), ("What is no singing", False)):
        here = [one for one in judged if one.take.honest is honest]
        if not here:
            continue
        rows = [
            _row(f"{kind}", "yes" if calibrated else "no", some)
            for (kind, calibrated), some in _grouped(here, lambda one: (one.take.kind, one.take.calibrated))
        ]
        for calibrated, said in ((True, "that set thresholds"), (False, "never seen")):
            if some := [one for one in here if one.take.calibrated is calibrated]:
                rows.append(_row(f"all {said}", "yes" if calibrated else "no", some))
        yield Table(f"{title}: who is refused", "kind", columns, rows)


def _row(name: str, calibrated: str, judged: Sequence[Judged]) -> Row:
    """What is too short for anybody to judge is counted apart."""
    long = [one for one in judged if one.reasons != (Reason.TOO_SHORT.value,)]
    refused = [one for one in long if one.verdict is Verdict.REFUSE]
    low = sum(one.verdict is Verdict.LOW for one in long)
    counts = (float(len(judged)), float(len(judged) - len(long)), float(len(refused)), float(low))
    share = 100 * len(refused) / len(long) if long else None
    return Row(name, [*counts, share, calibrated, _reasons(refused)])


def _said(judged: Sequence[Judged]) -> str:
    verdicts = Counter(one.verdict.value for one in judged)
    reasons = _reasons([one for one in judged if one.verdict is not Verdict.PASS])
    return ", ".join(verdicts) + (f" ({reasons})" if reasons else "")


def _reasons(judged: Sequence[Judged]) -> str:
    counted = Counter(reason for one in judged for reason in one.reasons)
    return ", ".join(f"{reason} {count}" for reason, count in counted.most_common())


def _grouped(judged: Sequence[Judged], key: Callable[[Judged], _Key]) -> Iterator[tuple[_Key, list[Judged]]]:
    """In the order of their first ones."""
    for one in dict.fromkeys(map(key, judged)):
        yield one, [other for other in judged if key(other) == one]
