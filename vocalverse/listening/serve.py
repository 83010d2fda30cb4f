"""One session's page on a port, until it is stopped."""

import uvicorn

from vocalverse.gateway.server import LimitedProtocol, Server, listen
from vocalverse.listening.app import Booth, make_app
from vocalverse.listening.folder import passing_folder
from vocalverse.listening.sound import Sounds
from vocalverse.settings import Settings
from vocalverse.store.blobs import open_blobs
from vocalverse.store.connect import worker_engine

_STOP_S = 2


def serve(session: str, settings: Settings, *, host: str, port: int) -> None:
    """Answer until SIGTERM or SIGINT. Sound that was made for listeners goes with the process."""
    listening = listen(host, port)
    limits = {"max_header_bytes": settings.max_header_bytes, "header_timeout_s": settings.header_timeout_s}
    engine = worker_engine(settings.ingest_database_url, actor="htpr")
    with passing_folder(settings.data / "htpr") as folder:
        booth = Booth(session, engine, Sounds(folder, open_blobs(settings)))
        config = uvicorn.Config(
            make_app(booth),
            http=type("Limited", (LimitedProtocol,), limits),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_STOP_S,
        )
        Server(config).run(sockets=[listening])
    engine.dispose()
