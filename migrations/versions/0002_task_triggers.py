"""Tasks move only along legal transitions, and every move leaves an event, a count and a wake-up call"""

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# Kept as it was when this migration was written: `records.LEGAL_TRANSITIONS` may grow, by a migration of its own.
TRANSITIONS = (
    ("ready", "leased"),
    ("ready", "expired"),
    ("ready", "cancelled"),
    ("leased", "ready"),
    ("leased", "running"),
    ("leased", "expired"),
    ("leased", "cancelled"),
    ("running", "ready"),
    ("running", "done"),
    ("running", "dead"),
    ("running", "rejected"),
    ("running", "expired"),
    ("running", "cancelled"),
    ("dead", "ready"),
    ("rejected", "ready"),
    ("expired", "ready"),
)

GUARD = """
CREATE FUNCTION guard_task_state() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'ready' THEN
            RAISE EXCEPTION 'a task begins as ready, not as %', NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'task_transitions';
        END IF;
    ELSIF NOT EXISTS (
        SELECT 1 FROM task_transitions t WHERE t.from_state = OLD.state AND t.to_state = NEW.state
    ) THEN
        RAISE EXCEPTION 'task % may not go from % to %', NEW.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'task_transitions';
    END IF;
    RETURN NEW;
END $$
"""

# One function for insert, update and delete: what changed is gathered once, then written as events, counted into
# `backlog` and announced. A large statement is announced once, as '*', so that nobody drowns in notifications.
RECORD = """
CREATE FUNCTION record_task_moves() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    announced bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO events (task_id, recording_id, venue_id, to_state, fence, attempts, reason, actor)
        SELECT n.id, n.recording_id, n.venue_id, n.state, n.fence, n.attempts, n.reason,
               current_setting('application_name')
        FROM new_rows n;
        INSERT INTO backlog AS b (worker_class, lane, venue_id, ready)
        SELECT n.worker_class, n.lane, n.venue_id, count(*) FROM new_rows n
        GROUP BY 1, 2, 3 ORDER BY 3, 1, 2
        ON CONFLICT (worker_class, lane, venue_id) DO UPDATE SET ready = b.ready + excluded.ready;
        PERFORM pg_notify('vocalverse_tasks', '*');
        RETURN NULL;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO backlog AS b (worker_class, lane, venue_id, ready)
        SELECT o.worker_class, o.lane, o.venue_id, -count(*) FROM old_rows o WHERE o.state = 'ready'
        GROUP BY 1, 2, 3 ORDER BY 3, 1, 2
        ON CONFLICT (worker_class, lane, venue_id) DO UPDATE SET ready = b.ready + excluded.ready;
        RETURN NULL;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM new_rows n JOIN old_rows o USING (id) WHERE n.state <> o.state) THEN
        RETURN NULL;  -- a renewed lease or a stage's progress
    END IF;
    INSERT INTO events (task_id, recording_id, venue_id, from_state, to_state, fence, attempts, reason, actor)
    SELECT n.id, n.recording_id, n.venue_id, o.state, n.state, n.fence, n.attempts, n.reason,
           current_setting('application_name')
    FROM new_rows n JOIN old_rows o USING (id) WHERE n.state <> o.state;
    INSERT INTO backlog AS b (worker_class, lane, venue_id, ready)
    SELECT n.worker_class, n.lane, n.venue_id,
           count(*) FILTER (WHERE n.state = 'ready') - count(*) FILTER (WHERE o.state = 'ready')
    FROM new_rows n JOIN old_rows o USING (id)
    WHERE n.state <> o.state AND 'ready' IN (n.state, o.state)
    GROUP BY 1, 2, 3 ORDER BY 3, 1, 2
    ON CONFLICT (worker_class, lane, venue_id) DO UPDATE SET ready = b.ready + excluded.ready;
    SELECT count(*) INTO announced FROM new_rows n JOIN old_rows o USING (id)
    WHERE n.state <> o.state AND n.state NOT IN ('leased', 'running');
    IF announced > 20 THEN
        PERFORM pg_notify('vocalverse_tasks', '*');
    ELSIF announced > 0 THEN
        PERFORM pg_notify('vocalverse_tasks', n.recording_id::text) FROM new_rows n JOIN old_rows o USING (id)
        WHERE n.state <> o.state AND n.state NOT IN ('leased', 'running');
    END IF;
    RETURN NULL;
END $$
"""

TRIGGERS = (
    "CREATE TRIGGER guard_insert BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION guard_task_state()",
    "CREATE TRIGGER guard_update BEFORE UPDATE OF state ON tasks FOR EACH ROW"
    " WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION guard_task_state()",
    "CREATE TRIGGER record_insert AFTER INSERT ON tasks REFERENCING NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION record_task_moves()",
    "CREATE TRIGGER record_update AFTER UPDATE ON tasks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION record_task_moves()",
    "CREATE TRIGGER record_delete AFTER DELETE ON tasks REFERENCING OLD TABLE AS old_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION record_task_moves()",
)


def upgrade() -> None:
    for pair in TRANSITIONS:
        op.execute("INSERT INTO task_transitions VALUES ('{}', '{}')".format(*pair))
    op.execute(GUARD)
    op.execute(RECORD)
    for trigger in TRIGGERS:
        op.execute(trigger)
    # What judges while no release is active: it measures the recording and gives no score.
    op.execute(
        "INSERT INTO releases (name, active_since) VALUES ('none', now())"
        " ON CONFLICT (name) DO UPDATE SET active_since = coalesce(releases.active_since, now())"
    )
    # Tasks that came or went while there were no triggers are counted once.
    op.execute("UPDATE backlog SET ready = 0")
    op.execute(
        "INSERT INTO backlog (worker_class, lane, venue_id, ready)"
        " SELECT worker_class, lane, venue_id, count(*) FROM tasks WHERE state = 'ready' GROUP BY 1, 2, 3"
        " ON CONFLICT (worker_class, lane, venue_id) DO UPDATE SET ready = excluded.ready"
    )


def downgrade() -> None:
    for name in ("guard_insert", "guard_update", "record_insert", "record_update", "record_delete"):
        op.execute(f"DROP TRIGGER {name} ON tasks")
    op.execute("DROP FUNCTION record_task_moves()")
    op.execute("DROP FUNCTION guard_task_state()")
    op.execute("DELETE FROM task_transitions")
    op.execute("DELETE FROM releases WHERE name = 'none' AND NOT EXISTS (SELECT 1 FROM tasks WHERE release = 'none')")
