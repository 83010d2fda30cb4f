"""How quickly recordings come in, in what memory, and how soon after its acknowledgement one is begun."""

import base64
import concurrent.futures
import hashlib
import http.client
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from urllib.parse import urlsplit

import httpx

from vocalverse.bench.figures import Figure, percentiles
from vocalverse.bench.house import House
from vocalverse.bench.memory import peak_mb, resident_mb
from vocalverse.bench.noop import ASSESSOR
from vocalverse.ids import uuid7

_SIZE = 5_000_000
_PROCESSES, _THREADS = 2, 4


def measure(house: House, *, recordings: int, open_uploads: int, singers: int) -> Iterator[Figure]:
    key = house.venue("bench-1")
    house.gateway()
    rate = _ingest(house, key, recordings)
    note = f"{_PROCESSES * _THREADS} senders, {recordings} recordings, the senders on the same cores"
    yield Figure("ingest of 5 MB recordings", rate, "/s", target="≥ 60", note=note)
    yield Figure("ingest", rate * _SIZE / 1e6, "MB/s")
    gateway = house.processes["gateway"].pid
    yield Figure("gateway's memory after it", resident_mb(gateway), "MB", target="< 150")
    _hold_open(house, key, open_uploads)
    yield Figure(f"gateway's peak memory, {open_uploads} uploads open", peak_mb(gateway), "MB", target="< 150")
    house.dispatcher()
    house.workers(1, assessor=ASSESSOR)
    house.wait_until(
        lambda: house.scalar("SELECT 1 FROM tasks WHERE state NOT IN ('done', 'dead') LIMIT 1") is None,
        "what came in is done",
        within_s=300,
    )
    yield from percentiles("acknowledged → started, idle", _latencies(house, key, singers), target="≤ 250 ms")


def _ingest(house: House, key: str, recordings: int) -> float:
    share = recordings // (_PROCESSES * _THREADS)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(_PROCESSES + 1)
    senders = [context.Process(target=_send_many, args=(house.url, key, share, barrier)) for _ in range(_PROCESSES)]
    for sender in senders:
        sender.start()
    barrier.wait()
    began = time.monotonic()
    for sender in senders:
        sender.join()
    took = time.monotonic() - began
    if any(sender.exitcode for sender in senders):
        raise RuntimeError("A sender of the bench failed: its words are above.")
    return share * _PROCESSES * _THREADS / took


def _send_many(url: str, key: str, count: int, barrier: "multiprocessing.synchronize.Barrier") -> None:
    """Threads of one sending process. Agents hash and build requests on machines of their own, so the body is made
    and hashed once, and what sends it costs as little as can be: here it takes the gateway's cores.
    """
    body = os.urandom(_SIZE)
    headers = _headers(key, body)
    address = urlsplit(url)
    barrier.wait()

    def send(_thread: int) -> None:
        with closing(http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)) as connection:
            for _ in range(count):
                connection.request("PUT", f"/v1/uploads/{uuid7().hex}/content", body, headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != http.client.CREATED:
                    raise RuntimeError(f"The gateway answered {answer.status} to the bench.")

    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(send, range(_THREADS)))


def _put(client: httpx.Client, key: str, body: bytes) -> httpx.Response:
    return client.put(f"/v1/uploads/{uuid7().hex}/content", content=body, headers=_headers(key, body))


def _headers(key: str, body: bytes) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return {"Authorization": f"Bearer {key}", "Content-Digest": f"sha-256=:{digest}:"}


def _hold_open(house: House, key: str, uploads: int) -> None:
    """As many parts begun at once, each half sent before any goes on."""
    part = os.urandom(2**20)
    digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
    whole = hashlib.sha256(part).hexdigest()
    headers = {"Authorization": f"Bearer {key}"}
    half_sent = threading.Semaphore(0)
    go_on = concurrent.futures.Future[None]()

    def body() -> Iterator[bytes]:
        yield part[: 2**19]
        half_sent.release()
        go_on.result()
        yield part[2**19 :]

    def send(_upload: int) -> int:
        upload_id = uuid7().hex
        with httpx.Client(base_url=house.url, headers=headers, timeout=120) as client:
            client.put(f"/v1/uploads/{upload_id}", json={"size": len(part), "sha256": whole}).raise_for_status()
            sized = {"Content-Digest": f"sha-256=:{digest}:", "Content-Length": str(len(part))}
            return client.put(f"/v1/uploads/{upload_id}/parts/1", content=body(), headers=sized).status_code

    with concurrent.futures.ThreadPoolExecutor(uploads) as pool:
        sent = [pool.submit(send, number) for number in range(uploads)]
        deadline = time.monotonic() + 30
        held = 0
        while held < uploads and time.monotonic() < deadline and half_sent.acquire(timeout=1):
            held += 1
        go_on.set_result(None)
        concurrent.futures.wait(sent)


def _latencies(house: House, key: str, singers: int) -> list[float]:
    """From the acknowledgement, as the agent sees it, to the start, as Postgres dates it: one machine, one clock."""
    waits = []
    with httpx.Client(base_url=house.url, timeout=60) as client:
        for _ in range(singers):
            answer = _put(client, key, os.urandom(20_000)).raise_for_status()
            acknowledged = time.time()
            recording_id = answer.json()["recording_id"]
            house.wait_until(lambda: house.state(recording_id) == "done", "it is done", within_s=20)  # noqa: B023
            started = house.scalar("SELECT started_at FROM tasks WHERE recording_id = %(id)s", id=recording_id)
            assert isinstance(started, datetime)
            waits.append(max(0.0, started.timestamp() - acknowledged))
            time.sleep(0.05 + (len(waits) % 7) / 100)  # not in step with the dispatcher
    return waits
