"""What releases say: dimensions as marks, an overall mark, who has which release, and texts to judge by"""

from collections.abc import Sequence
from importlib import import_module

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ear = import_module("migrations.versions.0004_ear")
sung = import_module("migrations.versions.0006_sung")

MARKS = ("mark", "mark_low", "mark_high")
OVERALL = ("overall", "overall_low", "overall_high", "overall_mark", "overall_mark_low", "overall_mark_high")

DIMENSIONS = {
    "breath": "Breath control on the scale of the release; empty where it says nothing of it. See dimensions.",
    "technique": "Vocal technique, likewise.",
    "timbre": "Timbre quality, likewise.",
    "emotion": "Emotional expression, likewise.",
}
TOLD = {
    "overall": "The overall score as the release composes it, on its scale.",
    "overall_low": "It lies between this ...",
    "overall_high": "... and this.",
    "overall_mark": "The same from 0 to 100.",
    "overall_mark_low": "It lies between this ...",
    "overall_mark_high": "... and this.",
}
OF_DIMENSIONS = """(SELECT coalesce(jsonb_object_agg(s.dimension, jsonb_build_object(
            'value', s.value, 'low', s.low, 'high', s.high,
            'mark', s.mark, 'mark_low', s.mark_low, 'mark_high', s.mark_high)), '{}')
        FROM scores s WHERE s.assessment_id = a.id)
                           AS dimensions"""
BEFORE = "m.duration_s,"
COLUMNS = [
    *(f"a.{name}" for name in OVERALL),
    *(
        f"(SELECT s.value FROM scores s WHERE s.assessment_id = a.id AND s.dimension = '{name}') AS {name}"
        for name in DIMENSIONS
    ),
    OF_DIMENSIONS,
    BEFORE,
]
VIEW = sung.VIEW.replace(BEFORE, ",\n       ".join(COLUMNS))
WORDS = {
    **sung.WORDS,
    "report_recordings.release": "What judged it; none measures and gives no score.",
    **{f"report_recordings.{name}": words for name, words in {**TOLD, **DIMENSIONS}.items()},
    "report_recordings.dimensions": "Every dimension of the release: value, low, high; mark, mark_low, mark_high.",
}


def upgrade() -> None:
    for name in MARKS:
        op.add_column("scores", sa.Column(name, sa.Float(precision=53), nullable=True))
    for name in OVERALL:
        op.add_column("assessments", sa.Column(name, sa.Float(precision=53), nullable=True))
    kind = postgresql.ENUM("cpu", "gpu", name="worker_class", create_type=False)
    op.add_column("releases", sa.Column("worker_class", kind, server_default=sa.text("'cpu'"), nullable=False))
    held = sa.Column("releases", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    op.add_column("workers", held)
    refused = sa.Column("refused", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
    op.add_column("workers", refused)
    for table, name in (("recordings", "lyrics"), ("recordings", "description"), ("songs", "description")):
        op.add_column(table, sa.Column(name, sa.Text(), nullable=True))
    ear.show(VIEW, WORDS)


def downgrade() -> None:
    ear.show(sung.VIEW, sung.WORDS)
    for table, name in (("songs", "description"), ("recordings", "description"), ("recordings", "lyrics")):
        op.drop_column(table, name)
    for name in ("refused", "releases"):
        op.drop_column("workers", name)
    op.drop_column("releases", "worker_class")
    for name in reversed(OVERALL):
        op.drop_column("assessments", name)
    for name in reversed(MARKS):
        op.drop_column("scores", name)
