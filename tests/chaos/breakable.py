"""A house for breaking: short leases, an assessor that misbehaves on request, and no process left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from uuid import UUID

import redis

from tests.chaos.assessors import sign
from vocalverse.bench.house import House
from vocalverse.embedded.valkey import ADMIN

REPOSITORY = Path(__file__).parents[2]
DISPATCH_LEASE_S, RUN_LEASE_S = 2.0, 3.0

_SETTINGS: Mapping[str, object] = {
    "assessor": "tests.chaos.assessors:open_assessor",
    "dispatch_lease_s": DISPATCH_LEASE_S,
    "run_lease_s": RUN_LEASE_S,
    "retry_backoff_s": 0.2,
    "worker_silent_s": 2,
    "stall_limit_s": 4,
    "task_limit_s": 20,
    "grace_s": 1,
    "part_bytes": 128 * 2**10,
}


class BreakableHouse(House):
    """Leases of seconds, so that a test sees them run out."""

    def __init__(self, folder: Path, **settings: object) -> None:
        super().__init__(folder, **{**_SETTINGS, **settings})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Workers first and by force: one that is stopped or stuck in C code hears no polite request."""
        supervisors = [process.pid for process in self.processes.values() if process.poll() is None]
        for pid in [worker for supervisor in supervisors for worker in children_of(supervisor)]:
            kill(pid)
        super().__exit__(kind, error, trace)

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """With the assessors that misbehave, and the clock that `clock_off_by_s` sets wrong."""
        return super().environment(more) | {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'tests/chaos/clock'}"}

    def open(self, *, workers: int = 1) -> None:
        """Gateway, dispatcher and workers, ready for recordings."""
        self.dispatcher()
        self.gateway()
        if workers:
            self.workers(workers)

    # --- asking and telling ---------------------------------------------------------------------------------------

    def let_go(self, name: str) -> None:
        """Give the sign that assessors wait for."""
        path = sign(self.folder, name)
        path.parent.mkdir(exist_ok=True)
        path.touch()

    def command(self, *arguments: str) -> str:
        """`vocalverse ...`, as an operator gives it; what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "vocalverse", *arguments],
            env=self.environment({}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def admin(self) -> "redis.Redis":
        """Valkey with every right. To be closed."""
        return redis.Redis.from_url(self.valkey.url(ADMIN))

    # --- its workers ----------------------------------------------------------------------------------------------

    def living_workers(self, name: str = "workers") -> list[int]:
        """The processes that judge under that supervisor."""
        process = self.processes.get(name)
        return children_of(process.pid) if process and process.poll() is None else []

    def idle_workers(self) -> int:
        """How many wait on their queue: alive, seen, and with no task."""
        alive = {str(pid) for name in self.processes for pid in self.living_workers(name)}
        seen = {name.rsplit("-", 2)[1] for name in self.column("SELECT name FROM workers")}
        busy = int(str(self.scalar("SELECT count(*) FROM tasks WHERE state = 'running'")))
        return len(alive & seen) - busy

    def worker_of(self, recording_id: UUID) -> int:
        """The process that holds the recording."""
        name = self.scalar("SELECT worker FROM tasks WHERE recording_id = %(id)s", id=str(recording_id))
        return int(str(name).rsplit("-", 2)[1])

    # --- its truth ------------------------------------------------------------------------------------------------

    def wait_for_state(self, recording_id: UUID, *states: str, within_s: float = 120) -> float:
        return self.wait_until(
            lambda: self.state(recording_id) in states, f"{recording_id} is {' or '.join(states)}", within_s=within_s
        )

    def wait_for_ends(self, recording_ids: Sequence[UUID], *, within_s: float = 120) -> float:
        ids = [str(one) for one in recording_ids]
        waiting = (
            "SELECT count(*) FROM tasks WHERE recording_id = ANY(%(ids)s::uuid[])"
            " AND state IN ('ready', 'leased', 'running')"
        )
        return self.wait_until(
            lambda: self.scalar(waiting, ids=ids) == 0, f"all {len(ids)} recordings have ended", within_s=within_s
        )

    def attempts(self, recording_id: UUID) -> int:
        return int(str(self.scalar("SELECT attempts FROM tasks WHERE recording_id = %(id)s", id=str(recording_id))))

    def count_events(self, recording_id: UUID, to_state: str) -> int:
        statement = "SELECT count(*) FROM events WHERE recording_id = %(id)s AND to_state = %(to)s::task_state"
        return int(str(self.scalar(statement, id=str(recording_id), to=to_state)))

    def moments(self, recording_id: UUID, to_state: str) -> list[float]:
        """When it moved there, in seconds since the epoch by Postgres' clock."""
        statement = (
            "SELECT extract(epoch FROM at) FROM events"
            " WHERE recording_id = %(id)s AND to_state = %(to)s::task_state ORDER BY id"
        )
        return [float(moment) for moment in self.column(statement, id=str(recording_id), to=to_state)]

    def now(self) -> float:
        """By Postgres' clock."""
        return float(str(self.scalar("SELECT extract(epoch FROM clock_timestamp())")))


def children_of(pid: int) -> list[int]:
    """The living ones."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            children.append(int(stat.parent.name))
    return sorted(children)


def kill(pid: int) -> None:
    """SIGKILL, and return when it is gone or a zombie."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    until = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < until, f"{pid} outlives SIGKILL"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
