"""The servers under the product: those out of wheels, or one's own, brought up to date and told to all commands."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from vocalverse.embedded.folder import DataFolder
from vocalverse.embedded.postgres import Postgres
from vocalverse.embedded.valkey import ADMIN, DISPATCHER, WORKER, Valkey, ValkeyPasswords
from vocalverse.errors import Unavailable

_LOGINS = ("vv_ingest", "vv_worker")


@dataclass(frozen=True)
class Addresses:
    """Named as the settings are, for `stack.json`. What is empty falls back as `Settings` says."""

    database_url: str
    ingest_database_url: str
    worker_database_url: str
    redis_url: str
    worker_redis_url: str
    blob_url: str


def stack_of(addresses: Addresses, *, host: str, port: int) -> dict[str, object]:
    said = {name: url for name, url in asdict(addresses).items() if url}
    return {**said, "host": host, "port": port}


@contextmanager
def servers(
    folder: DataFolder, say: Callable[[str], None], *, database_url: str, redis_url: str, blob_url: str
) -> Iterator[tuple[Addresses, Callable[[], None]]]:
    """Run what is not named. Yields where everything is, and a check to be called often: all of it still runs."""
    running: list[Postgres | Valkey] = []
    try:
        owner = ingest = worker = database_url
        if not database_url:
            postgres = Postgres(folder.path / "postgres", folder.secret("postgres"))
            running.append(postgres)
            _timed(say, "Postgres", postgres)
            owner = postgres.url()
            ingest, worker = (postgres.url(user=login, password=folder.secret(login)) for login in _LOGINS)
        worker_redis = redis_url
        if not redis_url:
            passwords = ValkeyPasswords(*(folder.secret(f"valkey_{user}") for user in (ADMIN, DISPATCHER, WORKER)))
            valkey = Valkey(folder.path / "valkey", passwords)
            running.append(valkey)
            _timed(say, "Valkey", valkey)
            redis_url, worker_redis = valkey.url(DISPATCHER), valkey.url(WORKER)
        _migrate(folder, owner, ours=not database_url, say=say)
        _check_redis(redis_url)
        yield Addresses(owner, ingest, worker, redis_url, worker_redis, blob_url), lambda: _revive(running, say)
    finally:
        for server in reversed(running):
            server.stop(within_s=1.0)


def _timed(say: Callable[[str], None], name: str, server: Postgres | Valkey) -> None:
    began = time.monotonic()
    server.start()
    say(f"{name} runs on port {server.port} ({time.monotonic() - began:.1f} s).")


def _revive(running: list[Postgres | Valkey], say: Callable[[str], None]) -> None:
    """A server that ended is started again, on its old port; the processes that stand on it wait meanwhile."""
    for server in running:
        if not server.alive():
            say(f"{server.name.capitalize()} ended; it is started again. See {server.log}.")
            server.start()


def _migrate(folder: DataFolder, url: str, *, ours: bool, say: Callable[[str], None]) -> None:
    from sqlalchemy.exc import OperationalError

    from vocalverse.store import migrate, roles

    began = time.monotonic()
    try:
        migrate.upgrade(url)
        if ours:  # on a server of one's own these logins are its administrator's affair
            roles.ensure_logins(url, {login: folder.secret(login) for login in _LOGINS})
    except OperationalError as away:
        raise Unavailable(f"The database does not answer: {_first_line(away.orig)}. Is --database-url right?") from away
    say(f"The database is up to date ({time.monotonic() - began:.1f} s).")


def _check_redis(url: str) -> None:
    import redis

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as connection:
            connection.ping()
    except (redis.RedisError, ValueError) as away:
        raise Unavailable(f"Redis does not answer: {_first_line(away)}. Is --redis-url right?") from away


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or ["it gave no reason"])[0].rstrip(".")
