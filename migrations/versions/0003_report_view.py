"""People who report in SQL read one row per recording, with outcome, scores and reasons"""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# `security_invoker`: the view shows each reader no more than the tables would.
VIEW = """
CREATE VIEW report_recordings WITH (security_invoker = true) AS
SELECT r.id                AS recording_id,
       v.slug              AS venue,
       rooms.name          AS room,
       machines.name       AS machine,
       songs.ref           AS song,
       songs.title         AS song_title,
       songs.artist        AS song_artist,
       r.key_shift,
       r.received_at,
       t.release,
       t.purpose,
       t.lane,
       t.state,
       t.attempts,
       t.reason            AS failure,
       t.started_at,
       t.finished_at,
       a.outcome,
       (SELECT coalesce(array_agg(f.code ORDER BY f.code), '{}') FROM findings f WHERE f.assessment_id = a.id)
                           AS reasons,
       (SELECT coalesce(jsonb_object_agg(s.dimension, round(s.value::numeric, 3)), '{}')
        FROM scores s WHERE s.assessment_id = a.id)
                           AS scores,
       m.duration_s,
       m.loudness_lufs,
       m.noise_floor_dbfs,
       m.clipped_share
FROM recordings r
JOIN venues v ON v.id = r.venue_id
LEFT JOIN tasks t ON t.recording_id = r.id
LEFT JOIN assessments a ON a.task_id = t.id
LEFT JOIN measures m ON m.assessment_id = a.id
LEFT JOIN rooms ON rooms.id = r.room_id
LEFT JOIN machines ON machines.id = r.machine_id
LEFT JOIN songs ON songs.id = r.song_id
"""

WORDS = {
    "report_recordings": "One row per recording and judging. Readable by reporting logins for their venues only.",
    "report_recordings.state": "ready, leased, running: under way. done: see outcome. Others: see failure.",
    "report_recordings.outcome": "scored; unscored (heard, but no release gave a score); refused (see reasons)",
    "report_recordings.reasons": "Codes of why there is no score; their figures are in the table findings.",
    "report_recordings.scores": "Dimension to value; the intervals are in the table scores.",
    "report_recordings.failure": "Code of why the last try failed, where one did.",
}


def upgrade() -> None:
    op.execute(VIEW)
    for name, words in WORDS.items():
        kind = "COLUMN" if "." in name else "VIEW"
        op.execute(f"COMMENT ON {kind} {name} IS '{words}'")


def downgrade() -> None:
    op.execute("DROP VIEW report_recordings")
