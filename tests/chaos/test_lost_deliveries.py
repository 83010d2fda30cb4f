"""Between the dispatcher's commit and a worker's start: whatever Valkey and the wire to it do, each task runs once."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.chaos.breakable import DISPATCH_LEASE_S, BreakableHouse
from tests.chaos.evidence import (
    lost,
    moves,
    results_of,
    stopped,
    take_for_live,
    times_begun,
    unfinished,
)
from tests.chaos.proxy import HOST, Fault, Proxy
from tests.chaos.takes import a_take, send, taken, until_ended
from tests.patience import allowed_s
from vocalverse.embedded.valkey import DISPATCHER


@pytest.fixture
def house(standing_house: BreakableHouse) -> BreakableHouse:
    return standing_house


@pytest.fixture
def venue(house: BreakableHouse) -> Iterator[httpx.Client]:
    with house.client(house.venue()) as client:
        yield client


@contextmanager
def dispatching_through_a_proxy(house: BreakableHouse) -> Iterator[Proxy]:
    """For a while, the only dispatcher is one whose wire to Valkey is ours."""
    house.end("dispatcher")
    try:
        with Proxy(house.valkey.port) as proxy:
            url = house.valkey.url(DISPATCHER).replace(f"{HOST}:{house.valkey.port}", f"{HOST}:{proxy.port}")
            house.dispatcher("wired", redis_url=url)
            try:
                yield proxy
            finally:
                if "wired" in house.processes:
                    house.end("wired", by=signal.SIGTERM)
    finally:
        if "dispatcher" not in house.processes:
            house.dispatcher()


# --- 8 ----------------------------------------------------------------------------------------------------------


def test_a_dispatcher_killed_between_commit_and_enqueue_costs_one_lease(
    house: BreakableHouse, venue: httpx.Client
) -> None:
    with dispatching_through_a_proxy(house) as proxy:
        proxy.strike(Fault.SWALLOW_REQUEST)
        recording_id = taken(send(venue, "killed-in-between", a_take(8)))
        assert proxy.struck.wait(60)
        house.end("wired")
        assert house.state(recording_id) == "leased"
        house.dispatcher()
        assert until_ended(venue, recording_id)["state"] == "done"
    seen = moves(house, recording_id)
    assert [move.to for move in seen] == ["ready", "leased", "ready", "leased", "running", "done"]
    assert [move.reason for move in seen if move.to == "ready"] == [None, "delivery_lost"]
    first, second = (move.at_s for move in seen if move.to == "leased")
    assert second - first <= DISPATCH_LEASE_S + allowed_s(1)
    assert seen[-1].attempts == 1


# --- 10 ---------------------------------------------------------------------------------------------------------


def test_an_enqueue_whose_reply_is_lost_runs_once(house: BreakableHouse, venue: httpx.Client) -> None:
    with dispatching_through_a_proxy(house) as proxy:
        for seed in range(3):
            proxy.strike(Fault.DROP_REPLY)
            recording_id = taken(send(venue, f"reply-lost-{seed}", a_take(seed)))
            assert proxy.struck.wait(60)
            assert until_ended(venue, recording_id)["state"] == "done"
            assert (times_begun(house, recording_id), results_of(house, recording_id)) == (1, 1)


def test_of_two_deliveries_of_one_task_in_the_queue_only_the_newer_runs(
    house: BreakableHouse, venue: httpx.Client
) -> None:
    with dispatching_through_a_proxy(house) as proxy:
        with stopped(*house.worker_pids()):
            take_for_live(house)
            proxy.strike(Fault.DROP_REPLY)
            recording_id = taken(send(venue, "delivered-twice", a_take(10)))
            assert proxy.struck.wait(60)
            house.wait_until(
                lambda: sum(move.to == "leased" for move in moves(house, recording_id)) == 2,
                "it is dispatched again",
                within_s=120,
            )
        assert until_ended(venue, recording_id)["state"] == "done"
    assert [move.reason for move in moves(house, recording_id) if move.to == "ready"] == [None, "delivery_failed"]
    assert (times_begun(house, recording_id), results_of(house, recording_id)) == (1, 1)


# --- 11 ---------------------------------------------------------------------------------------------------------


def test_ingest_goes_on_while_valkey_is_full_and_all_is_judged_afterwards(
    house: BreakableHouse, venue: httpx.Client
) -> None:
    with house.admin() as admin:
        admin.config_set("maxmemory", "1")
        try:
            acknowledged = send_for(venue, "valkey-full", 2)
            assert unfinished(house, acknowledged) == len(acknowledged)
        finally:
            admin.config_set("maxmemory", "256mb")
    drained(house, acknowledged)


def test_ingest_goes_on_while_valkey_is_away_and_all_is_judged_afterwards(
    house: BreakableHouse, venue: httpx.Client
) -> None:
    house.kill_valkey()
    acknowledged = send_for(venue, "valkey-away", 3)
    house.valkey.start()
    drained(house, acknowledged)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_minute_without_valkey_loses_nothing(house: BreakableHouse, venue: httpx.Client, seed: int) -> None:
    house.kill_valkey()
    acknowledged = send_for(venue, f"valkey-away-long-{seed}", 60, every_s=0.5)
    house.valkey.start()
    drained(house, acknowledged)


@pytest.mark.chaos
def test_a_minute_of_a_full_valkey_loses_nothing(house: BreakableHouse, venue: httpx.Client) -> None:
    with house.admin() as admin:
        admin.config_set("maxmemory", "1")
        try:
            acknowledged = send_for(venue, "valkey-full-long", 60, every_s=0.5)
        finally:
            admin.config_set("maxmemory", "256mb")
    drained(house, acknowledged)


def send_for(venue: httpx.Client, name: str, seconds: float, *, every_s: float = 0.25) -> list[str]:
    """Recordings all the while, each of them answered with 2xx."""
    acknowledged = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = send(venue, f"{name}-{len(acknowledged)}", a_take(len(acknowledged)))
        assert answer.status_code == 201, answer.text
        acknowledged.append(taken(answer))
        time.sleep(every_s)
    return acknowledged


def drained(house: BreakableHouse, acknowledged: list[str]) -> None:
    """Nothing is lost, nothing ran twice, and no try was burnt: it was not the recordings' fault."""
    assert lost(house, acknowledged) == 0
    took_s = house.wait_until(lambda: unfinished(house, acknowledged) == 0, "all are judged", within_s=120)
    print(f"acknowledged {len(acknowledged)}, judged {took_s:.1f} s after Valkey was back")
    assert {(times_begun(house, one), results_of(house, one)) for one in acknowledged} == {(1, 1)}
