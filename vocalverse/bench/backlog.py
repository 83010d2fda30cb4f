"""How cost grows with what waits: dispatch rounds and listings at 10⁴, 10⁵ and 10⁶ ready tasks."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from vocalverse.bench.figures import Figure, percentiles
from vocalverse.bench.house import House
from vocalverse.bench.seed import add_backlog, add_workers
from vocalverse.queue.round import play_round
from vocalverse.queue.service import round_options
from vocalverse.store import roles
from vocalverse.store.connect import worker_engine

_ROUNDS, _LISTINGS = 30, 20
_AT_A_TIME = 100_000


def measure(house: House, *, sizes: Sequence[int], venues: int) -> Iterator[Figure]:
    key = house.venue("bench-1")
    house.gateway()
    with house.database() as connection:
        add_workers(connection, 4, task_s=0.5)  # a window of eight, as four workers of two songs a second would have
    there = 0
    for size in sizes:
        while there < size:
            more = min(_AT_A_TIME, size - there)
            with house.database() as connection:
                add_backlog(connection, more, venues=venues)
            there += more
        _settle(house)
        yield from percentiles(f"dispatch round, {size:,} ready", _rounds(house), target="≤ 20 ms")
        yield from percentiles(f"GET /v1/recordings, {size:,} ready", _listings(house, key), target="≤ 100 ms")
        yield from percentiles(f"`vocalverse recordings list`, {size:,} ready", _commands(house), target="≤ 100 ms")


def _settle(house: House) -> None:
    """What autovacuum does within its minute."""
    with house.owner.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")


def _rounds(house: House) -> list[float]:
    engine = worker_engine(house.postgres.url(user=roles.WORKER), actor="bench")
    options = round_options(house.settings)
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        with engine.begin() as connection:
            play_round(connection, options, reap_running=True)
        times.append(time.perf_counter() - began)
        with house.database() as connection:  # make room for the next round
            connection.exec_driver_sql("UPDATE tasks SET state = 'running' WHERE state = 'leased'")
            connection.exec_driver_sql("UPDATE tasks SET state = 'done' WHERE state = 'running'")
    engine.dispose()
    return times[1:]  # the first one reads the plans and the pages


def _listings(house: House, key: str) -> list[float]:
    times = []
    with house.client(key) as client:
        for _ in range(_LISTINGS):
            began = time.perf_counter()
            client.get("/v1/recordings", params={"limit": 100, "state": "ready"}).raise_for_status()
            times.append(time.perf_counter() - began)
    return times[1:]


def _commands(house: House) -> list[float]:
    """Whole processes, Python's start included."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "vocalverse", "recordings", "list", "--state", "ready", "--json"],
            env=house.environment({}),
            stdout=subprocess.DEVNULL,
            check=True,
        )
        times.append(time.perf_counter() - began)
    return times
