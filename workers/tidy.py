"""A worker's encoder cache: emptied of recordings that were deleted, whoever deleted them, and kept to its size."""

import logging
import threading
from itertools import islice
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from vocalverse.models.cache.cache import EncoderCache
from vocalverse.store.scrub import with_sound

log = logging.getLogger(__name__)

_EVERY_S = 10.0
_AT_ONCE = 500


def keep_tidy(engine: Engine, folder: Path, most_bytes: int, stop: threading.Event) -> None:
    """Looks at what is there, not at what happened: a worker that was off the whole night finds it as well."""
    cache = EncoderCache(folder)
    while not stop.wait(_EVERY_S):
        try:
            forget_deleted(engine, cache)
            if most_bytes:
                cache.prune(max_bytes=most_bytes)
        except (SQLAlchemyError, OSError) as away:
            log.warning("cache not tidied: %s", away, extra={"action": "cache_untidied"})


def forget_deleted(engine: Engine, cache: EncoderCache) -> list[UUID]:
    """Recordings whose sound went; clips of manifests have other names, and stay."""
    kept = (recording for name in cache.recordings() if (recording := _as_recording(name)))
    forgotten: list[UUID] = []
    while batch := list(islice(kept, _AT_ONCE)):
        with engine.connect() as connection:
            there = with_sound(connection, batch)
        for recording in batch:
            if recording not in there and cache.forget(str(recording)):
                log.info("forgotten", extra={"action": "cache_forgotten", "recording_id": recording})
                forgotten.append(recording)
    return forgotten


def _as_recording(name: str) -> UUID | None:
    try:
        found = UUID(name)
    except ValueError:
        return None
    return found if str(found) == name else None
