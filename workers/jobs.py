"""What a delivery leads to: the one thing that is ever run on behalf of Redis."""

import logging
import time
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from vocalverse.errors import StaleDelivery
from vocalverse.queue import retry
from vocalverse.queue.lease import Lease, ReleaseNotHere
from workers.heartbeat import Heartbeat
from workers.workplace import Workplace

log = logging.getLogger(__name__)

_workplaces: list[Workplace] = []  # one a process, put here by workers.worker before RQ starts


def work_at(workplace: Workplace) -> None:
    _workplaces[:] = [workplace]


def run_task(task_id: UUID, fence: UUID) -> None:
    """Start the task that was delivered, judge its recording, write the result; or write down why not."""
    (workplace,) = _workplaces
    began = time.monotonic()
    ids = {"task_id": task_id, "fence": fence}
    try:
        workplace.current = held = workplace.start(task_id, fence)
        _judge_or_settle(workplace, held)
        workplace.count(time.monotonic() - began)
    except ReleaseNotHere as elsewhere:
        log.warning(str(elsewhere), extra={"action": elsewhere.code, **ids})
    except StaleDelivery as stale:
        log.info(str(stale), extra={"action": "stale_delivery", **ids})
    except SQLAlchemyError as away:  # the lease runs out, and the task is dispatched again
        log.warning("Postgres does not answer: %s", away, extra={"action": "postgres_away", **ids})
    finally:
        workplace.current = None


def _judge_or_settle(workplace: Workplace, held: Lease) -> None:
    try:
        _judge(workplace, held)
        log.info("judged", extra={"action": "done", **held.log_fields})
    except Exception as error:  # noqa: BLE001 - the job boundary: the retry table decides
        _settle(held, error)


def _judge(workplace: Workplace, held: Lease) -> None:
    with Heartbeat(held, workplace.pulse) as heartbeat:
        with workplace.take(held) as take:
            assessment = workplace.assessor(take, heartbeat.progress)
        held.finish(assessment)


def _settle(held: Lease, error: Exception) -> None:
    failure = retry.judge(error)
    state = held.settle(failure)
    log.warning(
        "%s: %s",
        failure.reason,
        failure.message,
        extra={"action": "failed", "state": state, **held.log_fields},
        exc_info=failure.reason.startswith("unexpected:"),
    )
