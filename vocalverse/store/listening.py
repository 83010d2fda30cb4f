"""H-TPR sessions: what is to be put in order, and how listeners did.

A recording appears only while its singer lets its sound be kept, shared and learnt from; one that is deleted takes the
answers about it along.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, func, insert, select, text, update

from vocalverse.errors import Conflict, NotFound
from vocalverse.ids import uuid7
from vocalverse.records import Tier
from vocalverse.store.tables import HtprSession, HtprTake, HtprTriple

SHARED = "(r.consent_keep_audio AND r.consent_share AND r.consent_training AND r.audio_deleted_at IS NULL)"


@dataclass(frozen=True)
class NewTake:
    """A recording, or a clip as its manifest describes it."""

    tier: Tier
    score: float
    spoiled: bool = False
    recording_id: UUID | None = None
    clip: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NewTriple:
    dimension: str
    takes: Sequence[NewTake]


@dataclass(frozen=True)
class Session:
    id: UUID
    name: str
    judge: str
    open: bool
    closed: bool


@dataclass(frozen=True)
class Answer:
    """What somebody said of a triple."""

    listener: str
    triple_id: UUID
    dimension: str
    tiers: tuple[Tier, ...]  # the best first
    takes: tuple[UUID, ...]  # likewise
    attention: bool  # one was spoiled
    attentive: bool  # and was put last
    seconds: float


@dataclass(frozen=True)
class Judged:
    """A recording that a release gave a score, and that listeners may hear."""

    recording_id: UUID
    singer: str
    song: str
    score: float


# --- making one ------------------------------------------------------------------------------------------------


def make_session(
    connection: Connection, triples: Sequence[NewTriple], *, name: str, judge: str, seed: int, open_to_all: bool
) -> UUID:
    if connection.scalar(select(HtprSession.id).where(HtprSession.name == name)):
        raise Conflict(f"There is a session {name!r} already: choose another name. `vocalverse htpr list` shows all.")
    session_id = uuid7()
    made = {"id": session_id, "name": name, "judge": judge, "seed": seed, "open": open_to_all}
    connection.execute(insert(HtprSession).values(made))
    for triple in triples:
        triple_id = uuid4()
        connection.execute(insert(HtprTriple).values(id=triple_id, session_id=session_id, dimension=triple.dimension))
        connection.execute(insert(HtprTake), [_row_of(take, triple_id) for take in triple.takes])
    return session_id


def _row_of(take: NewTake, triple_id: UUID) -> dict[str, Any]:
    return {**vars(take), "id": uuid4(), "triple_id": triple_id}


_JUDGED = text(f"""
    SELECT r.id, coalesce(r.venue_id || '/' || r.singer, '') AS singer, coalesce(s.ref, '') AS song, c.value
    FROM scores c JOIN assessments a ON a.id = c.assessment_id JOIN recordings r ON r.id = a.recording_id
    LEFT JOIN songs s ON s.id = r.song_id
    WHERE a.release = :release AND c.dimension = :dimension AND a.outcome = 'scored' AND {SHARED}
      AND (CAST(:venue AS uuid) IS NULL OR r.venue_id = :venue)
    ORDER BY r.id
""")


def judged(connection: Connection, *, release: str, dimension: str, venue_id: UUID | None) -> list[Judged]:
    rows = connection.execute(_JUDGED, {"release": release, "dimension": dimension, "venue": venue_id})
    return [Judged(row.id, row.singer, row.song, row.value) for row in rows]


# --- looking at them -------------------------------------------------------------------------------------------


def find_session(connection: Connection, name: str) -> Session:
    row = connection.execute(select(HtprSession).where(HtprSession.name == name)).first()
    if row is None:
        raise NotFound(f"There is no session {name!r}. `vocalverse htpr list` shows those that there are.")
    return Session(row.id, row.name, row.judge, row.open, closed=row.closed_at is not None)


_LIST = text("""
    SELECT s.name, s.judge, s.created_at, s.closed_at, s.open,
        (SELECT array_agg(DISTINCT t.dimension ORDER BY t.dimension) FROM htpr_triples t WHERE t.session_id = s.id)
            AS dimensions,
        (SELECT count(*) FROM htpr_triples t WHERE t.session_id = s.id) AS triples,
        (SELECT count(*) FROM htpr_listeners l WHERE l.session_id = s.id) AS listeners,
        (SELECT count(*) FROM htpr_answers a JOIN htpr_listeners l ON l.id = a.listener_id WHERE l.session_id = s.id)
            AS answers
    FROM htpr_sessions s ORDER BY s.id DESC
""")


def list_sessions(connection: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(_LIST).mappings()]


def close_session(connection: Connection, name: str) -> None:
    session = find_session(connection, name)
    connection.execute(
        update(HtprSession)
        .where(HtprSession.id == session.id)
        .values(closed_at=func.coalesce(HtprSession.closed_at, func.now()))
    )


# --- what they said --------------------------------------------------------------------------------------------

_ANSWERS = text("""
    SELECT l.name, p.id AS triple_id, p.dimension, a.seconds, ARRAY[one.id, two.id, three.id] AS takes,
        ARRAY[one.tier, two.tier, three.tier]::text[] AS tiers,
        one.spoiled OR two.spoiled OR three.spoiled AS attention, three.spoiled AS attentive
    FROM htpr_answers a JOIN htpr_listeners l ON l.id = a.listener_id JOIN htpr_triples p ON p.id = a.triple_id
    JOIN htpr_takes one ON one.id = a.first_id JOIN htpr_takes two ON two.id = a.second_id
    JOIN htpr_takes three ON three.id = a.third_id
    WHERE p.session_id = :session ORDER BY l.id, a.answered_at, p.id
""")


def answers(connection: Connection, session: Session) -> list[Answer]:
    return [
        Answer(
            listener=row.name,
            triple_id=row.triple_id,
            dimension=row.dimension,
            tiers=tuple(map(Tier, row.tiers)),
            takes=tuple(row.takes),
            attention=row.attention,
            attentive=row.attentive,
            seconds=row.seconds,
        )
        for row in connection.execute(_ANSWERS, {"session": session.id})
    ]
