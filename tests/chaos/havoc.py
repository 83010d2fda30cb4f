"""Failure test 1: everything is killed at random while recordings flow, then all is started again and counted."""

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.chaos.breakable import BreakableHouse, kill
from tests.chaos.ledger import Ledger, Verdict
from tests.chaos.songs import short_song

WORKERS = 2
_COMMANDS = {
    "gateway": ("serve",),
    "dispatcher": ("dispatch",),
    "workers": ("work", "--processes", str(WORKERS)),
}


class Target(StrEnum):
    GATEWAY = "gateway"
    DISPATCHER = "dispatcher"
    WORKER = "worker"
    SUPERVISOR = "supervisor"
    VALKEY = "valkey"
    POSTGRES = "postgres"


@dataclass(frozen=True)
class Plan:
    """How much is broken, and how much flows meanwhile."""

    strikes: int
    singers: int
    pause_s: float = 0.2  # of a singer between two songs
    longest_gap_s: float = 0.5  # before a wave of strikes
    largest_flow: int = 8  # acknowledgements before a wave, unless it strikes while all is still getting up
    breathless: float = 0.4  # how often it does
    longest_outage_s: float = 0.5


@dataclass(frozen=True)
class Outcome:
    seed: int
    kills: Counter[Target]
    verdict: Verdict
    recovery_s: float  # from the last start until the last acknowledged recording has ended


@dataclass
class Havoc:
    """Strikes one to three parts of the house at once, and lets somebody start them again."""

    house: BreakableHouse
    ledger: Ledger
    rng: random.Random
    plan: Plan
    kills: Counter[Target] = field(default_factory=Counter)

    def rage(self) -> None:
        for targets in self._waves():
            if self.rng.random() > self.plan.breathless:
                self._let_flow(self.rng.randint(1, self.plan.largest_flow))
            time.sleep(self.rng.uniform(0, self.plan.longest_gap_s))
            for target in targets:
                self._strike(target)
            time.sleep(self.rng.uniform(0, self.plan.longest_outage_s))
            self.revive()

    def revive(self) -> None:
        """What a machine's service manager does: whatever has ended is started again."""
        if not self.house.postgres.alive():
            self.house.postgres.start()
        if not self.house.valkey.alive():
            self.house.valkey.start()
        for name, command in _COMMANDS.items():
            if self.house.processes[name].poll() is not None:
                self.house.spawn(name, *command)

    def _let_flow(self, recordings: int) -> None:
        before = len(self.ledger.entries)
        self.house.wait_until(
            lambda: len(self.ledger.entries) >= before + recordings, "recordings flow again", within_s=120
        )

    def _waves(self) -> Iterator[Sequence[Target]]:
        """Every target comes once before any comes again."""
        left: list[Target] = []
        strikes = self.plan.strikes
        while strikes > 0:
            if not left:
                left = self.rng.sample(list(Target), len(Target))
            size = min(self.rng.choice((1, 1, 2, 3)), len(left), strikes)
            wave, left = left[:size], left[size:]
            strikes -= size
            yield wave

    def _strike(self, target: Target) -> None:
        match target:
            case Target.POSTGRES:
                self.house.kill_postgres()
            case Target.VALKEY:
                self.house.kill_valkey()
            case Target.WORKER:
                self.house.wait_until(lambda: bool(self.house.living_workers()), "there is a worker", within_s=120)
                kill(self.rng.choice(self.house.living_workers()))
            case Target.GATEWAY | Target.DISPATCHER | Target.SUPERVISOR:
                name = "workers" if target is Target.SUPERVISOR else target.value
                process = self.house.processes[name]
                process.send_signal(signal.SIGKILL)
                process.wait()
        self.kills[target] += 1


def wreak(folder: Path, seed: int, plan: Plan) -> Outcome:
    """One whole run in a house of its own."""
    body = short_song()
    with BreakableHouse(folder) as house, Ledger(house) as ledger:
        house.open(workers=WORKERS)
        havoc = Havoc(house, ledger, random.Random(seed), plan)
        with ledger.singing(body, singers=plan.singers, pause_s=plan.pause_s):
            havoc.rage()
            house.wait_until(house.answers, "the gateway answers", within_s=120)
            began = time.monotonic()
        house.wait_for_ends(ledger.recording_ids, within_s=120 + len(ledger.entries))
        return Outcome(seed, havoc.kills, ledger.verdict(), time.monotonic() - began)
