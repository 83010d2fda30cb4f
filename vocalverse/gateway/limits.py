"""How much one key, one venue and all together may ask for."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from vocalverse.errors import TooMuch
from vocalverse.gateway.database import Database
from vocalverse.settings import Settings
from vocalverse.store.keys import Caller
from vocalverse.store.workload import Workload, read_workload

_FRESH_S = 1.0


class TooBusy(TooMuch):
    code = "too_many_requests"


class BacklogFull(TooMuch):
    code = "backlog_full"


class Limits:
    """Reading and writing are counted apart, so that long polls never keep a recording waiting."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._at_once: dict[tuple[str, str], asyncio.Semaphore] = {}
        self._users: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._workload: tuple[float, Workload] | None = None
        self._taken: Counter[UUID] = Counter()  # since the workload was read: a flood may come within that second
        self._reading = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, caller: Caller, kind: str, *, wait: bool) -> AsyncIterator[None]:
        """One of the key's places. Where all are taken: wait for one, the body unread, or 429."""
        key = (caller.key_prefix, kind)
        places = self._at_once.setdefault(key, asyncio.Semaphore(self._settings.max_requests_per_key))
        if places.locked() and not wait:
            raise TooBusy(
                f"{self._settings.max_requests_per_key} requests of this key are under way. Wait for one to end.",
                retry_after_s=1.0,
            )
        self._users[key] += 1
        try:
            async with places:
                yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._at_once[key]

    async def must_have_room(self, venue_id: UUID) -> None:
        """Refuse what would wait too long, at the door only: what has been taken is always finished."""
        workload = await self.workload()
        taken = self._taken
        for seconds, most, whose in (
            (workload.seconds(venue_id, more=taken[venue_id]), self._settings.venue_backlog_s, "this venue"),
            (workload.seconds(more=taken.total()), self._settings.total_backlog_s, "all venues"),
        ):
            if seconds > most:
                raise BacklogFull(
                    f"Recordings of {whose} wait for {seconds / 3600:.1f} hours of work. Keep this one and try later.",
                    retry_after_s=min(600.0, max(5.0, seconds - most)),
                )

    def took(self, venue_id: UUID) -> None:
        """A new recording of the venue waits now."""
        self._taken[venue_id] += 1

    async def workload(self) -> Workload:
        async with self._reading:
            if self._workload is None or self._workload[0] < time.monotonic():
                read = await self._database.run(read_workload, worker_silent_s=self._settings.worker_silent_s)
                self._workload = (time.monotonic() + _FRESH_S, read)
                self._taken.clear()
            return self._workload[1]
