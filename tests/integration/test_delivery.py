"""Deliveries through a real Valkey: order, lifetime, and what each login may do there."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError, ResponseError
from rq.serializers import JSONSerializer

from vocalverse.errors import Unavailable
from vocalverse.queue.delivery import Carrier, FencedJob, connect, queue_name
from vocalverse.queue.round import Delivery
from vocalverse.records import Lane, WorkerClass


def a_delivery(lane: Lane = Lane.BULK, worker_class: WorkerClass = WorkerClass.CPU) -> Delivery:
    return Delivery(uuid4(), uuid4(), worker_class, lane)


@pytest.fixture
def admin(valkey: Any) -> Iterator["Redis"]:
    with Redis.from_url(valkey.admin, decode_responses=True) as connection:
        yield connection


@pytest.fixture
def dispatcher(valkey: Any) -> Iterator["Redis"]:
    with connect(valkey.dispatcher) as connection:
        yield connection


def waiting(admin: "Redis", worker_class: WorkerClass = WorkerClass.CPU) -> list[str]:
    return admin.lrange(f"rq:queue:{queue_name(worker_class)}", 0, -1)  # type: ignore[return-value]


def job_id(delivery: Delivery) -> str:
    return f"{delivery.task_id}_{delivery.fence}"


def test_bulk_keeps_its_order_and_live_overtakes_it_in_its_own(admin: "Redis", dispatcher: "Redis") -> None:
    carrier = Carrier(dispatcher, lifetime_s=60)
    bulk = [a_delivery() for _ in range(3)]
    carrier.send(bulk)
    live = [a_delivery(Lane.LIVE) for _ in range(2)]
    carrier.send([*live, late := a_delivery()])
    assert waiting(admin) == [job_id(one) for one in (*live, *bulk, late)]


def test_each_class_of_workers_has_a_queue_of_its_own(admin: "Redis", dispatcher: "Redis") -> None:
    cpu, gpu = a_delivery(), a_delivery(worker_class=WorkerClass.GPU)
    Carrier(dispatcher, lifetime_s=60).send([cpu, gpu])
    assert waiting(admin) == [job_id(cpu)]
    assert waiting(admin, WorkerClass.GPU) == [job_id(gpu)]


def test_a_job_carries_two_ids_and_forgets_itself(admin: "Redis", dispatcher: "Redis", valkey: Any) -> None:
    delivery = a_delivery()
    Carrier(dispatcher, lifetime_s=60).send([delivery])
    assert 0 < admin.ttl(f"rq:job:{job_id(delivery)}") <= 60  # type: ignore[operator]
    with Redis.from_url(valkey.worker) as worker:
        job = FencedJob.fetch(job_id(delivery), connection=worker, serializer=JSONSerializer)
        assert job.call() == (delivery.task_id, delivery.fence)


def test_a_full_valkey_refuses_and_says_so(admin: "Redis", dispatcher: "Redis") -> None:
    admin.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(Unavailable, match="2 deliveries"):
            Carrier(dispatcher, lifetime_s=60).send([a_delivery(), a_delivery()])
    finally:
        admin.config_set("maxmemory", "256mb")


def test_an_absent_valkey_is_unavailable_not_a_crash() -> None:
    with connect("redis://127.0.0.1:1/0") as nowhere:
        carrier = Carrier(nowhere, lifetime_s=60)
        assert not carrier.answers()
        with pytest.raises(Unavailable):
            carrier.send([a_delivery()])


@pytest.mark.parametrize(
    "command", ["FLUSHALL", "CONFIG GET *", "KEYS *", "EVAL 1 0", "DEBUG JMAP", "SHUTDOWN", "ACL LIST"]
)
@pytest.mark.parametrize("login", ["dispatcher", "worker"])
def test_neither_login_may_harm_the_server(valkey: Any, login: str, command: str) -> None:
    with Redis.from_url(getattr(valkey, login)) as connection, pytest.raises((NoPermissionError, ResponseError)):
        connection.execute_command(*command.split())


def test_the_dispatcher_may_put_in_but_not_take_out(admin: "Redis", dispatcher: "Redis") -> None:
    Carrier(dispatcher, lifetime_s=60).send([a_delivery()])
    for command in (
        ("LPOP", f"rq:queue:{queue_name(WorkerClass.CPU)}"),
        ("LRANGE", f"rq:queue:{queue_name(WorkerClass.CPU)}", 0, -1),
        ("DEL", f"rq:queue:{queue_name(WorkerClass.CPU)}"),
        ("SET", "other", "x"),
    ):
        with pytest.raises(NoPermissionError):
            dispatcher.execute_command(*command)
    assert len(waiting(admin)) == 1
