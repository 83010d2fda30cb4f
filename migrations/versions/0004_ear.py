"""Backings that are known for a song, and what the ear finds: voice, room, latency, bleed"""

from collections.abc import Sequence
from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

report_view = import_module("migrations.versions.0003_report_view")

FOUND = (
    "voice_share",
    "voice_to_backing_db",
    "reverberation_t60_s",
    "direct_to_reverberant_db",
    "backing_delay_s",
    "backing_drift_ppm",
    "backing_coherence",
    "bleed_db",
)
REPORTED = {
    "voice_share": "Share of the time in which somebody sings, 0 to 1.",
    "voice_to_backing_db": "Level of the voice against all the rest, while there is a voice.",
    "reverberation_t60_s": "Reverberation time of the room in seconds; empty where it cannot be known.",
    "direct_to_reverberant_db": "Level of the voice itself against its reverberation.",
    "backing_delay_s": "Latency of the room: how late a known backing is heard in the recording, in seconds.",
    "bleed_db": "Level of a known backing in the recording against all the rest.",
}
LAST = "m.clipped_share"
WIDER = report_view.VIEW.replace(LAST, ",\n       ".join([LAST, *(f"m.{name}" for name in REPORTED)]))
WORDS = {**report_view.WORDS, **{f"report_recordings.{name}": words for name, words in REPORTED.items()}}


def upgrade() -> None:
    op.create_table(
        "song_backings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("song_id", sa.Uuid(), nullable=False),
        sa.Column("key_shift", sa.SmallInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("key_shift BETWEEN -12 AND 12", name=op.f("song_backings_key_shift_check")),
        sa.ForeignKeyConstraint(["song_id"], ["songs.id"], name=op.f("song_backings_song_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("song_backings_pkey")),
        sa.UniqueConstraint("song_id", "key_shift", name=op.f("song_backings_song_id_key_shift_key")),
    )
    for name in FOUND:
        op.add_column("measures", sa.Column(name, sa.Float(precision=53), nullable=True))
    show(WIDER, WORDS)


def downgrade() -> None:
    show(report_view.VIEW, report_view.WORDS)
    for name in reversed(FOUND):
        op.drop_column("measures", name)
    op.drop_table("song_backings")


def show(view: str, words: dict[str, str]) -> None:
    op.execute("DROP VIEW report_recordings")
    op.execute(view)
    say(words)


def say(words: dict[str, str]) -> None:
    for name, said in words.items():
        kind = "COLUMN" if "." in name else "VIEW"
        op.execute(f"COMMENT ON {kind} {name} IS '{said}'")
