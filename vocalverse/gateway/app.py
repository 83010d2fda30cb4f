"""The gateway as an ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from vocalverse import __version__
from vocalverse.gateway import health, machines, metrics, problems, recordings, uploads
from vocalverse.gateway.metrics import Observed
from vocalverse.gateway.openapi import describe
from vocalverse.gateway.state import State


def make_app(state: State) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        state.waiting.start()
        sweeping = asyncio.create_task(state.keep_sweeping())
        yield
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
        await state.close()

    app = FastAPI(
        title="VocalVerse",
        version=__version__,
        description="Recordings in, results out. Every error is an RFC 9457 problem with a stable `code`.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.gateway = state
    for part in (uploads, recordings, machines, health, metrics):
        app.include_router(part.router)
    problems.install(app)
    describe(app)
    app.add_middleware(Observed, meters=state.meters)
    return app
