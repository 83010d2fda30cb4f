"""What the database says of the recordings in a house, for tests that count moves and not only ends."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import text

from vocalverse.bench.house import House


@dataclass(frozen=True)
class Move:
    """A row of `events`."""

    to: str
    attempts: int
    reason: str | None
    at_s: float  # by Postgres' clock


def moves(house: House, recording_id: str) -> list[Move]:
    asked = text(
        "SELECT to_state::text, attempts, reason, extract(epoch FROM at)::float8 FROM events"
        " WHERE recording_id = :id ORDER BY id"
    )
    with house.database() as connection:
        return [Move(*row) for row in connection.execute(asked, {"id": recording_id})]


def times_begun(house: House, recording_id: str) -> int:
    return sum(move.to == "running" for move in moves(house, recording_id))


def results_of(house: House, recording_id: str) -> int:
    return int(str(house.scalar("SELECT count(*) FROM assessments WHERE recording_id = %(id)s", id=recording_id)))


def unfinished(house: House, recording_ids: Sequence[str]) -> int:
    return int(
        str(
            house.scalar(
                "SELECT count(*) FROM tasks WHERE state <> 'done' AND recording_id = ANY(%(ids)s::uuid[])",
                ids=list(recording_ids),
            )
        )
    )


def lost(house: House, recording_ids: Sequence[str]) -> int:
    """Acknowledged, but not in the database."""
    return len(set(recording_ids) - set(house.column("SELECT id FROM recordings")))


def take_for_live(house: House, *, for_s: float = 60) -> None:
    """Its workers, though they say nothing: else nothing is dispatched to them a moment after they are stopped."""
    with house.database() as connection:
        connection.execute(text("UPDATE workers SET seen_at = now() + make_interval(secs => :s)"), {"s": for_s})


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Processes that neither run nor end for a while."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
