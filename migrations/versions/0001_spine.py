"""The spine: venues, recordings, tasks, results"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

task_state = postgresql.ENUM(
    "ready",
    "leased",
    "running",
    "done",
    "dead",
    "rejected",
    "expired",
    "cancelled",
    name="task_state",
    create_type=False,
)
worker_class = postgresql.ENUM("cpu", "gpu", name="worker_class", create_type=False)
lane = postgresql.ENUM("live", "bulk", name="lane", create_type=False)
upload_state = postgresql.ENUM("open", "complete", "deleted", name="upload_state", create_type=False)
outcome = postgresql.ENUM("scored", "unscored", "refused", name="outcome", create_type=False)
ENUMS = (task_state, worker_class, lane, upload_state, outcome)


def upgrade() -> None:
    for kind in ENUMS:
        kind.create(op.get_bind())
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_pkey")),
    )
    op.create_index(op.f("audit_venue_id_idx"), "audit", ["venue_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("from_state", task_state, nullable=True),
        sa.Column("to_state", task_state, nullable=False),
        sa.Column("fence", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("events_pkey")),
    )
    op.create_index("events_recording_id_id_idx", "events", ["recording_id", "id"], unique=False)
    op.create_table(
        "purges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("purges_pkey")),
    )
    op.create_index("purges_due_idx", "purges", ["due_at"], unique=False, postgresql_where=sa.text("done_at IS NULL"))
    op.create_index(op.f("purges_recording_id_idx"), "purges", ["recording_id"], unique=False)
    op.create_table(
        "releases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("active_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("manifest", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("releases_pkey")),
    )
    op.create_table(
        "task_transitions",
        sa.Column("from_state", task_state, nullable=False),
        sa.Column("to_state", task_state, nullable=False),
        sa.PrimaryKeyConstraint("from_state", "to_state", name=op.f("task_transitions_pkey")),
    )
    op.create_table(
        "venues",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'", name=op.f("venues_slug_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("venues_pkey")),
        sa.UniqueConstraint("slug", name=op.f("venues_slug_key")),
    )
    op.create_table(
        "workers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("worker_class", worker_class, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tasks_done", sa.BigInteger(), nullable=False),
        sa.Column("task_s", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("workers_pkey")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=True),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name=op.f("api_keys_venue_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
        sa.UniqueConstraint("prefix", name=op.f("api_keys_prefix_key")),
    )
    op.create_index(op.f("api_keys_venue_id_idx"), "api_keys", ["venue_id"], unique=False)
    op.create_table(
        "backlog",
        sa.Column("worker_class", worker_class, nullable=False),
        sa.Column("lane", lane, nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("ready", sa.BigInteger(), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name=op.f("backlog_venue_id_fkey")),
        sa.PrimaryKeyConstraint("worker_class", "lane", "venue_id", name=op.f("backlog_pkey")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "report_access",
        sa.Column("role_name", sa.Text(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venues.id"], name=op.f("report_access_venue_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role_name", "venue_id", name=op.f("report_access_pkey")),
    )
    op.create_table(
        "rooms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name=op.f("rooms_venue_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("rooms_pkey")),
        sa.UniqueConstraint("venue_id", "name", name=op.f("rooms_venue_id_name_key")),
    )
    op.create_table(
        "songs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("artist", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name=op.f("songs_venue_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("songs_pkey")),
        sa.UniqueConstraint("venue_id", "ref", name=op.f("songs_venue_id_ref_key"), postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "uploads",
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("state", upload_state, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("part_bytes", sa.Integer(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=True),
        sa.Column("recording", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("backing_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name=op.f("uploads_venue_id_fkey")),
        sa.PrimaryKeyConstraint("venue_id", "upload_id", name=op.f("uploads_pkey")),
        sa.UniqueConstraint("recording_id", name=op.f("uploads_recording_id_key")),
    )
    op.create_index(
        "uploads_open_idx",
        "uploads",
        ["venue_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "machines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agent_version", sa.Text(), nullable=True),
        sa.Column("backlog_count", sa.Integer(), nullable=True),
        sa.Column("backlog_bytes", sa.Float(precision=53), nullable=True),
        sa.Column("oldest_s", sa.Float(precision=53), nullable=True),
        sa.Column("disk_free_bytes", sa.Float(precision=53), nullable=True),
        sa.Column("clock_skew_s", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("machines_room_id_fkey")),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name=op.f("machines_venue_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("machines_pkey")),
        sa.UniqueConstraint("venue_id", "name", name=op.f("machines_venue_id_name_key")),
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("song_id", sa.Uuid(), nullable=True),
        sa.Column("singer", sa.Text(), nullable=True),
        sa.Column("key_shift", sa.SmallInteger(), nullable=False),
        sa.Column("consent_keep_audio", sa.Boolean(), nullable=False),
        sa.Column("consent_training", sa.Boolean(), nullable=False),
        sa.Column("consent_share", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("client_latency_ms", sa.Float(precision=53), nullable=True),
        sa.Column("microphone_model", sa.Text(), nullable=True),
        sa.Column("microphone_gain_db", sa.Float(precision=53), nullable=True),
        sa.Column("microphone_distance_cm", sa.Float(precision=53), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("backing_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("audio_deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("key_shift BETWEEN -12 AND 12", name=op.f("recordings_key_shift_check")),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("recordings_sha256_check")),
        sa.ForeignKeyConstraint(["machine_id"], ["machines.id"], name=op.f("recordings_machine_id_fkey")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("recordings_room_id_fkey")),
        sa.ForeignKeyConstraint(["song_id"], ["songs.id"], name=op.f("recordings_song_id_fkey")),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name=op.f("recordings_venue_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("recordings_pkey")),
    )
    op.create_index("recordings_song_id_venue_id_id_idx", "recordings", ["song_id", "venue_id", "id"], unique=False)
    op.create_index(
        "recordings_unkept_idx",
        "recordings",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("NOT consent_keep_audio AND audio_deleted_at IS NULL"),
    )
    op.create_index("recordings_venue_id_id_idx", "recordings", ["venue_id", "id"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("worker_class", worker_class, nullable=False),
        sa.Column("lane", lane, nullable=False),
        sa.Column("state", task_state, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("fraction", sa.Float(precision=53), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.CheckConstraint("fence IS NOT NULL OR state NOT IN ('leased', 'running')", name=op.f("tasks_fenced_check")),
        sa.CheckConstraint("attempts >= 0", name=op.f("tasks_attempts_check")),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("tasks_recording_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["release"], ["releases.name"], name=op.f("tasks_release_fkey")),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name=op.f("tasks_venue_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("tasks_pkey")),
        sa.UniqueConstraint("recording_id", "release", "purpose", name=op.f("tasks_recording_id_release_purpose_key")),
        postgresql_with={"fillfactor": "80", "autovacuum_vacuum_scale_factor": "0.02"},
    )
    op.create_index(
        "tasks_deadline_idx",
        "tasks",
        ["deadline_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('ready', 'leased') AND deadline_at IS NOT NULL"),
    )
    op.create_index(
        "tasks_failed_idx",
        "tasks",
        ["state", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('dead', 'rejected', 'expired')"),
    )
    op.create_index(
        "tasks_in_flight_idx",
        "tasks",
        ["worker_class", "lane", "venue_id", "lease_until"],
        unique=False,
        postgresql_where=sa.text("state IN ('leased', 'running')"),
    )
    op.create_index(
        "tasks_ready_idx",
        "tasks",
        ["worker_class", "lane", "venue_id", "not_before", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index("tasks_venue_id_id_idx", "tasks", ["venue_id", "id"], unique=False)
    op.create_table(
        "assessments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("outcome", outcome, nullable=False),
        sa.Column("remarks", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "stage_seconds", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("assessments_recording_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["release"], ["releases.name"], name=op.f("assessments_release_fkey")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("assessments_task_id_fkey"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name=op.f("assessments_venue_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("assessments_pkey")),
        sa.UniqueConstraint("task_id", name=op.f("assessments_task_id_key")),
    )
    op.create_index("assessments_recording_id_idx", "assessments", ["recording_id"], unique=False)
    op.create_index("assessments_venue_id_id_idx", "assessments", ["venue_id", "id"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("from_s", sa.Float(precision=53), nullable=True),
        sa.Column("to_s", sa.Float(precision=53), nullable=True),
        sa.Column("measure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("feedback_assessment_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("assessment_id", "language", "position", name=op.f("feedback_pkey")),
    )
    op.create_table(
        "findings",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("findings_assessment_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("assessment_id", "code", name=op.f("findings_pkey")),
    )
    op.create_table(
        "measures",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("duration_s", sa.Float(precision=53), nullable=False),
        sa.Column("sample_rate_hz", sa.Integer(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("loudness_lufs", sa.Float(precision=53), nullable=True),
        sa.Column("peak_dbfs", sa.Float(precision=53), nullable=True),
        sa.Column("clipped_share", sa.Float(precision=53), nullable=False),
        sa.Column("longest_clip_ms", sa.Float(precision=53), nullable=False),
        sa.Column("noise_floor_dbfs", sa.Float(precision=53), nullable=True),
        sa.Column("dc_offset", sa.Float(precision=53), nullable=False),
        sa.Column("dropout_count", sa.BigInteger(), nullable=False),
        sa.Column("dropout_s", sa.Float(precision=53), nullable=False),
        sa.Column("dead_channels", sa.Integer(), nullable=False),
        sa.Column("channel_correlation", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("measures_assessment_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("measures_pkey")),
    )
    op.create_table(
        "notes",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("onset_s", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("offset_s", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("pitch_midi", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("notes_assessment_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("notes_pkey")),
    )
    op.create_table(
        "scores",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.Column("low", sa.Float(precision=53), nullable=False),
        sa.Column("high", sa.Float(precision=53), nullable=False),
        sa.CheckConstraint("low <= value AND value <= high", name=op.f("scores_interval_check")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("scores_assessment_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("assessment_id", "dimension", name=op.f("scores_pkey")),
    )


def downgrade() -> None:
    op.drop_table("scores")
    op.drop_table("notes")
    op.drop_table("measures")
    op.drop_table("findings")
    op.drop_table("feedback")
    op.drop_index("assessments_venue_id_id_idx", table_name="assessments")
    op.drop_index("assessments_recording_id_idx", table_name="assessments")
    op.drop_table("assessments")
    op.drop_index(
        "recordings_unkept_idx",
        table_name="recordings",
        postgresql_where=sa.text("NOT consent_keep_audio AND audio_deleted_at IS NULL"),
    )
    op.drop_index("tasks_venue_id_id_idx", table_name="tasks")
    op.drop_index("tasks_ready_idx", table_name="tasks", postgresql_where=sa.text("state = 'ready'"))
    op.drop_index("tasks_in_flight_idx", table_name="tasks", postgresql_where=sa.text("state IN ('leased', 'running')"))
    op.drop_index(
        "tasks_failed_idx", table_name="tasks", postgresql_where=sa.text("state IN ('dead', 'rejected', 'expired')")
    )
    op.drop_index(
        "tasks_deadline_idx",
        table_name="tasks",
        postgresql_where=sa.text("state IN ('ready', 'leased') AND deadline_at IS NOT NULL"),
    )
    op.drop_table("tasks")
    op.drop_index("recordings_venue_id_id_idx", table_name="recordings")
    op.drop_index("recordings_song_id_venue_id_id_idx", table_name="recordings")
    op.drop_table("recordings")
    op.drop_table("machines")
    op.drop_index("uploads_open_idx", table_name="uploads", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("uploads")
    op.drop_table("songs")
    op.drop_table("rooms")
    op.drop_table("report_access")
    op.drop_table("backlog")
    op.drop_index(op.f("api_keys_venue_id_idx"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_table("workers")
    op.drop_table("venues")
    op.drop_table("task_transitions")
    op.drop_table("releases")
    op.drop_index(op.f("purges_recording_id_idx"), table_name="purges")
    op.drop_index("purges_due_idx", table_name="purges", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_table("purges")
    op.drop_index("events_recording_id_id_idx", table_name="events")
    op.drop_table("events")
    op.drop_index(op.f("audit_venue_id_idx"), table_name="audit")
    op.drop_table("audit")
    for kind in ENUMS:
        kind.drop(op.get_bind())
