"""The table of failure test 1.

python -m tests.chaos.table [SEED]...
"""

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.chaos.havoc import Outcome, Plan, Target, wreak

PLAN = Plan(strikes=36, singers=4)
_SEEDS = (1, 2, 3)


def table(outcomes: Iterable[Outcome]) -> str:
    heads = ("seed", "acknowledged", "kills", *(target.value for target in Target), "lost", "double", "recovery s")
    rows = [heads] + [
        (
            str(one.seed),
            str(one.verdict.acknowledged),
            str(one.kills.total()),
            *(str(one.kills[target]) for target in Target),
            str(len(one.verdict.lost)),
            str(len(one.verdict.double)),
            f"{one.recovery_s:.1f}",
        )
        for one in outcomes
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def main(*seeds: str) -> int:
    outcomes = []
    for seed in map(int, seeds or map(str, _SEEDS)):
        with tempfile.TemporaryDirectory(prefix="vocalverse-chaos-") as folder:
            outcome = wreak(Path(folder) / "house", seed, PLAN)
        print(f"seed {seed}: {outcome.verdict.by_state}", file=sys.stderr)
        outcomes.append(outcome)
    print(table(outcomes))
    return 0 if all(one.verdict for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
