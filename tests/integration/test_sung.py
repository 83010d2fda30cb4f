"""How a take was sung, from a worker's hands to those who ask in SQL and over the wire."""

from dataclasses import asdict, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, insert, text

from tests.seeding import add_tasks, add_venue
from tests.unit.test_prescreen_evidence import RECORDING
from tests.unit.test_take import SONG, measured, sung
from vocalverse.errors import RulesBroken
from vocalverse.ids import uuid7
from vocalverse.measure.marks import Score
from vocalverse.measure.reference.stored import to_json
from vocalverse.measure.row import as_sung
from vocalverse.measure.take import Measured
from vocalverse.measure.told import as_json
from vocalverse.prescreen.rules import BUNDLED
from vocalverse.queue import lease
from vocalverse.queue.lease import Lease, LeaseOptions
from vocalverse.records import Assessment, Finding, Outcome, Reason, ReferenceKind, Verdict, WorkerClass
from vocalverse.release.shelf import ReleaseShelf
from vocalverse.settings import Settings
from vocalverse.store import tables
from vocalverse.store.blobs import AUDIO, LocalBlobs, digest_of
from vocalverse.store.recordings import delete_recording
from vocalverse.store.results import Found, NotMeasured, find_measured, find_result
from vocalverse.store.song_references import keep_reference, references
from vocalverse.store.songs import add_song
from vocalverse.store.venues import ensure_machine, ensure_room
from vocalverse.sung import Figures
from workers.pulse import Pulse
from workers.releases import Holdings
from workers.workplace import Workplace

LEASES = LeaseOptions(run_lease_s=30, max_starts=3, retry_backoff_s=10)


@pytest.fixture(scope="module")
def clean() -> Measured:
    return measured(sung())


def begun(owner: Engine, engine: Engine, *, song_id: UUID | None = None) -> Lease:
    """A recording that a worker has in hand."""
    with owner.begin() as connection:
        task_id = add_tasks(connection, add_venue(connection), 1)[0]
        fence = uuid7()
        connection.execute(
            text("UPDATE tasks SET state = 'leased', fence = :fence WHERE id = :id"), {"id": task_id, "fence": fence}
        )
        connection.execute(text("UPDATE recordings SET song_id = :song"), {"song": song_id})
    return lease.start(engine, task_id, fence, worker="w", options=LEASES)


def low(take: Measured) -> Assessment:
    return Assessment(
        Outcome.UNSCORED,
        findings=(Finding(Reason.OFF_PITCH, {"pitch.high": 31.5, "pitch.high.below": 35.0}),),
        measures=RECORDING,
        verdict=Verdict.LOW,
        sung=as_sung(take, pitch=Score(24.0, 18.5, 31.5)),
    )


def test_what_was_measured_is_read_back(owner: Engine, engine: Engine, clean: Measured) -> None:
    held = begun(owner, engine)
    held.finish(low(clean))
    with owner.connect() as connection:
        result = find_result(connection, held.task_id)
        told = find_measured(connection, held.task_id)
    assert result
    assert (result.outcome, result.verdict) == (Outcome.UNSCORED, Verdict.LOW)
    assert result.reasons == (Found("off_pitch", {"pitch.high": 31.5, "pitch.high.below": 35.0}),)
    assert result.pitch
    assert asdict(result.pitch) == {"value": 24.0, "low": 18.5, "high": 31.5}
    assert result.rhythm is None
    assert result.measures
    assert result.measures["duration_s"] == RECORDING.duration_s
    assert result.measures["vibrato_rate_hz"] == clean.vibrato.rate_hz
    assert result.measures["tendency"] == "steady"
    whole = as_json(clean)
    assert set(told) == set(whole)
    assert {name: value for name, value in told.items() if name != "notes"} == {
        name: value for name, value in whole.items() if name != "notes"
    }
    for kept, note in zip(told["notes"], whole["notes"], strict=True):
        assert kept == pytest.approx(note, abs=1e-3)


def test_sql_reads_figures_notes_and_phrases(owner: Engine, engine: Engine, clean: Measured) -> None:
    held = begun(owner, engine)
    held.finish(low(clean))
    with owner.connect() as connection:
        row = connection.execute(text("SELECT * FROM report_recordings")).mappings().one()
        worst = connection.execute(
            text(
                "SELECT sung.line, round(mark::numeric, 2) FROM phrases,"
                " unnest(line, pitch_mark) AS sung(line, mark) ORDER BY mark LIMIT 1"
            )
        ).one()
    assert (row["prescreen"], row["reasons"], row["pitch_score"], row["lines_sung"]) == ("low", ["off_pitch"], 24.0, 6)
    assert {field.name for field in fields(Figures)} <= set(row)
    assert worst[0] in range(6)
    assert worst[1] > 0.9


def test_every_column_of_the_views_is_explained(owner: Engine) -> None:
    """Of those that came with this."""
    with owner.connect() as connection:
        explained = set(
            connection.scalars(
                text(
                    "SELECT attname FROM pg_attribute WHERE attrelid = 'report_recordings'::regclass"
                    " AND col_description(attrelid, attnum) IS NOT NULL"
                )
            )
        )
    assert {field.name for field in fields(Figures)} | {"prescreen"} <= explained


def test_a_second_judging_after_a_lost_worker_leaves_one_row(owner: Engine, engine: Engine, clean: Measured) -> None:
    held = begun(owner, engine)
    held.finish(low(clean))
    with pytest.raises(lease.LeaseLost):
        held.finish(low(clean))
    assert counts(owner) == dict.fromkeys(KEPT, 1)


def test_without_a_song_lines_and_marks_are_null(owner: Engine, engine: Engine) -> None:
    held = begun(owner, engine)
    held.finish(low(measured(sung(), None)))
    with owner.connect() as connection:
        row = connection.execute(text("SELECT line, pitch_mark, start_s, level_db FROM phrases")).one()
        assert connection.scalar(text("SELECT lines_sung FROM report_recordings")) is None
    assert set(row.line) == set(row.pitch_mark) == {None}
    assert len(row.line) == len(row.start_s) > 3
    assert all(level < 0 for level in row.level_db)


def test_with_its_recording_all_that_was_measured_goes(owner: Engine, engine: Engine, clean: Measured) -> None:
    held = begun(owner, engine)
    held.finish(low(clean))
    with owner.begin() as connection:
        delete_recording(connection, held.recording_id, venue_id=held.venue_id, actor="test", last_lease_s=1.0)
    assert counts(owner) == dict.fromkeys(KEPT, 0)


def test_what_was_refused_before_it_was_measured_says_so(owner: Engine, engine: Engine) -> None:
    held = begun(owner, engine)
    held.finish(Assessment(Outcome.REFUSED, (Finding(Reason.TOO_SHORT, {"duration_s": 1.0}),), measures=RECORDING))
    with owner.connect() as connection:
        result = find_result(connection, held.task_id)
        with pytest.raises(NotMeasured):
            find_measured(connection, held.task_id)
    assert result
    assert (result.verdict, result.pitch) == (None, None)


def test_a_reason_that_only_a_later_version_knows_is_shown(owner: Engine, engine: Engine) -> None:
    held = begun(owner, engine)
    held.finish(Assessment(Outcome.REFUSED))
    with owner.begin() as connection:
        connection.execute(text("INSERT INTO findings SELECT id, 'sung_by_a_parrot', '{}' FROM assessments"))
        result = find_result(connection, held.task_id)
    assert result
    assert result.reasons == (Found("sung_by_a_parrot", {}),)


# As the release before wrote them, word for word.
_BEFORE = (
    "INSERT INTO assessments (id, task_id, recording_id, venue_id, release, outcome, remarks, stage_seconds)"
    " VALUES (:assessment, :task, :recording, :venue, 'none', 'unscored', '{}', '{\"decode\": 0.1}')",
    "INSERT INTO findings (assessment_id, code, evidence) VALUES (:assessment, 'no_release', '{}')",
    "INSERT INTO measures (assessment_id, duration_s, sample_rate_hz, channels, codec, loudness_lufs, peak_dbfs,"
    " clipped_share, longest_clip_ms, noise_floor_dbfs, dc_offset, dropout_count, dropout_s, dead_channels,"
    " channel_correlation, voice_share, voice_to_backing_db, reverberation_t60_s, direct_to_reverberant_db,"
    " backing_delay_s, backing_drift_ppm, backing_coherence, bleed_db) VALUES (:assessment, 60, 44100, 2, 'flac', -20,"
    " -1, 0, 0, -60, 0, 0, 0, 0, 1, 0.5, 3, 0.4, 6, NULL, NULL, NULL, NULL)",
)


def test_workers_of_the_release_before_go_on_writing(owner: Engine, engine: Engine) -> None:
    held = begun(owner, engine)
    ids = {"assessment": uuid7(), "task": held.task_id, "recording": held.recording_id, "venue": held.venue_id}
    with engine.begin() as connection:
        for statement in _BEFORE:
            connection.execute(text(statement), ids)
    with owner.connect() as connection:
        result = find_result(connection, held.task_id)
        assert connection.scalar(text("SELECT pitch_score FROM report_recordings")) is None
    assert result
    assert (result.verdict, result.pitch) == (None, None)
    assert result.measures
    assert result.measures["voice_share"] == 0.5


KEPT = ("assessments", "measures", "notes", "phrases", "measured")


def counts(owner: Engine) -> dict[str, int]:
    with owner.connect() as connection:
        return {table: connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in KEPT}


# --- the song ---------------------------------------------------------------------------------------------------


def test_a_worker_is_handed_how_the_song_goes(owner: Engine, engine: Engine, tmp_path: Path) -> None:
    with owner.begin() as connection:
        song_id = add_song(connection, venue_id=None, ref="x")
        for kind in (ReferenceKind.MELODY, ReferenceKind.LYRICS):
            keep_reference(
                connection, song_id=song_id, kind=kind, source="ultrastar", melody=to_json(SONG), sha256=bytes(32)
            )
    held = begun(owner, engine, song_id=song_id)
    blobs = LocalBlobs(tmp_path / "blobs")
    sound = tmp_path / "sound"
    sound.write_bytes(b"sound")
    blobs.put(held.venue_id, held.recording_id, AUDIO, [sound], sha256=digest_of([sound]))
    with workplace(engine, blobs).take(held) as take:
        assert take.references == dict.fromkeys((ReferenceKind.MELODY, ReferenceKind.LYRICS), to_json(SONG))


def test_a_venues_song_goes_as_everybodys_where_nothing_else_is_said(owner: Engine) -> None:
    own, shared = to_json(SONG), to_json(replace(SONG, title="everybody's"))
    with owner.begin() as connection:
        mine = add_song(connection, venue_id=add_venue(connection), ref="x")
        others = add_song(connection, venue_id=add_venue(connection), ref="x")
        everybodys = add_song(connection, venue_id=None, ref="x")
        for song_id, kind, melody in (
            (everybodys, ReferenceKind.MELODY, shared),
            (everybodys, ReferenceKind.LYRICS, shared),
            (mine, ReferenceKind.MELODY, own),
            (others, ReferenceKind.GUIDE, own),
        ):
            keep_reference(connection, song_id=song_id, kind=kind, source="lrc", melody=melody, sha256=bytes(32))
        assert references(connection, mine) == {ReferenceKind.MELODY: own, ReferenceKind.LYRICS: shared}
        assert references(connection, everybodys) == {ReferenceKind.MELODY: shared, ReferenceKind.LYRICS: shared}


def workplace(engine: Engine, blobs: LocalBlobs) -> Workplace:
    def judge(*_: object) -> Assessment:
        raise AssertionError("nothing is judged here")

    return Workplace(
        name="w",
        worker_class=WorkerClass.CPU,
        settings=Settings(),
        assessor=judge,
        engine=engine,
        blobs=blobs,
        pulse=Pulse(None),
        holdings=Holdings(ReleaseShelf(Path("/nowhere")), Path("/nowhere")),
    )


def test_with_broken_rules_no_worker_begins(database: Any, valkey: Any, tmp_path: Path) -> None:
    """Said in one sentence, before there are workers that end and are started again for ever."""
    rules = tmp_path / "rules.toml"
    settings = Settings(worker_database_url=database.worker, worker_redis_url=valkey.worker, rules=str(rules))
    with pytest.raises(RulesBroken, match="cannot be read"):
        Workplace.check(settings)
    rules.write_bytes(BUNDLED.read_bytes())
    Workplace.check(settings)


# --- microphones ------------------------------------------------------------------------------------------------

NOISY = {"rest_noise_dbfs": -40.0, "snr_db": 20.0, "howl_s": 0.0, "hum_hz": 50, "backing_delay_s": 0.21}
QUIET = {"rest_noise_dbfs": -60.0, "snr_db": 40.0, "howl_s": 0.0, "hum_hz": None, "backing_delay_s": 0.2}


def record(connection: Connection, venue_id: UUID, machine: str, count: int, *, days_ago: float, **told: Any) -> None:
    """As many takes at that machine, all alike."""
    room_id = ensure_room(connection, venue_id=venue_id, name="Blue")
    machine_id = ensure_machine(connection, venue_id=venue_id, name=machine, room_id=room_id)
    figures = {**asdict(RECORDING), **told}
    for task_id in add_tasks(connection, venue_id, count):
        recording_id = connection.scalar(text("SELECT recording_id FROM tasks WHERE id = :id"), {"id": task_id})
        connection.execute(
            text(
                "UPDATE recordings SET room_id = :room, machine_id = :machine, received_at = now() - :ago WHERE id = :id"
            ),
            {"room": room_id, "machine": machine_id, "ago": timedelta(days=days_ago), "id": recording_id},
        )
        of = {"assessment_id": uuid7()}
        connection.execute(
            insert(tables.Assessment).values(
                id=of["assessment_id"],
                task_id=task_id,
                recording_id=recording_id,
                venue_id=venue_id,
                release="none",
                outcome=Outcome.UNSCORED,
            )
        )
        connection.execute(insert(tables.Measures).values(**of, **figures))


def microphones(owner: Engine) -> dict[str, Any]:
    with owner.connect() as connection:
        rows = connection.execute(text("SELECT * FROM report_microphones")).mappings()
        return {row["machine"]: row for row in rows}


def test_a_microphone_is_held_against_its_own_past(owner: Engine) -> None:
    with owner.begin() as connection:
        venue_id = add_venue(connection)
        record(connection, venue_id, "went bad", 20, days_ago=30, **QUIET)
        record(connection, venue_id, "went bad", 5, days_ago=1, **NOISY)
        record(connection, venue_id, "always so", 20, days_ago=30, **NOISY)
        record(connection, venue_id, "always so", 5, days_ago=1, **NOISY)
        record(connection, venue_id, "new", 5, days_ago=1, **NOISY)
    found = microphones(owner)
    bad = found["went bad"]
    assert (bad["takes"], bad["takes_before"], bad["room"]) == (5, 20, "Blue")
    assert (bad["noise_dbfs"], bad["noise_dbfs_before"]) == (-40, -60)
    assert (bad["hum_share"], bad["hum_share_before"]) == (1, 0)
    assert bad["worse"] == ["noise_dbfs", "snr_db", "hum_share"]
    assert found["always so"]["worse"] == []
    assert found["new"]["worse"] is None


def test_what_was_not_listened_for_is_no_past(owner: Engine) -> None:
    """Before this release nothing told of hum and howl."""
    unknown = dict.fromkeys(NOISY)
    with owner.begin() as connection:
        venue_id = add_venue(connection)
        record(connection, venue_id, "m", 20, days_ago=30, **unknown)
        record(connection, venue_id, "m", 5, days_ago=1, **NOISY)
    row = microphones(owner)["m"]
    assert (row["hum_share"], row["hum_share_before"], row["noise_dbfs_before"]) == (1, None, None)
    assert row["worse"] == []
