"""Postgres and Valkey out of wheels: they come back after anything, and let nobody do more than they must."""

import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from vocalverse.embedded.postgres import Postgres
from vocalverse.embedded.server import HOST
from vocalverse.embedded.valkey import ADMIN, Valkey, ValkeyPasswords
from vocalverse.errors import Conflict, Unavailable
from vocalverse.queue.delivery import Carrier, connect, queue_name
from vocalverse.queue.round import Delivery
from vocalverse.records import Lane, WorkerClass


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    server = Postgres(tmp_path / "it's a folder" / "postgres", "a p@ss/word'\\")
    server.start()
    yield server
    server.stop()


def test_postgres_keeps_what_was_committed_when_it_is_killed(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    assert postgres.process
    postgres.process.kill()
    postgres.process.wait()
    postgres.start()
    with psycopg.connect(postgres.url()) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_postgres_keeps_its_port_unless_another_program_has_it(postgres: Postgres) -> None:
    first = postgres.port
    postgres.stop()
    postgres.start()
    assert postgres.port == first
    postgres.stop()
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind((HOST, first))
        squatter.listen()
        postgres.start()
    assert postgres.port != first


def test_postgres_starts_though_its_old_process_id_is_another_program_s_now(postgres: Postgres) -> None:
    assert postgres.process
    postgres.process.kill()
    postgres.process.wait()
    lock = postgres.data / "postmaster.pid"
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    postgres.start()
    assert postgres.alive()


def test_a_folder_of_another_major_version_is_refused_and_left_alone(postgres: Postgres) -> None:
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(Conflict, match=r"Postgres 16.*Postgres 18"):
        postgres.start()
    (postgres.data / "PG_VERSION").write_text("18\n")
    postgres.start()


def test_an_initdb_that_was_cut_off_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data.new" / "base").mkdir(parents=True)
    server = Postgres(tmp_path / "postgres", "secret")
    server.start()
    server.stop()
    assert not (tmp_path / "postgres" / "data.new").exists()


def test_a_postgres_that_cannot_start_says_why(postgres: Postgres) -> None:
    postgres.stop()
    broken = Postgres(postgres.folder, "secret", extra={"shared_buffers": "nonsense"})
    with pytest.raises(Unavailable, match="shared_buffers"):
        broken.start()


def test_nobody_gets_into_postgres_without_the_password(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres.url(password="guess"))
    with psycopg.connect(postgres.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == (HOST,)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_no_secret_and_no_configuration_is_readable_by_others(postgres: Postgres, valkey_server: Valkey) -> None:
    for folder in (postgres.folder, valkey_server.folder):
        for name in ("vocalverse.conf", "valkey.conf", "users.acl"):
            if (folder / name).exists():
                assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert not (postgres.folder / "password.new").exists()


def test_valkey_keeps_its_queue_when_it_is_stopped(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "valkey", ValkeyPasswords("a", "d", "w"))
    for expected in (1, 2):
        server.start()
        with redis.Redis.from_url(server.url(ADMIN)) as admin:
            assert admin.incr("starts") == expected
            assert admin.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        server.stop()


@pytest.mark.parametrize("login", ["dispatcher", "worker"])
@pytest.mark.parametrize(
    "command",
    [
        "FLUSHALL",
        "CONFIG GET maxmemory",
        "EVAL return(1) 0",
        "SCRIPT FLUSH",
        "MODULE LIST",
        "KEYS *",
        "ACL LIST",
        "SHUTDOWN",
        "SAVE",
        "MONITOR",
        "PUBLISH rq:pubsub:worker stop",
        "HSET elsewhere field value",
        "REPLICAOF 127.0.0.1 1",
        "CLIENT KILL TYPE normal",
    ],
)
def test_a_login_of_ours_may_do_nothing_but_carry_jobs(valkey: Any, login: str, command: str) -> None:
    with (
        redis.Redis.from_url(getattr(valkey, login)) as connection,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        connection.execute_command(*command.split(" "))


@pytest.mark.parametrize("command", ["GET rq:job:x", "HGETALL rq:job:x", "DEL rq:queues", "LPOP rq:queue:x"])
def test_the_dispatcher_may_only_enqueue(valkey: Any, command: str) -> None:
    with (
        redis.Redis.from_url(valkey.dispatcher) as connection,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        connection.execute_command(*command.split(" "))


def test_nobody_gets_into_valkey_without_a_password(valkey_server: Valkey) -> None:
    with (
        redis.Redis(host=HOST, port=valkey_server.port) as stranger,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        stranger.ping()


class _QuietWorker(SimpleWorker):
    def subscribe(self) -> None: ...

    def unsubscribe(self) -> None: ...


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rq")
def test_rq_lacks_no_right_for_enqueueing_and_for_a_worker_s_whole_life(valkey: Any) -> None:
    urls: dict[str, str] = vars(valkey)
    with redis.Redis.from_url(urls["admin"]) as admin:
        admin.acl_log_reset()
    dispatcher = connect(urls["dispatcher"])
    for lane in Lane:
        delivery = Delivery(task_id=uuid4(), fence=uuid4(), lane=lane, worker_class=WorkerClass.CPU)
        Carrier(dispatcher, lifetime_s=60).send([delivery])
    with redis.Redis.from_url(urls["worker"]) as connection, redis.Redis.from_url(urls["admin"]) as admin:
        queue = Queue(queue_name(WorkerClass.CPU), connection=connection, serializer=JSONSerializer)
        assert queue.count == 2
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        worker = _QuietWorker([queue], connection=connection, serializer=JSONSerializer, maintenance_interval=1)
        worker.work(burst=True, logging_level="CRITICAL")
        worker.clean_registries()
        for number, handler in handlers.items():
            signal.signal(number, handler)
        assert queue.count == 0
        assert admin.acl_log() == []
    dispatcher.close()
