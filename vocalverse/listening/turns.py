"""What comes next for a listener. Each hears triples and takes in an order of their own, the same after every reload."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from vocalverse.store.listeners import Asked


@dataclass(frozen=True)
class Turn:
    """`triple` is None once all is done."""

    done: int
    total: int
    triple: Asked | None
    after: Asked | None  # so that its sound can be fetched meanwhile


def next_turn(listener_id: UUID, asked: Sequence[Asked], answered: Collection[UUID]) -> Turn:
    """One dimension after the other, so that nobody has to change what they listen for each time."""
    open_ = [one for one in asked if one.id not in answered]
    open_.sort(key=lambda one: (_chance(listener_id, one.dimension), _chance(listener_id, str(one.id))))
    ahead = [_shuffled(listener_id, one) for one in open_[:2]]
    return Turn(
        done=len(asked) - len(open_),
        total=len(asked),
        triple=ahead[0] if ahead else None,
        after=ahead[1] if len(ahead) > 1 else None,
    )


def _shuffled(listener_id: UUID, triple: Asked) -> Asked:
    return Asked(
        triple.id, triple.dimension, tuple(sorted(triple.takes, key=lambda one: _chance(listener_id, str(one))))
    )


def _chance(listener_id: UUID, what: str) -> bytes:
    return hashlib.sha256(listener_id.bytes + what.encode()).digest()
