"""Redis, the blob store and the gateway."""

from collections.abc import Iterator

from vocalverse.cli.checks import Finding, bad, good, note
from vocalverse.errors import VocalVerseError
from vocalverse.settings import Settings


def check_redis(settings: Settings) -> Iterator[Finding]:
    from redis import Redis
    from redis.exceptions import NoPermissionError, RedisError

    if not settings.redis_url:
        yield bad("Redis", "none is set", "start one with `vocalverse up`, or name your own in VOCALVERSE_REDIS_URL")
        return
    try:
        with Redis.from_url(settings.redis_url, socket_connect_timeout=3, socket_timeout=3) as redis:
            redis.ping()
            facts = redis.info()
    except NoPermissionError:
        yield note(
            "Redis", "answers; this login may not look closer", "allow it +info for the doctor to see the settings"
        )
        return
    except (RedisError, OSError, ValueError) as away:
        yield bad(
            "Redis", f"does not answer ({away})", "start it: until then recordings wait in Postgres, none is lost"
        )
        return
    version = facts.get("valkey_version") or facts.get("redis_version")
    yield good("Redis", f"{facts.get('server_name', 'redis')} {version}")
    policy = facts.get("maxmemory_policy")
    if policy != "noeviction":
        yield bad(
            "Redis memory", f"maxmemory-policy is {policy}", "set it to noeviction: other policies drop jobs silently"
        )
    else:
        yield good("Redis memory", "noeviction")
    if facts.get("aof_enabled"):
        yield good("Redis persistence", "append-only file")
    else:
        todo = "set appendonly yes: without it a restart delivers everything again, which only costs time"
        yield note("Redis persistence", "no append-only file", todo)


def check_blobs(settings: Settings) -> Iterator[Finding]:
    from vocalverse.store.blobs import open_blobs

    try:
        open_blobs(settings).check()
    except (VocalVerseError, OSError) as trouble:
        yield bad("blobs", str(trouble), "make the store of VOCALVERSE_BLOB_URL writable")
    else:
        yield good("blobs", f"{_without_secrets(settings.blob_url)} keeps what is written")


def check_gateway(settings: Settings) -> Iterator[Finding]:
    import httpx

    address = f"http://{settings.host}:{settings.port}"
    try:
        answer = httpx.get(f"{address}/readyz", timeout=5, trust_env=False)
    except httpx.HTTPError as away:
        yield bad("gateway", f"{address} does not answer ({away})", "start it: `vocalverse serve`")
        return
    if answer.is_success:
        yield good("gateway", f"{address} is ready")
    else:
        yield bad("gateway", f"{address} is not ready ({answer.text[:200]})", "see what it names above")


def _without_secrets(url: str) -> str:
    return url.split("?", maxsplit=1)[0].rsplit("@", maxsplit=1)[-1]
