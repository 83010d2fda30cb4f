"""18: who can write to Valkey can make a worker run nothing, and keeps it from nothing."""

import json
import pickle
import socket
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import redis

from tests.chaos.breakable import BreakableHouse
from tests.chaos.evidence import results_of, times_begun
from tests.chaos.takes import a_take, send, taken, until_ended
from vocalverse.queue.delivery import RUN_TASK, queue_name
from vocalverse.records import WorkerClass

QUEUE = f"rq:queue:{queue_name(WorkerClass.CPU)}"
Fields = Mapping[str, bytes | str]


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self._mark,)


@pytest.fixture
def house(standing_house: BreakableHouse) -> BreakableHouse:
    return standing_house


@pytest.fixture
def venue(house: BreakableHouse) -> Iterator[httpx.Client]:
    with house.client(house.venue()) as client:
        yield client


def a_call(function: str, *arguments: object, **keywords: object) -> bytes:
    return json.dumps([function, None, arguments, keywords]).encode()


def forgeries(mark: Path, port: int) -> dict[str, Fields]:
    """What RQ alone would run, load or call."""
    ours = a_call(RUN_TASK, str(uuid4()), str(uuid4()))
    touch = f"touch {mark}"
    hook = json.dumps([{"url": f"http://127.0.0.1:{port}/", "event": "finished"}])
    return {
        "a command": {"data": a_call("os.system", touch)},
        "a compressed command": {"data": zlib.compress(a_call("os.system", touch))},
        "ours with a command in it": {"data": a_call(RUN_TASK, touch, touch)},
        "ours upon an instance": {"data": json.dumps([RUN_TASK, "os", [str(uuid4())] * 2, {}]).encode()},
        "a pickle": {"data": pickle.dumps((Trap(mark), None, (), {}))},
        "a compressed pickle": {"data": zlib.compress(pickle.dumps(Trap(mark)))},
        "a bomb": {"data": zlib.compress(b"0" * 50_000_000)},
        "no data": {"origin": b"\xff"},
        "callbacks": {"data": ours, "success_callback_name": "os.system", "failure_callback_name": "os.system"},
        "a callback upon stopping": {"data": ours, "stopped_callback_name": "os.system"},
        "a webhook": {"data": ours, "webhooks": hook},
        "a dependency": {"data": ours, "dependency_ids": json.dumps(["x"])},
        "retries": {"data": ours, "retries_left": "1000", "retry_intervals": "[0]"},
        "repeats": {"data": ours, "repeats_left": "1000"},
        "nonsense in every field": dict.fromkeys(
            ("data", "created_at", "timeout", "status", "ttl", "meta", "worker_name"), b"\xff\x00nonsense"
        ),
    }


def harmless(mark: Path) -> Fields:
    """Our own call for a task that there is not, with pickles in the fields that we never read."""
    trap = pickle.dumps(Trap(mark))
    return {"data": a_call(RUN_TASK, str(uuid4()), str(uuid4())), "result": trap, "meta": trap, "exc_info": trap}


def an_id() -> str:
    """As ours look."""
    return f"{uuid4()}_{uuid4()}"


def push(valkey: "redis.Redis", job_id: str, fields: Fields) -> None:
    valkey.hset(f"rq:job:{job_id}", mapping=dict(fields))
    valkey.lpush(QUEUE, job_id)


def test_forged_jobs_are_refused_and_logged_and_nothing_of_them_is_done(
    house: BreakableHouse, venue: httpx.Client, tmp_path: Path
) -> None:
    mark = tmp_path / "executed"
    workers = house.worker_pids()
    with house.admin() as valkey, socket.create_server(("127.0.0.1", 0)) as lure:
        forged = {an_id(): fields for fields in forgeries(mark, lure.getsockname()[1]).values()}
        for job_id, fields in forged.items():
            push(valkey, job_id, fields)
        push(valkey, an_id(), harmless(mark))
        valkey.set(f"rq:job:{(no_hash := an_id())}", "no hash")
        odd_ids = [b"", b"with spaces", b"odd\r\nid\xff\x00" + b"x" * 5000]
        for odd in (an_id(), no_hash, *odd_ids):
            valkey.lpush(QUEUE, odd)
        valkey.set("rq:suspended", "1")
        valkey.sadd("rq:workers", b"\xff")  # what maintenance makes of it: see the integration tests of workers
        recording_id = taken(send(venue, f"after-forgeries-{tmp_path.name}", a_take(18)))
        assert until_ended(venue, recording_id, within_s=120)["state"] == "done"
        house.wait_until(lambda: not valkey.llen(QUEUE), "the queue is empty", within_s=120)
        lure.settimeout(0)
        with pytest.raises(BlockingIOError):
            lure.accept()
        house.wait_until(lambda: not valkey.llen(f"{QUEUE}:intermediate"), "none is left half taken", within_s=120)
        valkey.delete("rq:suspended", f"rq:job:{no_hash}")
    assert not mark.exists()
    assert house.worker_pids() == workers
    all_forged = len(forged) + len([no_hash, *odd_ids])
    house.wait_until(lambda: len(refused_in(house)) >= all_forged, "all are said to be refused", within_s=120)
    said = refused_in(house)
    assert len(said) == all_forged
    assert {line["job_id"] for line in said} >= set(forged)


def refused_in(house: BreakableHouse) -> list[dict[str, object]]:
    lines = house.log("workers").split("\n")[:-1]  # the last one may be half written
    return [line for line in map(json.loads, lines) if line["action"] == "job_refused"]


def test_our_own_job_pushed_again_and_again_runs_once(house: BreakableHouse, venue: httpx.Client) -> None:
    recording_id = taken(send(venue, f"pushed-again-{uuid4().hex}", a_take(19)))
    assert until_ended(venue, recording_id)["state"] == "done"
    task_id, fence = house.column(
        "SELECT unnest(ARRAY[id, fence]) FROM tasks WHERE recording_id = %(id)s", id=recording_id
    )
    with house.admin() as valkey:
        for _ in range(5):
            push(valkey, an_id(), {"data": a_call(RUN_TASK, task_id, fence)})
        house.wait_until(lambda: not valkey.llen(QUEUE), "the queue is empty", within_s=120)
    after = taken(send(venue, f"after-those-{uuid4().hex}", a_take(20)))
    assert until_ended(venue, after)["state"] == "done"
    assert (times_begun(house, recording_id), results_of(house, recording_id)) == (1, 1)
