"""How songs go: melodies, lyrics and guide vocals"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KINDS = ("melody", "lyrics", "guide")


def upgrade() -> None:
    op.create_table(
        "song_references",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("song_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Enum(*KINDS, name="reference_kind"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("melody", postgresql.JSONB(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["song_id"], ["songs.id"], name=op.f("song_references_song_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("song_references_pkey")),
        sa.UniqueConstraint("song_id", "kind", name=op.f("song_references_song_id_kind_key")),
    )


def downgrade() -> None:
    op.drop_table("song_references")
    op.execute("DROP TYPE reference_kind")
