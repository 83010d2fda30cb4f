"""What all routes share: opened once when the gateway starts, closed when it ends."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from vocalverse.errors import VocalVerseError
from vocalverse.gateway.auth import Keys
from vocalverse.gateway.bodies import Bodies
from vocalverse.gateway.database import Database
from vocalverse.gateway.limits import Limits
from vocalverse.gateway.meters import Meters
from vocalverse.gateway.parts import Parts
from vocalverse.gateway.readiness import Readiness
from vocalverse.gateway.waiting import Waiting
from vocalverse.settings import Settings
from vocalverse.store.blobs import BlobStore, open_blobs
from vocalverse.store.connect import gateway_engine
from vocalverse.store.uploads import take_expired

log = logging.getLogger(__name__)

_SWEEP_EVERY_S = 600.0


@dataclass(frozen=True)
class State:
    settings: Settings
    database: Database
    blobs: BlobStore
    bodies: Bodies
    parts: Parts
    keys: Keys
    limits: Limits
    waiting: Waiting
    meters: Meters
    readiness: Readiness

    @classmethod
    def open(cls, settings: Settings) -> "State":
        parts = Parts(settings.data / "parts").open()
        database = Database(gateway_engine(settings.ingest_database_url))
        blobs, bodies = open_blobs(settings), Bodies(timeout_s=settings.body_timeout_s)
        return cls(
            settings=settings,
            database=database,
            blobs=blobs,
            bodies=bodies,
            parts=parts,
            keys=Keys(database),
            limits=Limits(settings, database),
            waiting=Waiting(database, settings.ingest_database_url),
            meters=Meters(),
            readiness=Readiness(database, bodies, blobs),
        )

    async def close(self) -> None:
        await self.waiting.stop()
        await self.database.close()
        self.bodies.close()
        self.parts.close()

    async def sweep_uploads(self) -> None:
        """Forget what nobody completed in time, the rows first, then their parts."""
        expires_s = self.settings.upload_expires_s
        while expired := await self.database.run(take_expired, older_than_s=expires_s):
            for venue_id, upload_id in expired:
                await self.bodies.off_loop(self.parts.remove, venue_id, upload_id)
            log.info("%d uploads expired", len(expired), extra={"action": "uploads_expired"})
        await self.bodies.off_loop(self.parts.remove_older, 2 * expires_s)
        await self.bodies.off_loop(self.blobs.forget_unfinished)

    async def keep_sweeping(self) -> None:
        while True:
            try:
                await self.sweep_uploads()
            except (VocalVerseError, OSError) as trouble:
                log.warning("sweep put off: %s", trouble, extra={"action": "sweep_failed"})
            await asyncio.sleep(min(_SWEEP_EVERY_S, self.settings.upload_expires_s))


def _state_of(request: Request) -> State:
    state: State = request.app.state.gateway
    return state


Shared = Annotated[State, Depends(_state_of)]
