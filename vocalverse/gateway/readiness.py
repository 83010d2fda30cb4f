"""Whether what the gateway stands on answers: asked, not assumed."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

from sqlalchemy import text

from vocalverse.errors import VocalVerseError
from vocalverse.gateway.bodies import Bodies
from vocalverse.gateway.database import Database
from vocalverse.store.blobs import BlobStore

_PATIENCE_S = 5.0
_FRESH_S = 1.0  # anybody may ask: the blob store is probed no more often than this


class Readiness:
    """Asks Postgres and the blob store, together and not too often."""

    def __init__(self, database: Database, bodies: Bodies, blobs: BlobStore) -> None:
        self._database, self._bodies, self._blobs = database, bodies, blobs
        self._asking = asyncio.Lock()
        self._answer: tuple[float, dict[str, str]] = (0.0, {})

    async def checks(self) -> dict[str, str]:
        async with self._asking:
            if self._answer[0] < time.monotonic():
                postgres, blobs = await asyncio.gather(
                    _said(self._database.run(lambda connection: connection.scalar(text("SELECT 1")))),
                    _said(self._bodies.off_loop(self._blobs.check)),
                )
                self._answer = (time.monotonic() + _FRESH_S, {"postgres": postgres, "blobs": blobs})
            return self._answer[1]


async def _said(asking: Awaitable[Any]) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await asking
    except TimeoutError:
        return f"no answer within {_PATIENCE_S:g} s"
    except (VocalVerseError, OSError) as trouble:
        return str(trouble)[:300]
    return "ok"
