"""H-TPR: listening sessions, their triples, who listens, and in which order they put them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TIERS = ("high", "medium", "low")
TABLES = ("htpr_answers", "htpr_listeners", "htpr_takes", "htpr_triples", "htpr_sessions")


def upgrade() -> None:
    op.create_table(
        "htpr_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("judge", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        _now("created_at"),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("htpr_sessions_pkey")),
        sa.UniqueConstraint("name", name=op.f("htpr_sessions_name_key")),
    )
    op.create_table(
        "htpr_triples",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        _belongs("htpr_triples", "session_id", "htpr_sessions"),
        sa.PrimaryKeyConstraint("id", name=op.f("htpr_triples_pkey")),
    )
    op.create_index(op.f("htpr_triples_session_id_idx"), "htpr_triples", ["session_id"])
    op.create_table(
        "htpr_takes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("triple_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.Enum(*TIERS, name="tier"), nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("spoiled", sa.Boolean(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=True),
        sa.Column("clip", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("NOT spoiled OR tier = 'low'", name=op.f("htpr_takes_spoiled_check")),
        _belongs("htpr_takes", "triple_id", "htpr_triples"),
        _belongs("htpr_takes", "recording_id", "recordings"),
        sa.PrimaryKeyConstraint("id", name=op.f("htpr_takes_pkey")),
        sa.UniqueConstraint("triple_id", "tier", name=op.f("htpr_takes_triple_id_tier_key")),
    )
    op.create_index(op.f("htpr_takes_recording_id_idx"), "htpr_takes", ["recording_id"])
    op.create_table(
        "htpr_listeners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        _now("created_at"),
        _belongs("htpr_listeners", "session_id", "htpr_sessions"),
        sa.PrimaryKeyConstraint("id", name=op.f("htpr_listeners_pkey")),
        sa.UniqueConstraint("session_id", "name", name=op.f("htpr_listeners_session_id_name_key")),
        sa.UniqueConstraint("token_sha256", name=op.f("htpr_listeners_token_sha256_key")),
    )
    _answers()


def _answers() -> None:
    places = ("first_id", "second_id", "third_id")
    op.create_table(
        "htpr_answers",
        sa.Column("listener_id", sa.Uuid(), nullable=False),
        sa.Column("triple_id", sa.Uuid(), nullable=False),
        *(sa.Column(place, sa.Uuid(), nullable=False) for place in places),
        sa.Column("seconds", sa.Float(53), nullable=False),
        _now("answered_at"),
        _belongs("htpr_answers", "listener_id", "htpr_listeners"),
        _belongs("htpr_answers", "triple_id", "htpr_triples"),
        *(_belongs("htpr_answers", place, "htpr_takes") for place in places),
        sa.PrimaryKeyConstraint("listener_id", "triple_id", name=op.f("htpr_answers_pkey")),
    )
    for place in places:
        op.create_index(op.f(f"htpr_answers_{place}_idx"), "htpr_answers", [place])


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _belongs(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{owner}.id"], name=op.f(f"{table}_{column}_fkey"), ondelete="CASCADE")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute("DROP TYPE tier")
