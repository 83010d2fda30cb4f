"""RQ as the carrier of ids: what is pushed, and what a worker believes of what it pops.

Whoever can write to Redis can write a job, so nothing in it is trusted: of a popped job we keep the two ids and
nothing else, and only the one function that we enqueue will run. A second delivery of a task is harmless, because
its fence is stale by the time it starts.
"""

import json
import logging
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from vocalverse.errors import BadSettings, ForgedJob, Unavailable
from vocalverse.queue.round import Delivery
from vocalverse.records import Lane, WorkerClass

RUN_TASK = "workers.jobs.run_task"  # what a job of ours says; `workers.worker` runs that and nothing else

_JOB_ID = re.compile(rb"[0-9a-f-]{36}_[0-9a-f-]{36}")
_LARGEST_JOB = 1024  # bytes of [function, null, [task id, fence], {}]
_REFUSED_FIELDS = (
    b"success_callback_name",
    b"failure_callback_name",
    b"stopped_callback_name",
    b"webhooks",
    b"dependency_ids",
    b"dependency_id",
    b"retries_left",
    b"repeats_left",
)

log = logging.getLogger(__name__)


class FencedJob(Job):
    """A job that can say `run_task(task id, fence)` and nothing else."""

    forgery: str | None = None

    def restore(self, raw_data: Mapping[bytes, bytes]) -> Any:
        """Keep the call alone; every other field of the hash is ours to say, not the sender's."""
        self.forgery = next((field.decode() for field in _REFUSED_FIELDS if raw_data.get(field) not in _EMPTY), None)
        super().restore(
            {
                b"data": self._opened(raw_data.get(b"data", b"")),
                b"timeout": b"-1",
                b"result_ttl": b"0",
                b"failure_ttl": b"60",
                b"status": b"queued",
                b"origin": b"",
            }
        )

    def _opened(self, data: bytes) -> bytes:
        try:
            opened = zlib.decompressobj().decompress(data, _LARGEST_JOB + 1)
        except zlib.error:
            opened = data
        if len(opened) > _LARGEST_JOB:
            self.forgery = "size"
            return b"null"
        return opened

    def call(self) -> tuple[UUID, UUID]:
        """The two ids, or `ForgedJob`."""
        if self.forgery:
            raise ForgedJob(f"Job {self.id} carries what we never send ({self.forgery}): refused, nothing was run.")
        try:
            function, instance, arguments, keywords = json.loads(self.data)
            task_id, fence = map(UUID, arguments)
        except (ValueError, TypeError, AttributeError, RecursionError) as odd:
            raise ForgedJob(f"Job {self.id} is not one of ours: refused, nothing was run.") from odd
        if function != RUN_TASK or instance or keywords:
            raise ForgedJob(f"Job {self.id} asks for {str(function)[:100]!r}, which we never send: nothing was run.")
        return task_id, fence


_EMPTY = (None, b"", b"[]", b"null")


class FencedQueue(Queue):
    """A queue in which nothing that a stranger pushed keeps a worker from what lies behind it."""

    @classmethod
    def dequeue_any(
        cls, queues: "Iterable[Queue]", timeout: int | None, connection: "Redis", *_: Any, **__: Any
    ) -> "tuple[FencedJob, FencedQueue] | None":
        """The next job of the only queue; RQ raises `DequeueTimeout` from `lmove` when there is none in time."""
        (queue,) = queues
        assert isinstance(queue, FencedQueue)
        while moved := cls.lmove(connection, queue.key, timeout):
            job_id: bytes = moved[1]
            try:
                return queue.fetch(job_id), queue
            except NoSuchJobError:
                pass  # it has outlived its lease
            except ForgedJob as forged:
                log.warning(str(forged), extra={"action": "job_refused", "job_id": repr(job_id[:200])})
            queue.forget(job_id)
        return None

    def fetch(self, job_id: bytes) -> FencedJob:
        if not _JOB_ID.fullmatch(job_id):
            raise ForgedJob(f"The job id {job_id[:100]!r} is not one of ours: refused, nothing was run.")
        job = FencedJob(job_id.decode(), connection=self.connection, serializer=JSONSerializer)
        try:
            job.refresh()  # type: ignore[no-untyped-call]
        except ResponseError as odd:
            raise ForgedJob(f"Job {job_id.decode()} is no hash: refused, nothing was run.") from odd
        return job

    def forget(self, job_id: Any) -> None:  # bytes, which redis-py's types do not know of here
        self.connection.lrem(self.intermediate_queue_key, 1, job_id)

    def forget_expired(self) -> None:
        """What workers that died had popped, once its lifetime is over."""
        popped: Any = self.connection.lrange(self.intermediate_queue_key, 0, -1)
        for job_id in popped:
            if not self.connection.exists(b"rq:job:" + job_id):
                self.forget(job_id)


def queue_name(worker_class: WorkerClass) -> str:
    return f"vocalverse-{worker_class.value}"


def open_queue(connection: "Redis", worker_class: WorkerClass) -> FencedQueue:
    return FencedQueue(queue_name(worker_class), connection=connection, job_class=FencedJob, serializer=JSONSerializer)


def connect(url: str, *, answers_within_s: float | None = 5) -> "Redis":
    """Short patience, and no retries of its own: they would push a job twice."""
    if not url:
        raise BadSettings("No Redis is set. Start one with `vocalverse up`, or name your own in VOCALVERSE_REDIS_URL.")
    return Redis.from_url(url, socket_timeout=answers_within_s, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0))


class Carrier:
    """Pushes deliveries into RQ's queues."""

    def __init__(self, connection: "Redis", *, lifetime_s: float) -> None:
        self._connection = connection
        self._queues = {worker_class: open_queue(connection, worker_class) for worker_class in WorkerClass}
        self._lifetime_s = max(1, int(lifetime_s))  # a delivery that nobody took by then is stale anyway

    def send(self, deliveries: Sequence[Delivery]) -> None:
        """All at once. Live ones go to the front, the first of them foremost."""
        live = [one for one in reversed(deliveries) if one.lane is Lane.LIVE]
        bulk = [one for one in deliveries if one.lane is Lane.BULK]
        try:
            with self._connection.pipeline(transaction=False) as pipe:
                for worker_class, queue in self._queues.items():
                    calls = [self._call(one) for one in (*live, *bulk) if one.worker_class is worker_class]
                    if calls:
                        queue.enqueue_many(calls, pipeline=pipe)
                pipe.execute()
        except RedisError as away:
            raise Unavailable(f"Redis did not take {len(deliveries)} deliveries: {away}") from away

    def answers(self) -> bool:
        try:
            return bool(self._connection.ping())
        except RedisError:
            return False

    def _call(self, delivery: Delivery) -> Any:
        return Queue.prepare_data(
            RUN_TASK,
            args=(str(delivery.task_id), str(delivery.fence)),
            job_id=f"{delivery.task_id}_{delivery.fence}",
            timeout=-1,
            ttl=self._lifetime_s,
            result_ttl=0,
            failure_ttl=60,
            at_front=delivery.lane is Lane.LIVE,
            description="",
        )
