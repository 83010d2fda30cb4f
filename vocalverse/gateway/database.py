"""Transactions from the event loop. A Postgres that is away is one error of ours, with an answer in due time."""

import asyncio
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from vocalverse.errors import Unavailable

_P = ParamSpec("_P")
_T = TypeVar("_T")

_PATIENCE_S = 20.0


class Database:
    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def run(self, work: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run `work` in one transaction. Everything we run may safely be asked for again."""
        try:
            async with asyncio.timeout(_PATIENCE_S), self.engine.begin() as connection:
                return await connection.run_sync(work, *args, **kwargs)
        except (OperationalError, InterfaceError, PoolTimeout, TimeoutError, OSError) as away:
            raise Unavailable("The database does not answer. Try again in a few seconds.") from away
        except DBAPIError as broken:
            if broken.connection_invalidated:
                raise Unavailable("The database went away. Try again in a few seconds.") from broken
            raise

    async def close(self) -> None:
        await self.engine.dispose()
