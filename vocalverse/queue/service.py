"""The dispatcher as a process: rounds in the main thread, listening and housekeeping beside it."""

import logging
import signal
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from vocalverse.errors import VocalVerseError
from vocalverse.queue.delivery import Carrier, connect
from vocalverse.queue.dispatcher import Dispatcher, listen
from vocalverse.queue.round import RoundOptions
from vocalverse.settings import Settings
from vocalverse.store.blobs import open_blobs
from vocalverse.store.connect import libpq_url, worker_engine
from vocalverse.store.consent import remove_unkept_sound
from vocalverse.store.scrub import purge_due

log = logging.getLogger(__name__)

_PURGE_EVERY_S = 5.0


def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT, or until a helper thread fails: then the process ends and is started again."""
    stop, wake = threading.Event(), threading.Event()

    def end(*_: object) -> None:
        stop.set()
        wake.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    failed: list[BaseException] = []

    def helper(name: str, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:
                failed.append(error)
                end()
                raise

        threading.Thread(target=guarded, name=name, daemon=True).start()

    url = libpq_url(settings.worker_database_url)
    helper("listen", lambda: listen(url, wake=wake, stop=stop))
    helper("purge", lambda: _purge(settings, stop))
    dispatcher_of(settings, stop=stop, wake=wake).run()
    if failed:
        raise failed[0]


def dispatcher_of(settings: Settings, *, stop: threading.Event, wake: threading.Event) -> Dispatcher:
    return Dispatcher(
        engine=worker_engine(settings.worker_database_url, actor="dispatcher"),
        carrier=Carrier(connect(settings.redis_url), lifetime_s=4 * settings.dispatch_lease_s),
        options=round_options(settings),
        every_s=settings.dispatch_every_s,
        stop=stop,
        wake=wake,
    )


def round_options(settings: Settings) -> RoundOptions:
    return RoundOptions(
        dispatch_lease_s=settings.dispatch_lease_s,
        run_lease_s=settings.run_lease_s,
        worker_silent_s=settings.worker_silent_s,
        max_starts=settings.max_starts,
        retry_backoff_s=settings.retry_backoff_s,
    )


def _purge(settings: Settings, stop: threading.Event) -> None:
    """Remove what was deleted and what may not be kept, for as long as the dispatcher runs."""
    engine = worker_engine(settings.worker_database_url, actor="purger")
    blobs = open_blobs(settings)
    while not stop.wait(_PURGE_EVERY_S):
        try:
            purge_due(engine, blobs)
            remove_unkept_sound(engine, blobs, grace_s=settings.audio_grace_s)
        except (SQLAlchemyError, VocalVerseError, OSError) as away:
            log.warning("purge put off: %s", away, extra={"action": "purge_failed"})
