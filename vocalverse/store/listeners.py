"""Listeners of H-TPR sessions: what each is asked, what they hear, what they answer."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, text
from sqlalchemy.dialects.postgresql import insert

from vocalverse.errors import BadInput, Conflict, Gone, NotFound, Unauthenticated
from vocalverse.ids import uuid7
from vocalverse.store.listening import SHARED, Session
from vocalverse.store.tables import HtprAnswer, HtprListener

LONGEST_NAME = 40


class SessionClosed(Gone):
    code = "session_closed"


class NameTaken(Conflict):
    code = "name_taken"


@dataclass(frozen=True)
class Listener:
    id: UUID
    name: str


@dataclass(frozen=True)
class Asked:
    """A triple as a listener may know it: in no order, and nothing said of what is in it."""

    id: UUID
    dimension: str
    takes: tuple[UUID, ...]


@dataclass(frozen=True)
class Given:
    """An answer: takes, the best first."""

    triple_id: UUID
    best_first: tuple[UUID, ...]
    seconds: float


@dataclass(frozen=True)
class Heard:
    """Where the sound of a take is: a blob of a venue's, or a file."""

    id: UUID
    spoiled: bool
    venue_id: UUID | None
    recording_id: UUID | None
    singer: str | None
    song: str | None
    clip: Mapping[str, Any]


def add_listener(connection: Connection, session: Session, name: str) -> str:
    """Their token, which is seen this once."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadInput(f"A listener's name has 1 to {LONGEST_NAME} letters.")
    _must_be_open(session)
    token = secrets.token_urlsafe(24)
    made = insert(HtprListener).values(id=uuid7(), session_id=session.id, name=name, token_sha256=_hashed(token))
    if connection.scalar(made.on_conflict_do_nothing().returning(HtprListener.id)) is None:
        raise NameTaken(f"Somebody is {name!r} here already: choose another name, or open your own link.")
    return token


def listener_of(connection: Connection, session: Session, token: str) -> Listener:
    found = connection.execute(
        select(HtprListener.id, HtprListener.name).where(
            HtprListener.session_id == session.id, HtprListener.token_sha256 == _hashed(token)
        )
    ).first()
    if found is None:
        raise Unauthenticated("This link is none of this session's.")
    return Listener(found.id, found.name)


_ASKED = text(f"""
    SELECT p.id, p.dimension, array_agg(t.id ORDER BY t.id) AS takes
    FROM htpr_triples p JOIN htpr_takes t ON t.triple_id = p.id LEFT JOIN recordings r ON r.id = t.recording_id
    WHERE p.session_id = :session AND (t.recording_id IS NULL OR {SHARED})
    GROUP BY p.id, p.dimension HAVING count(*) = 3
""")


def asked(connection: Connection, session: Session) -> list[Asked]:
    """The triples that are whole."""
    return [
        Asked(row.id, row.dimension, tuple(row.takes)) for row in connection.execute(_ASKED, {"session": session.id})
    ]


def answered(connection: Connection, listener: Listener) -> set[UUID]:
    return set(connection.scalars(select(HtprAnswer.triple_id).where(HtprAnswer.listener_id == listener.id)))


def keep_answer(connection: Connection, session: Session, listener: Listener, given: Given) -> None:
    """The first one stays: the same again changes nothing."""
    _must_be_open(session)
    triple = next((one for one in asked(connection, session) if one.id == given.triple_id), None)
    if triple is None:
        raise Gone("This triple is asked no more.")
    if sorted(given.best_first) != sorted(triple.takes):
        raise BadInput("An answer names each of the three takes once.")
    first, second, third = given.best_first
    made = insert(HtprAnswer).values(
        listener_id=listener.id,
        triple_id=triple.id,
        first_id=first,
        second_id=second,
        third_id=third,
        seconds=given.seconds,
    )
    connection.execute(made.on_conflict_do_nothing())


_HEARD = f"""
    SELECT t.id, t.spoiled, r.venue_id, t.recording_id, r.singer, s.ref AS song, t.clip
    FROM htpr_takes t JOIN htpr_triples p ON p.id = t.triple_id LEFT JOIN recordings r ON r.id = t.recording_id
    LEFT JOIN songs s ON s.id = r.song_id
    WHERE p.session_id = :session AND (t.recording_id IS NULL OR {SHARED})
"""


def heard_take(connection: Connection, session: Session, take_id: UUID) -> Heard:
    found = connection.execute(text(f"{_HEARD} AND t.id = :id"), {"session": session.id, "id": take_id}).first()
    if found is None:
        raise NotFound("There is no such sound.")
    return _as_heard(found)


def heard_takes(connection: Connection, session: Session) -> dict[UUID, Heard]:
    rows = connection.execute(text(_HEARD), {"session": session.id})
    return {row.id: _as_heard(row) for row in rows}


def _as_heard(row: Row[Any]) -> Heard:
    return Heard(**row._asdict())


def _must_be_open(session: Session) -> None:
    if session.closed:
        raise SessionClosed(f"The session {session.name!r} is closed: thank you for listening.")


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
