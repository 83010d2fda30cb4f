"""Failure tests 2, 9 and 13: Redis forgets all, several dispatchers at once, and a singer who waits at the screen."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.chaos.breakable import DISPATCH_LEASE_S, BreakableHouse
from tests.chaos.ledger import Ledger
from tests.patience import allowed_s
from vocalverse.queue.delivery import queue_name
from vocalverse.records import WorkerClass

QUEUE = f"rq:queue:{queue_name(WorkerClass.CPU)}"
MARGIN_S = 1.0

AGAIN = """
    SELECT count(DISTINCT recording_id) FROM events
    WHERE recording_id = ANY(%(ids)s::uuid[]) AND to_state = 'leased' AND at > to_timestamp(%(since)s)
"""


def test_what_a_flushed_redis_forgot_is_dispatched_again_within_a_lease_and_costs_no_try(
    open_house: Callable[..., BreakableHouse], open_ledger: Callable[..., Ledger], song: bytes
) -> None:
    house = open_house(workers=2, worker_silent_s=600)
    ledger = open_ledger(house)
    stop_as_quick_workers(house)
    backlog = ledger.upload_many(song, ["any"] * 12)
    with house.admin() as valkey:
        house.wait_until(lambda: valkey.llen(QUEUE) >= 6, "Redis holds a backlog", within_s=120)
        delivered = house.column("SELECT recording_id FROM tasks WHERE state = 'leased'")
        valkey.flushall()
        flushed_at = house.now()

    house.wait_until(
        lambda: house.scalar(AGAIN, ids=delivered, since=flushed_at) == len(delivered),
        "all are dispatched again",
        within_s=DISPATCH_LEASE_S + allowed_s(5),
    )
    assert house.scalar("SELECT max(attempts) FROM tasks") == 0
    go_on(house)
    house.wait_for_ends(backlog)
    assert {house.attempts(one) for one in backlog} == {1}
    assert ledger.verdict()
    assert ledger.verdict().by_state == {"done": 12}


def test_several_dispatchers_never_give_a_fence_twice_nor_more_than_the_window(
    open_house: Callable[..., BreakableHouse], open_ledger: Callable[..., Ledger], song: bytes
) -> None:
    house = open_house(workers=2)
    house.dispatcher("second")
    house.dispatcher("third")
    ledger = open_ledger(house)
    with watched(house) as watch:
        recordings = ledger.upload_many(song, ["slow-0.4"] * 12)
        house.wait_until(lambda: watch.most >= 2, "work is handed out", within_s=120)
        house.end("dispatcher")  # whoever led, the others go on
        house.wait_for_ends(recordings)
        while watch.samples <= 50:  # where looking is slow, there is more to look at
            house.wait_for_ends(ledger.upload_many(song, ["slow-0.4"] * 4))
    assert watch.samples > 50
    assert not watch.exceeded
    for moved_to in ("leased", "running", "done"):
        fences = "SELECT count(*) - count(DISTINCT fence) FROM events WHERE to_state = %(to)s::task_state"
        assert house.scalar(fences, to=moved_to) == 0
    assert ledger.verdict()


def test_a_live_recording_starts_within_one_bulk_job_though_the_window_is_full_of_bulk(
    open_house: Callable[..., BreakableHouse], open_ledger: Callable[..., Ledger], song: bytes
) -> None:
    house = open_house(workers=1, worker_silent_s=600, dispatch_lease_s=60)
    ledger = open_ledger(house)
    stop_as_quick_workers(house)
    bulk = ledger.upload_many(song, ["slow-1"] * 5)
    with house.admin() as valkey:
        house.wait_until(lambda: valkey.llen(QUEUE) >= 4, "bulk work fills the window", within_s=120)
    go_on(house)
    house.wait_until(lambda: not house.idle_workers(), "the worker is at bulk work", within_s=120)
    live = ledger.upload(song, lane="live")
    house.wait_for_state(live, "done")
    house.wait_for_ends(bulk)
    (accepted,), (started,) = house.moments(live, "ready"), house.moments(live, "running")
    began = sorted(moment for one in bulk for moment in house.moments(one, "running"))
    ended = sorted(moment for one in bulk for moment in house.moments(one, "done"))
    longest_s = max(end - begin for begin, end in zip(began, ended, strict=True))
    assert started - accepted <= longest_s + allowed_s(MARGIN_S)
    assert sum(accepted < moment < started for moment in began) <= 1
    assert ledger.verdict()


# One for each live worker, or one second of their work if that is more.
WINDOW = """
    SELECT (SELECT count(*) FROM tasks WHERE state IN ('leased', 'running')) AS in_flight,
        greatest(count(*), ceil(coalesce(sum(1 / task_s), 0))) AS size
    FROM workers WHERE seen_at > now() - make_interval(secs => 2)
"""


def stop_as_quick_workers(house: BreakableHouse) -> None:
    """They take nothing more from their queue, and the window is open for five tasks each."""
    for worker in house.living_workers():
        os.kill(worker, signal.SIGSTOP)
    with house.database() as connection:
        connection.exec_driver_sql("UPDATE workers SET task_s = 0.2")


def go_on(house: BreakableHouse) -> None:
    for worker in house.living_workers():
        os.kill(worker, signal.SIGCONT)


@dataclass
class Watch:
    """What was in flight against the largest window there was until then."""

    samples: int = 0
    most: int = 0
    widest: int = 0
    exceeded: list[tuple[int, int]] = field(default_factory=list)

    def look(self, house: BreakableHouse) -> None:
        with house.database() as connection:
            row = connection.exec_driver_sql(WINDOW).one()
        self.samples += 1
        self.most, self.widest = max(self.most, row.in_flight), max(self.widest, int(row.size))
        if row.in_flight > self.widest:
            self.exceeded.append((row.in_flight, self.widest))


@contextmanager
def watched(house: BreakableHouse) -> Iterator[Watch]:
    watch, over = Watch(), threading.Event()

    def keep_looking() -> None:
        while not over.wait(0.02):
            watch.look(house)

    thread = threading.Thread(target=keep_looking, name="watch")
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
