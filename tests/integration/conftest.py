"""Real servers, started once: every test has a database of its own and an empty Valkey."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import Engine

from vocalverse.embedded.postgres import Postgres
from vocalverse.embedded.valkey import ADMIN, DISPATCHER, WORKER, Valkey, ValkeyPasswords
from vocalverse.store import migrate, roles
from vocalverse.store.connect import owner_engine, worker_engine

_TEMPLATE = "migrated"
_LOGINS = {"vv_ingest": "ingest-secret", "vv_worker": "worker-secret"}
_numbers = count(1)


@dataclass(frozen=True)
class Database:
    """A freshly migrated database, as each part of the house reaches it."""

    name: str
    owner: str
    ingest: str
    worker: str


@dataclass(frozen=True)
class ValkeyUrls:
    admin: str
    dispatcher: str
    worker: str


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("postgres"), "postgres-secret")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey"), ValkeyPasswords("admin", "dispatcher", "worker"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Postgres) -> str:
    """Migrated once; copying it takes a tenth of a second."""
    _administer(postgres_server, f"CREATE DATABASE {_TEMPLATE}")
    migrate.upgrade(postgres_server.url(_TEMPLATE))
    roles.ensure_logins(postgres_server.url(_TEMPLATE), _LOGINS)
    return _TEMPLATE


@pytest.fixture
def empty_database(postgres_server: Postgres) -> Iterator[str]:
    """The owner's address of a database with nothing in it, for tests of the migrations themselves."""
    name = f"empty_{next(_numbers)}"
    _administer(postgres_server, f"CREATE DATABASE {name}")
    yield postgres_server.url(name)
    _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(postgres_server: Postgres, migrated_template: str) -> Iterator[Database]:
    with _copied(postgres_server, migrated_template) as database:
        yield database


@pytest.fixture
def owner(database: Database) -> Iterator[Engine]:
    engine = owner_engine(database.owner)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """As a worker logs in."""
    engine = worker_engine(database.worker, actor="test")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def shared_database(postgres_server: Postgres, migrated_template: str) -> Iterator[Database]:
    """For the many tests of one module that only look, or whose every write is refused."""
    with _copied(postgres_server, migrated_template) as database:
        yield database


@contextmanager
def _copied(server: Postgres, template: str) -> Iterator[Database]:
    name = f"test_{next(_numbers)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield Database(
        name=name,
        owner=server.url(name),
        ingest=server.url(name, user="vv_ingest", password=_LOGINS["vv_ingest"]),
        worker=server.url(name, user="vv_worker", password=_LOGINS["vv_worker"]),
    )
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def valkey(valkey_server: Valkey) -> ValkeyUrls:
    with redis.Redis.from_url(valkey_server.url(ADMIN)) as admin:
        admin.flushall()
    return ValkeyUrls(
        admin=valkey_server.url(ADMIN), dispatcher=valkey_server.url(DISPATCHER), worker=valkey_server.url(WORKER)
    )


@pytest.fixture
def blob_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "blobs"
    folder.mkdir()
    return folder


def _administer(server: Postgres, statement: str) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(statement)
