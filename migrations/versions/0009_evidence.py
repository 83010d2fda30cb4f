"""What scores rest on, and what the singer is told about them"""

from collections.abc import Sequence
from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ear = import_module("migrations.versions.0004_ear")
releases = import_module("migrations.versions.0007_releases")

OF_EVIDENCE = """(SELECT coalesce(jsonb_object_agg(told.dimension, told.pieces), '{}')
        FROM (SELECT e.dimension, jsonb_agg(jsonb_build_object(
                'name', e.name, 'value', e.value, 'unit', e.unit, 'worth', e.worth, 'effect', e.effect,
                'from_s', e.from_s, 'to_s', e.to_s, 'value_there', e.value_there
              ) ORDER BY e.effect DESC, e.name) AS pieces
              FROM evidence e WHERE e.assessment_id = a.id GROUP BY e.dimension) told)
                           AS evidence"""
OF_WORDS = """(SELECT coalesce(jsonb_object_agg(w.about, w.text), '{{}}')
        FROM feedback w WHERE w.assessment_id = a.id AND w.language = '{language}')
                           AS words_{language}"""
COLUMNS = [OF_EVIDENCE, *(OF_WORDS.format(language=language) for language in ("en", "zh")), releases.BEFORE]
VIEW = releases.VIEW.replace(releases.BEFORE, ",\n       ".join(COLUMNS))
WORDS = {
    **releases.WORDS,
    "report_recordings.evidence": "By dimension, and for overall: what the score rests on, what raised it most first. "
    "Name, value and unit; worth, what it alone would say; effect, by how much it raised the score or lowered it; where "
    "in the recording it shows most plainly, and the value there.",
    "report_recordings.words_en": "What the singer is told in English: a sentence by dimension, and for overall.",
    "report_recordings.words_zh": "The same in Chinese.",
}

REAL = sa.Float(precision=53)


def upgrade() -> None:
    # No release has written feedback so far: there is nothing in it to keep.
    op.drop_table("feedback")
    _table_of_assessments(
        "feedback",
        ("about", "language"),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("about", "language", "text")),
    )
    _table_of_assessments(
        "evidence",
        ("dimension", "name"),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("dimension", "name", "unit")),
        *(sa.Column(name, REAL, nullable=False) for name in ("value", "worth", "effect")),
        *(sa.Column(name, REAL, nullable=True) for name in ("from_s", "to_s", "value_there")),
    )
    ear.show(VIEW, WORDS)


def downgrade() -> None:
    ear.show(releases.VIEW, releases.WORDS)
    op.drop_table("evidence")
    op.drop_table("feedback")
    _table_of_assessments(
        "feedback",
        ("language", "position"),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("from_s", REAL, nullable=True),
        sa.Column("to_s", REAL, nullable=True),
        sa.Column("measure", sa.Text(), nullable=True),
    )


def _table_of_assessments(name: str, key: tuple[str, ...], *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f(f"{name}_assessment_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("assessment_id", *key, name=op.f(f"{name}_pkey")),
    )
