"""Engines: how each part of the house reaches Postgres."""

from typing import TYPE_CHECKING

from sqlalchemy import URL, Engine, create_engine, make_url

from vocalverse.errors import BadSettings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

# A server that is gone must not hold us: give up connecting soon, and notice a dead peer within half a minute.
_PATIENCE = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}


def owner_engine(url: str, *, actor: str = "cli") -> Engine:
    """For migrations and the command line: few connections, none kept."""
    return create_engine(_psycopg(url), pool_size=1, max_overflow=4, connect_args=_arguments(actor))


def worker_engine(url: str, *, actor: str) -> Engine:
    """For the dispatcher or one worker: one connection to work with, one for the heartbeat."""
    return create_engine(_psycopg(url), pool_size=2, max_overflow=2, pool_pre_ping=True, connect_args=_arguments(actor))


def gateway_engine(url: str, *, connections: int = 20) -> "AsyncEngine":
    from sqlalchemy.ext.asyncio import create_async_engine  # slow to import, and only the gateway needs it

    return create_async_engine(
        _psycopg(url),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
        connect_args=_arguments("gateway"),
    )


def libpq_url(url: str) -> str:
    """The same address as psycopg and psql spell it."""
    return _psycopg(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _psycopg(url: str) -> URL:
    if not url:
        raise BadSettings(
            "No database is set. Start one with `vocalverse up`, or name your own in VOCALVERSE_DATABASE_URL."
        )
    try:
        return make_url(url).set(drivername="postgresql+psycopg")
    except Exception as broken:
        raise BadSettings("The database URL cannot be read: expected postgresql://user:password@host/name") from broken


def _arguments(actor: str) -> dict[str, object]:
    # The trigger that writes `events` takes the actor from here, so that no statement has to name it.
    return {"application_name": actor, **_PATIENCE}
