"""What a worker tidies up in Valkey every few minutes, whatever strangers have left there."""

from typing import Any

from redis import Redis
from rq.serializers import JSONSerializer

from vocalverse.queue.delivery import FencedJob, FencedQueue, connect, open_queue
from vocalverse.records import WorkerClass
from workers.worker import FencedWorker


def test_dead_workers_and_strangers_words_are_forgotten_and_living_workers_stay(valkey: Any) -> None:
    """A member that names no worker is no key that the worker may ask for: it must not end by that."""
    with connect(valkey.worker) as connection, Redis.from_url(valkey.admin) as admin:
        queue = open_queue(connection, WorkerClass.CPU)
        worker = FencedWorker(
            [queue],
            name="w",
            connection=connection,
            job_class=FencedJob,
            queue_class=FencedQueue,
            serializer=JSONSerializer,
        )
        registries = ("rq:workers", f"rq:workers:{queue.name}")
        admin.hset("rq:worker:living", "birth", "now")
        for registry in registries:
            admin.sadd(registry, b"rq:worker:living", b"rq:worker:dead", b"\xff", b"elsewhere", b"")
        worker.run_maintenance_tasks()
        assert [admin.smembers(registry) for registry in registries] == [{b"rq:worker:living"}] * 2
