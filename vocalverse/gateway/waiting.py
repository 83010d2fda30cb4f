"""Long polls: one connection listens for all of them, and one query looks after them where a call was missed."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import psycopg
from sqlalchemy import Connection, text

from vocalverse.errors import VocalVerseError
from vocalverse.gateway.database import Database
from vocalverse.store.connect import libpq_url

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 2.0  # however silent the channel is
_LOOK_AT_MOST_EVERY_S = 0.25  # however loud it is
_RECONNECT_S = 1.0

_UNDER_WAY = text("""
    SELECT DISTINCT recording_id FROM tasks
    WHERE recording_id = ANY(:ids) AND state IN ('ready', 'leased', 'running')
""")


class Moved:
    """One long poll's ear for the end of one recording's task."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self.woken = asyncio.Event()
        self._stopping = stopping

    async def within(self, seconds: float) -> bool:
        """Whether to look again; false where the gateway stops and the answer is due now."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if not self._stopping.is_set():
                    await self.woken.wait()
        return not self._stopping.is_set()


class Waiting:
    def __init__(self, database: Database, url: str) -> None:
        self._database = database
        self._url = libpq_url(url)
        self._waiters: defaultdict[UUID, set[Moved]] = defaultdict(set)
        self._look = asyncio.Event()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._look_after())]

    def release(self) -> None:
        """Let all long polls go with what is true now; later ones do not wait at all."""
        self._stopping.set()
        for recording_id in list(self._waiters):
            self._wake(recording_id)

    async def stop(self) -> None:
        self.release()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @asynccontextmanager
    async def watch(self, recording_id: UUID) -> AsyncIterator["Moved"]:
        """Begin before looking at the recording: then no end of its task falls in between."""
        moved = Moved(self._stopping)
        self._waiters[recording_id].add(moved)
        try:
            yield moved
        finally:
            self._waiters[recording_id].discard(moved)
            if not self._waiters[recording_id]:
                del self._waiters[recording_id]

    def _wake(self, recording_id: UUID) -> None:
        for moved in self._waiters.get(recording_id, ()):
            moved.woken.set()

    async def _listen(self) -> None:
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, application_name="gateway-listen", connect_timeout=5
                )
                async with connection:
                    await connection.execute("LISTEN vocalverse_tasks")
                    self._look.set()  # for what was said while nobody listened
                    async for notice in connection.notifies():
                        self._hear(notice.payload)
            except (psycopg.Error, OSError) as away:
                log.warning("cannot listen: %s", away, extra={"action": "listen_failed"})
            await asyncio.sleep(_RECONNECT_S)

    def _hear(self, payload: str) -> None:
        """A recording's id, or `*` where too many moved to name them."""
        try:
            self._wake(UUID(payload))
        except ValueError:
            self._look.set()

    async def _look_after(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._look.wait()
            self._look.clear()
            if waited_for := list(self._waiters):
                with suppress(VocalVerseError):  # Postgres is away; the next look finds it
                    under_way = await self._database.run(_under_way, waited_for)
                    for recording_id in set(waited_for) - under_way:
                        self._wake(recording_id)
            await asyncio.sleep(_LOOK_AT_MOST_EVERY_S)


def _under_way(connection: Connection, recording_ids: Sequence[UUID]) -> set[UUID]:
    return set(connection.scalars(_UNDER_WAY, {"ids": list(recording_ids)}))
