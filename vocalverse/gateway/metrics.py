"""Figures for Prometheus, and one log line for every request: neither with a query string nor with a key."""

import logging
import time
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import Connection, text
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vocalverse.gateway.auth import Measuring
from vocalverse.gateway.meters import Meters
from vocalverse.gateway.problems import documented
from vocalverse.gateway.state import Shared

log = logging.getLogger("vocalverse.access")
router = APIRouter(tags=["health"])

_OPEN_UPLOADS = text("SELECT count(*) FROM uploads WHERE state = 'open'")
_OLDEST = text("""
    SELECT b.worker_class::text AS class, b.lane::text AS lane, sum(b.ready) AS ready,
           coalesce(extract(epoch FROM now() - min(head.not_before)), 0) AS age_s
    FROM backlog b LEFT JOIN LATERAL (
        SELECT t.not_before FROM tasks t
        WHERE t.state = 'ready' AND t.worker_class = b.worker_class AND t.lane = b.lane AND t.venue_id = b.venue_id
        ORDER BY t.not_before LIMIT 1) head ON b.ready > 0
    GROUP BY 1, 2
""")
# The newest events only: counting all that ever happened would take longer with every day.
_ENDED = text("""
    SELECT to_state::text AS state, count(*) AS tasks
    FROM (SELECT to_state, at FROM events ORDER BY id DESC LIMIT 10000) e
    WHERE e.at > now() - interval '5 minutes' AND to_state NOT IN ('ready', 'leased', 'running') GROUP BY 1
""")
_WORKERS = text("""
    SELECT worker_class::text AS class, count(*) FILTER (WHERE seen_at > now() - make_interval(secs => :silent_s)) AS live
    FROM workers GROUP BY 1
""")


class Observed:
    """Around everything else, so that it sees what really went out."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        async def counting() -> Message:
            message = await receive()
            self._meters.bytes_in.inc(len(message.get("body", b"")))
            return message

        with self._meters.under_way.track_inprogress():
            try:
                await self._app(scope, counting, noting)
            finally:
                self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "unmatched")
        self._meters.requests.labels(route, method, str(status)).inc()
        self._meters.seconds.labels(route, method).observe(seconds)
        log.info(
            "%s %s",
            method,
            status,
            extra={
                "action": "request",
                "path": scope["path"][:200],
                "client": (scope.get("client") or ("", 0))[0],
                "ms": round(seconds * 1000, 1),
            },
        )


_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"})


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses=documented(401, 403, 500, 503)
    | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format"}},
)
async def metrics(caller: Measuring, state: Shared) -> Response:
    now = CollectorRegistry()
    await state.database.run(_measure, now, state.settings.worker_silent_s)
    return Response(generate_latest(state.meters.registry) + generate_latest(now), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _measure(connection: Connection, registry: CollectorRegistry, silent_s: float) -> None:
    def gauge(name: str, words: str, *labels: str) -> Any:
        return Gauge(name, words, labels, registry=registry)

    gauge("vocalverse_uploads_open", "Uploads not completed.").set(connection.scalar(_OPEN_UPLOADS) or 0)
    ready = gauge("vocalverse_tasks_ready", "Tasks waiting.", "class", "lane")
    oldest = gauge("vocalverse_oldest_ready_seconds", "Age of the task that waits longest.", "class", "lane")
    for row in connection.execute(_OLDEST).mappings():
        ready.labels(row["class"], row["lane"]).set(row["ready"])
        oldest.labels(row["class"], row["lane"]).set(max(0.0, float(row["age_s"])))
    ended = gauge("vocalverse_tasks_ended_5m", "Tasks that ended in the last five minutes.", "state")
    for row in connection.execute(_ENDED).mappings():
        ended.labels(row["state"]).set(row["tasks"])
    live = gauge("vocalverse_workers_live", "Workers seen lately.", "class")
    for row in connection.execute(_WORKERS, {"silent_s": silent_s}).mappings():
        live.labels(row["class"]).set(row["live"])
