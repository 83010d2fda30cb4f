"""The listening page and what it asks for. Nothing that leaves here says whose take it is, or what the judge thinks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from vocalverse.errors import Forbidden, NotFound, Unauthenticated, Unavailable, VocalVerseError
from vocalverse.gateway.problems import answer_to
from vocalverse.listening.guard import Guard
from vocalverse.listening.sound import Sounds
from vocalverse.listening.turns import next_turn
from vocalverse.store import listeners
from vocalverse.store.listeners import Asked, Given, Listener
from vocalverse.store.listening import Session, find_session

_PAGE = {
    "": "text/html",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "ask.js": "text/javascript",
    "drag.js": "text/javascript",
    "words.js": "text/javascript",
}


@dataclass(frozen=True)
class Booth:
    """One session, where it is kept and where its sound is."""

    session: str
    engine: Engine
    sounds: Sounds

    @contextmanager
    def transaction(self) -> Iterator[tuple[Connection, Session]]:
        try:
            with self.engine.begin() as connection:
                yield connection, find_session(connection, self.session)
        except (OperationalError, InterfaceError) as away:
            raise Unavailable("The database does not answer. Try again in a few seconds.") from away


class Joining(BaseModel):
    name: str = Field(max_length=200)


class Answering(BaseModel):
    triple: UUID
    best_first: list[UUID] = Field(min_length=3, max_length=3)
    seconds: float = Field(ge=0, le=7 * 86_400)


def make_app(booth: Booth) -> FastAPI:
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.booth = booth
    app.add_exception_handler(VocalVerseError, _as_problem)
    app.get("/api/session")(session)
    app.post("/api/listeners", status_code=201)(join)
    app.get("/api/turn")(turn)
    app.post("/api/answers")(answer)
    app.get("/sound/{take_id}.flac")(sound)
    app.get("/{name}")(page)
    app.get("/")(page)
    app.add_middleware(Guard)
    return app


async def _as_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, VocalVerseError)
    return answer_to(error)


def _booth(request: Request) -> Booth:
    booth: Booth = request.app.state.booth
    return booth


def _token(authorization: Annotated[str, Header()] = "") -> str:
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Unauthenticated("Open your own link, or join with a name.")
    return token


_Booth = Annotated[Booth, Depends(_booth)]
_Token = Annotated[str, Depends(_token)]


def page(name: str = "") -> Response:
    if name not in _PAGE:
        raise NotFound("There is nothing here.")
    file = resources.files("vocalverse.listening.page") / (name or "index.html")
    return Response(file.read_bytes(), media_type=_PAGE[name])


def session(booth: _Booth) -> dict[str, Any]:
    with booth.transaction() as (_, found):
        return {"name": found.name, "open": found.open, "closed": found.closed}


def join(joining: Joining, booth: _Booth) -> dict[str, str]:
    with booth.transaction() as (connection, found):
        if not found.open:
            raise Forbidden("This session is for those who were sent a link of their own.")
        return {"token": listeners.add_listener(connection, found, joining.name)}


def turn(booth: _Booth, token: _Token) -> dict[str, Any]:
    with booth.transaction() as (connection, found):
        return _turn(connection, found, listeners.listener_of(connection, found, token))


def answer(answering: Answering, booth: _Booth, token: _Token) -> dict[str, Any]:
    """The same again is answered alike; the next turn comes with it."""
    with booth.transaction() as (connection, found):
        listener = listeners.listener_of(connection, found, token)
        given = Given(answering.triple, tuple(answering.best_first), answering.seconds)
        listeners.keep_answer(connection, found, listener, given)
        return _turn(connection, found, listener)


def sound(take_id: UUID, booth: _Booth) -> FileResponse:
    """In ranges, as players ask for them."""
    try:
        with booth.transaction() as (connection, found):
            take = listeners.heard_take(connection, found, take_id)
    except NotFound:
        booth.sounds.forget(take_id)
        raise
    return FileResponse(booth.sounds.file(take), media_type="audio/flac")


def _turn(connection: Connection, found: Session, listener: Listener) -> dict[str, Any]:
    asked, answered = listeners.asked(connection, found), listeners.answered(connection, listener)
    coming = next_turn(listener.id, asked, answered)
    return {
        "listener": listener.name,
        "session": found.name,
        "closed": found.closed,
        "done": coming.done,
        "total": coming.total,
        "triple": _shown(coming.triple),
        "after": _shown(coming.after),
    }


def _shown(triple: Asked | None) -> dict[str, Any] | None:
    return vars(triple) if triple else None
