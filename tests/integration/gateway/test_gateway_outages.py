"""What happens when the disk is full, Postgres is away, a port is taken, or the gateway is told to stop."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from tests.gateway_house import Gateway, digest_header, upload_id
from tests.patience import allowed_s, until
from tests.ports import free_port
from vocalverse.embedded.postgres import Postgres
from vocalverse.store import migrate
from vocalverse.store.keys import Scope


def test_a_full_disk_is_507_and_leaves_neither_file_nor_row(start: Callable[..., Gateway]):
    gateway = start()
    venue = gateway.venue()
    assert gateway.process
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    name, body = upload_id(), os.urandom(1_000_000)
    venue.open(name, body)
    for answer in (venue.content(upload_id(), body), venue.part(name, 1, body)):
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
        assert int(answer.headers["retry-after"]) >= 1
    assert [path for path in gateway.data.rglob("*") if path.is_file() and path.stat().st_size > 10_000] == []
    assert venue.http.get("/v1/recordings").json()["items"] == []
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    venue.part(name, 1, body)
    assert venue.complete(name).status_code == 201


def test_a_disk_that_fills_while_the_parts_are_joined_keeps_the_parts(start: Callable[..., Gateway]):
    gateway = start(part_bytes=100_000)
    venue = gateway.venue()
    assert gateway.process
    name, body = upload_id(), os.urandom(300_000)
    venue.open(name, body)
    for number in range(3):
        venue.part(name, number + 1, body[number * 100_000 : (number + 1) * 100_000])
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    assert venue.complete(name).json()["code"] == "disk_full"
    assert list((gateway.data / "blobs").rglob("audio")) == []
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert venue.complete(name).status_code == 201


def test_without_postgres_all_is_503_until_it_is_back(tmp_path: Path):
    server = Postgres(tmp_path / "postgres", "secret")
    server.start()
    migrate.upgrade(server.url("postgres"))
    gateway = Gateway(server.url("postgres"), server.url("postgres"), tmp_path / "gateway").start()
    try:
        venue = gateway.venue()
        name = upload_id()
        venue.open(name, b"sound")
        assert httpx.get(f"{gateway.url}/readyz").json()["checks"] == {"postgres": "ok", "blobs": "ok"}
        server.stop()
        for answer in (venue.http.get("/v1/recordings"), venue.content(upload_id(), b"more"), venue.complete(name)):
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        time.sleep(1.1)
        unready = httpx.get(f"{gateway.url}/readyz", timeout=60)
        assert unready.status_code == 503
        assert unready.json()["checks"]["blobs"] == "ok"
        assert unready.json()["checks"]["postgres"] != "ok"
        assert httpx.get(f"{gateway.url}/healthz").status_code == 200
        server.start()
        venue.part(name, 1, b"sound")
        assert venue.complete(name).status_code == 201
        recording_id = venue.take_in(b"more")
        with ThreadPoolExecutor() as pool:  # the listening connection is back too
            poll = pool.submit(venue.http.get, f"/v1/recordings/{recording_id}?wait=20")
            time.sleep(1.5)
            venue.http.post(f"/v1/recordings/{recording_id}/cancel")
            assert poll.result(timeout=15).json()["state"] == "cancelled"
    finally:
        gateway.stop()
        server.stop()


def test_blobs_that_cannot_be_written_make_the_gateway_unready(start: Callable[..., Gateway]):
    gateway = start()
    blobs = gateway.data / "blobs"
    assert httpx.get(f"{gateway.url}/readyz").status_code == 200
    assert gateway.process
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    time.sleep(1.1)
    unready = httpx.get(f"{gateway.url}/readyz")
    assert unready.status_code == 503
    assert "full" in unready.json()["checks"]["blobs"]
    assert [path for path in blobs.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_three_seconds_and_lets_long_polls_go(start: Callable[..., Gateway], number: signal.Signals):
    gateway = start()
    venue = gateway.venue()
    recording_id = venue.take_in()
    with ThreadPoolExecutor() as pool:
        poll = pool.submit(venue.http.get, f"/v1/recordings/{recording_id}?wait=50")
        time.sleep(0.5)
        assert gateway.process
        began = time.monotonic()
        gateway.process.send_signal(number)
        assert gateway.process.wait(timeout=45) == 0
        assert time.monotonic() - began < allowed_s(3)
        assert poll.result().json()["state"] == "ready"


def serve(gateway: Gateway, **settings: object) -> subprocess.CompletedProcess[str]:
    environ = {f"VOCALVERSE_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "vocalverse", "serve"],
        env={**os.environ, "VOCALVERSE_INGEST_DATABASE_URL": gateway.ingest_url, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_port_or_a_data_folder_that_is_taken_is_one_sentence(gateway: Gateway, tmp_path: Path):
    port = serve(gateway, data=tmp_path, port=gateway.port)
    assert port.returncode == 9
    assert f"Port {gateway.port}" in port.stderr
    folder = serve(gateway, data=gateway.data, port=free_port())
    assert folder.returncode == 9
    assert "Another gateway" in folder.stderr
    for said in (port.stderr, folder.stderr):
        assert "Traceback" not in said


def test_uploads_that_nobody_completes_are_swept_away(start: Callable[..., Gateway]):
    gateway = start(upload_expires_s=1)
    venue = gateway.venue()
    name = upload_id()
    venue.open(name, b"sound")
    age(gateway, name, "-1 hour")  # it stays young for as long as this test takes to fill it
    venue.part(name, 1, b"sound")
    backing = b"band"
    sent = venue.http.put(f"/v1/uploads/{name}/backing", content=backing, headers=digest_header(backing))
    assert sent.status_code == 200
    age(gateway, name, "2 seconds")
    until(lambda: venue.http.get(f"/v1/uploads/{name}").status_code == 404, "the upload is forgotten")
    parts = gateway.data / "parts" / str(venue.id)
    until(lambda: not [path for path in parts.iterdir() if path.is_dir()], "its parts are gone, after its row")
    with gateway.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM purges WHERE venue_id = :v"), {"v": venue.id}) == 1


def age(gateway: Gateway, name: str, since: str) -> None:
    with gateway.connect() as connection:
        opened = text("UPDATE uploads SET created_at = now() - CAST(:since AS interval) WHERE upload_id = :name")
        assert connection.execute(opened, {"since": since, "name": name}).rowcount == 1


def test_the_figures_for_prometheus_count_what_there_is(start: Callable[..., Gateway]):
    gateway = start()
    venue = gateway.venue()
    venue.take_in(b"x" * 1000)
    venue.open(upload_id(), b"sound")
    operator = gateway.client(gateway.key(Scope.METRICS))
    figures = operator.get("/metrics")
    assert figures.status_code == 200
    assert figures.headers["content-type"].startswith("text/plain")
    for line in (
        'vocalverse_requests_total{method="PUT",route="/v1/uploads/{upload_id}/content",status="201"} 1.0',
        'vocalverse_tasks_ready{class="cpu",lane="bulk"}',
        'vocalverse_oldest_ready_seconds{class="cpu",lane="bulk"}',
        "vocalverse_uploads_open ",
        "vocalverse_body_bytes_total 1",
    ):
        until(lambda line=line: line in operator.get("/metrics").text, f"{line} is told: it is counted once answered")


def test_the_gateway_loads_neither_redis_nor_torch_nor_numpy():
    script = (
        "import sys, vocalverse.gateway.server; print({'redis', 'rq', 'torch', 'numpy', 'obstore'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
