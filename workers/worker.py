"""One worker process: RQ's SimpleWorker with our job class, its models loaded once, stopped with grace.

python -m workers.worker --class cpu [--pulse FD]
"""

import argparse
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker.base import WorkerStatus
from sqlalchemy.exc import SQLAlchemyError

from vocalverse.errors import ForgedJob, HandedBack
from vocalverse.logs import start_logging
from vocalverse.processes import end_with_parent, usable_cores
from vocalverse.queue import retry
from vocalverse.queue.delivery import FencedJob, FencedQueue, connect, open_queue
from vocalverse.records import WorkerClass
from vocalverse.settings import Settings
from workers.jobs import run_task, work_at
from workers.pulse import Pulse
from workers.workplace import Workplace

log = logging.getLogger(__name__)


class FencedWorker(SimpleWorker):
    """SimpleWorker keeps the models in memory between tasks. Orders by pub/sub are not taken: signals are enough."""

    max_connection_wait_time = 5.0  # after an outage of Redis, work goes on within so long; RQ would wait a minute

    def subscribe(self) -> None:
        """No pub/sub: nobody may stop this worker through Redis."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed."""

    def check_for_suspension(self, burst: bool) -> None:
        """Nor may anybody suspend it there."""

    def run_maintenance_tasks(self) -> None:
        """RQ's own would read registries that we never write, and stumble over what a stranger has put there."""
        for queue in self.queues:
            assert isinstance(queue, FencedQueue)
            queue.forget_expired()
            self._forget_dead_workers(f"rq:workers:{queue.name}")
        self._forget_dead_workers("rq:workers")
        self.last_cleaned_at = datetime.now(UTC)  # type: ignore[assignment]  # RQ has it None at first

    def _forget_dead_workers(self, registry: str) -> None:
        members: set[bytes] = self.connection.smembers(registry)  # type: ignore[assignment]  # nothing is decoded
        for key in members:
            # A stranger's word in there is no key that we may ask for.
            if not key.startswith(b"rq:worker:") or not self.connection.exists(key):
                self.connection.srem(registry, key)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run the task, then forget the job. RQ's registries of what runs, failed or finished are not our truth and
        would cost more than all of the protocol, so nothing is written there. A worker that dies here leaves a hash
        with a short life.
        """
        assert isinstance(job, FencedJob)
        self.set_state(WorkerStatus.BUSY)
        try:
            run_task(*job.call())
        except ForgedJob as forged:
            log.warning(str(forged), extra={"action": "job_refused", "job_id": job.id[:200]})
        with self.connection.pipeline() as pipe:
            pipe.lrem(queue.intermediate_queue_key, 1, job.id)
            pipe.delete(job.key)
            self.set_state(WorkerStatus.IDLE, pipeline=pipe)
            pipe.execute()

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Finish the task at hand, take no other. When the grace is over, `_watch_for_stop` hands the task back."""
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]
        for repeated in (signal.SIGTERM, signal.SIGINT):
            signal.signal(repeated, signal.SIG_IGN)


def main() -> None:
    arguments = _parse()
    end_with_parent(arguments.parent)
    start_logging()
    settings = Settings.read()
    pulse = Pulse(arguments.pulse)
    workplace = Workplace.open(settings, arguments.worker_class, pulse, threads=arguments.threads)
    work_at(workplace)
    connection = connect(settings.worker_redis_url, answers_within_s=None)  # it waits for work
    worker = FencedWorker(
        [open_queue(connection, workplace.worker_class)],
        name=workplace.name,
        connection=connection,
        job_class=FencedJob,
        queue_class=FencedQueue,
        serializer=JSONSerializer,
        log_job_description=False,
    )
    _watch_for_stop(workplace)
    for helper in (workplace.be_seen, workplace.watch_releases, workplace.tidy_cache):
        threading.Thread(target=_help, args=(helper,), name=helper.__name__, daemon=True).start()
    try:
        worker.work(logging_level="WARNING")
    finally:
        workplace.leave()


def _help(helper: Callable[[], None]) -> None:
    """Should it fail, the worker stops, and its supervisor starts another one."""
    try:
        helper()
    except BaseException:
        log.exception("%s failed", helper.__name__, extra={"action": "helper_failed"})
        os.kill(os.getpid(), signal.SIGTERM)


def _watch_for_stop(workplace: Workplace) -> None:
    """A thread that learns of SIGTERM even while the main thread is inside C code, and ends the process in time."""
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)

    def wait_then_hand_back() -> None:
        with pythons:
            while ours.recv(1)[0] not in (signal.SIGTERM, signal.SIGINT):
                pass
            threading.Event().wait(workplace.settings.grace_s)
            _hand_back(workplace)
            os._exit(0)

    threading.Thread(target=wait_then_hand_back, name="stop", daemon=True).start()


def _hand_back(workplace: Workplace) -> None:
    held = workplace.current
    if held is None:
        return
    try:
        held.settle(retry.judge(HandedBack("The worker was stopped.")))
        log.info("handed back", extra={"action": "handed_back", **held.log_fields})
        workplace.leave()
    except SQLAlchemyError as away:  # the lease runs out instead
        log.warning("not handed back: %s", away, extra={"action": "hand_back_failed", **held.log_fields})


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="workers.worker", description=__doc__)
    parser.add_argument("--class", dest="worker_class", type=WorkerClass, required=True)
    parser.add_argument("--threads", type=int, default=usable_cores(), help="that one song may use")
    parser.add_argument("--pulse", type=int, help="the pipe to the supervisor")
    parser.add_argument("--parent", type=int, default=os.getppid(), help="the supervisor's process id")
    return parser.parse_args()


if __name__ == "__main__":
    main()
