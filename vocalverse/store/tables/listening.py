"""H-TPR: what listeners are asked to put in order, and how they did."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from vocalverse.records import Tier
from vocalverse.store.tables.base import Base, Key, Now, enum

_NOTHING = text("'{}'")


class HtprSession(Base):
    __tablename__ = "htpr_sessions"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(unique=True)
    judge: Mapped[str]  # whose scores made the tiers: a release, or a file of predictions
    seed: Mapped[int] = mapped_column(BigInteger)
    open: Mapped[bool]  # whoever has the address may listen; else those with a link of their own
    created_at: Mapped[Now]
    closed_at: Mapped[datetime | None]


class HtprTriple(Base):
    __tablename__ = "htpr_triples"

    id: Mapped[UUID] = mapped_column(primary_key=True)  # of no order: listeners see it
    session_id: Mapped[UUID] = mapped_column(ForeignKey("htpr_sessions.id", ondelete="CASCADE"), index=True)
    dimension: Mapped[str]


class HtprTake(Base):
    """One of three. A triple of which one is gone, because its recording was deleted, is asked and counted no more."""

    __tablename__ = "htpr_takes"
    __table_args__ = (
        UniqueConstraint("triple_id", "tier"),
        CheckConstraint("NOT spoiled OR tier = 'low'", name="spoiled"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)  # of no order: it names the sound
    triple_id: Mapped[UUID] = mapped_column(ForeignKey("htpr_triples.id", ondelete="CASCADE"))
    tier: Mapped[Tier] = mapped_column(enum(Tier, "tier"))
    score: Mapped[float]
    spoiled: Mapped[bool] = mapped_column(default=False)  # on purpose: whoever pays attention puts it last
    recording_id: Mapped[UUID | None] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), index=True)
    clip: Mapped[dict[str, Any]] = mapped_column(
        server_default=_NOTHING
    )  # the manifest's words, where it is no recording


class HtprListener(Base):
    __tablename__ = "htpr_listeners"
    __table_args__ = (UniqueConstraint("session_id", "name"),)

    id: Mapped[Key]
    session_id: Mapped[UUID] = mapped_column(ForeignKey("htpr_sessions.id", ondelete="CASCADE"))
    name: Mapped[str]  # a pseudonym
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[Now]


class HtprAnswer(Base):
    """Takes, the best first."""

    __tablename__ = "htpr_answers"

    listener_id: Mapped[UUID] = mapped_column(ForeignKey("htpr_listeners.id", ondelete="CASCADE"), primary_key=True)
    triple_id: Mapped[UUID] = mapped_column(ForeignKey("htpr_triples.id", ondelete="CASCADE"), primary_key=True)
    first_id: Mapped[UUID] = mapped_column(ForeignKey("htpr_takes.id", ondelete="CASCADE"), index=True)
    second_id: Mapped[UUID] = mapped_column(ForeignKey("htpr_takes.id", ondelete="CASCADE"), index=True)
    third_id: Mapped[UUID] = mapped_column(ForeignKey("htpr_takes.id", ondelete="CASCADE"), index=True)
    seconds: Mapped[float]  # from when the triple was shown
    answered_at: Mapped[Now]
