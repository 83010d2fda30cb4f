"""The protocol alone: tasks whose judging takes no time, through Postgres, dispatcher, RQ and workers; and plain RQ."""

import os
import subprocess
import sys
import time

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from vocalverse.assess import Assessor, Take, Workshop
from vocalverse.bench.figures import Figure
from vocalverse.bench.house import House
from vocalverse.bench.seed import add_recordings, add_tasks
from vocalverse.embedded.valkey import ADMIN
from vocalverse.errors import Unavailable
from vocalverse.records import Assessment, Finding, Outcome, Progress, Reason

ASSESSOR = "vocalverse.bench.noop:open_assessor"
_PEER_QUEUE = "plain-rq"


def open_assessor(workshop: Workshop) -> Assessor:
    def judge_nothing(take: Take, progress: Progress) -> Assessment:
        progress("noop", 1.0)
        return Assessment(Outcome.UNSCORED, findings=(Finding(Reason.NO_RELEASE, {}),))

    return judge_nothing


def do_nothing(task_id: str, fence: str) -> None:
    """What plain RQ runs beside us."""


def measure(house: House, *, tasks: int, workers: int) -> list[Figure]:
    """Both with as many worker processes, on the same Valkey, one after the other."""
    ours = _ours(house, tasks, workers)
    plain = _plain_rq(house, tasks, workers)
    note = f"{workers} workers, {tasks} tasks"
    return [
        Figure("no-op tasks through the whole protocol", ours, "/s", target="≥ 150", note=note),
        Figure("no-op jobs of plain RQ, no guarantees", plain, "/s", note=note),
        Figure("ours / plain RQ", ours / plain, "×"),
    ]


def _ours(house: House, tasks: int, workers: int) -> float:
    house.dispatcher()
    house.workers(workers, assessor=ASSESSOR)
    _run(house, max(20, tasks // 20))  # the window opens as the workers show how quick they are
    time.sleep(3)
    return tasks / _run(house, tasks)


def _run(house: House, tasks: int) -> float:
    with house.database() as connection:
        ids = add_recordings(connection, tasks)
    house.give_sound(ids, b"no sound")
    began = time.monotonic()
    with house.database() as connection:
        add_tasks(connection)
    house.wait_until(
        lambda: house.scalar("SELECT 1 FROM tasks WHERE state <> 'done' LIMIT 1") is None,
        "all no-op tasks are done",
        within_s=120 + tasks / 10,
    )
    return time.monotonic() - began


def _plain_rq(house: House, jobs: int, workers: int) -> float:
    connection = Redis.from_url(house.valkey.url(ADMIN))
    queue = Queue(_PEER_QUEUE, connection=connection, serializer=JSONSerializer)
    queue.enqueue_many(
        [
            Queue.prepare_data(f"{__name__}.do_nothing", args=("a" * 36, "b" * 36), result_ttl=0, description="")
            for _ in range(jobs)
        ]
    )
    # The address goes by the environment: a command line is for everybody to read.
    command = [sys.executable, "-c", "import os; from vocalverse.bench.noop import work_plainly; work_plainly()"]
    environment = {**os.environ, "PLAIN_RQ_URL": house.valkey.url(ADMIN)}
    began = time.monotonic()
    running = [
        subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=2)
        for _ in range(workers)
    ]
    started = None
    while any(process.poll() is None for process in running):
        if started is None and len(queue) < jobs:
            started = time.monotonic()  # importing is not what we measure
        time.sleep(0.01)
    if len(queue) or any(process.returncode for process in running):
        raise Unavailable("Plain RQ did not finish its jobs.")
    return jobs / (time.monotonic() - (started or began))


def work_plainly() -> None:
    """RQ's SimpleWorker as its manual has it, until the queue is empty."""
    import logging

    from rq import SimpleWorker

    logging.disable(logging.INFO)
    connection = Redis.from_url(os.environ["PLAIN_RQ_URL"])
    queue = Queue(_PEER_QUEUE, connection=connection, serializer=JSONSerializer)
    SimpleWorker([queue], connection=connection, serializer=JSONSerializer).work(burst=True, logging_level="WARNING")
