"""Results over the wire: looked at, waited for, listed, cancelled and deleted."""

import json
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from sqlalchemy import create_engine, insert, text

from tests.gateway_house import Gateway, Venue, upload_id
from tests.patience import allowed_s
from tests.seeding import add_tasks, add_worker
from vocalverse.ids import uuid7
from vocalverse.store import tables
from vocalverse.store.blobs import LocalBlobs
from vocalverse.store.scrub import purge_due

DOCUMENT = zlib.compress(json.dumps({"version": 1, "voiced_s": 0.3, "ring": {"spr_db": None}}).encode())

IN_TUNE = {"name": "notes_off", "value": 14.0, "unit": "cents", "worth": 4.5, "effect": 0.75} | {
    "from_s": 1.5,
    "to_s": 2.25,
    "value_there": None,
}


def move(gateway: Gateway, recording_id: UUID, *states: str) -> None:
    with gateway.connect() as connection:
        for state in states:
            connection.execute(
                text(
                    "UPDATE tasks SET state = CAST(:s AS task_state), fence = gen_random_uuid()"
                    " WHERE recording_id = :id"
                ),
                {"s": state, "id": recording_id},
            )


def judge(gateway: Gateway, recording_id: UUID) -> None:
    """As a worker finishes: the result and the state in one transaction."""
    move(gateway, recording_id, "leased", "running")
    with gateway.connect() as connection:
        task = connection.execute(text("SELECT * FROM tasks WHERE recording_id = :id"), {"id": recording_id}).one()
        assessment = uuid7()
        connection.execute(
            insert(tables.Assessment).values(
                id=assessment,
                task_id=task.id,
                recording_id=recording_id,
                venue_id=task.venue_id,
                release="none",
                outcome="refused",
                prescreen="refuse",
                remarks=["dropouts"],
                stage_seconds={},
            )
        )
        connection.execute(
            insert(tables.Finding).values(assessment_id=assessment, code="too_short", evidence={"duration_s": 0.4})
        )
        connection.execute(
            insert(tables.Score).values(assessment_id=assessment, dimension="pitch", value=3.0, low=2.5, high=3.5)
        )
        connection.execute(insert(tables.Evidence).values(assessment_id=assessment, dimension="pitch", **IN_TUNE))
        connection.execute(
            insert(tables.Feedback).values(assessment_id=assessment, about="pitch", language="zh", text="音准很好。")
        )
        connection.execute(
            insert(tables.Measures).values(
                assessment_id=assessment,
                duration_s=0.4,
                sample_rate_hz=44100,
                channels=1,
                codec="flac",
                clipped_share=0.0,
                longest_clip_ms=0.0,
                dc_offset=0.0,
                dropout_count=0,
                dropout_s=0.0,
                dead_channels=0,
                pitch_score=61.0,
                pitch_low=50.5,
                pitch_high=70.0,
                vibrato_rate_hz=5.5,
            )
        )
        connection.execute(
            insert(tables.Notes).values(
                assessment_id=assessment,
                onset_s=[0.1],
                offset_s=[0.3],
                pitch_midi=[60.25],
                cents_spread=[12.5],
                level_db=[-20],
            )
        )
        connection.execute(insert(tables.Measured).values(assessment_id=assessment, document=DOCUMENT))
        connection.execute(
            text("UPDATE tasks SET state = 'done', finished_at = now() WHERE recording_id = :id"), {"id": recording_id}
        )


def test_a_waiting_recording_says_its_place_and_about_how_long(gateway: Gateway, venue: Venue):
    first, second = venue.take_in(recording={"song": "x"}), venue.take_in()
    shown = venue.http.get(f"/v1/recordings/{second}").json()
    assert (shown["state"], shown["position"], shown["lane"], shown["attempts"]) == ("ready", 1, "bulk", 0)
    assert shown["estimate_s"] > 0
    assert shown["assessment"] is None
    assert venue.http.get(f"/v1/recordings/{first}").json()["position"] == 0
    move(gateway, first, "leased", "running")
    with gateway.connect() as connection:
        connection.execute(
            text("UPDATE tasks SET stage = 'decode', fraction = 0.5 WHERE recording_id = :id"), {"id": first}
        )
    running = venue.http.get(f"/v1/recordings/{first}").json()
    assert (running["state"], running["stage"], running["fraction"], running["song"]) == ("running", "decode", 0.5, "x")


def test_a_result_is_shown_with_reasons_scores_and_measures(gateway: Gateway, venue: Venue):
    recording_id = venue.take_in()
    judge(gateway, recording_id)
    shown = venue.http.get(f"/v1/recordings/{recording_id}").json()
    assert (shown["state"], shown["position"], shown["estimate_s"], shown["outcome"]) == ("done", None, None, "refused")
    found = shown["assessment"]
    assert found["reasons"] == [{"code": "too_short", "evidence": {"duration_s": 0.4}}]
    pitch = {"value": 3.0, "low": 2.5, "high": 3.5, "mark": None, "mark_low": None, "mark_high": None}
    assert (found["dimensions"], found["overall"]) == ({"pitch": pitch}, None)
    assert (found["evidence"], found["words"]) == ({"pitch": [IN_TUNE]}, {"zh": {"pitch": "音准很好。"}})
    assert (found["measures"]["codec"], found["measures"]["loudness_lufs"]) == ("flac", None)
    assert (found["remarks"], found["release"]) == (["dropouts"], "none")
    assert (found["verdict"], found["pitch"], found["rhythm"]) == (
        "refuse",
        {"value": 61.0, "low": 50.5, "high": 70.0},
        None,
    )
    assert found["measures"]["vibrato_rate_hz"] == 5.5
    assert "pitch_score" not in found["measures"]


def test_all_that_was_measured_can_be_had_with_its_notes(gateway: Gateway, venue: Venue):
    recording_id = venue.take_in()
    path = f"/v1/recordings/{recording_id}/measured"
    early = venue.http.get(path)
    assert (early.status_code, early.json()["code"]) == (404, "not_measured")
    judge(gateway, recording_id)
    assert venue.http.get(path).json() == {
        "version": 1,
        "voiced_s": 0.3,
        "ring": {"spr_db": None},
        "notes": [{"start_s": 0.1, "end_s": 0.3, "midi": 60.25, "cents_spread": 12.5, "level_db": -20}],
    }
    other = gateway.venue()
    assert other.http.get(path).status_code == 404


def test_a_long_poll_answers_when_the_task_ends(gateway: Gateway, venue: Venue):
    recording_id = venue.take_in()
    with ThreadPoolExecutor() as pool:
        poll = pool.submit(venue.http.get, f"/v1/recordings/{recording_id}?wait=20")
        time.sleep(0.7)
        assert not poll.done()
        judge(gateway, recording_id)
        ended = time.monotonic()
        assert poll.result().json()["state"] == "done"
        assert time.monotonic() - ended < allowed_s(1.0)


def test_a_long_poll_that_nobody_calls_for_finds_out_by_itself(gateway: Gateway, venue: Venue):
    recording_id = venue.take_in()
    with ThreadPoolExecutor() as pool:
        poll = pool.submit(venue.http.get, f"/v1/recordings/{recording_id}?wait=20")
        time.sleep(0.5)
        with gateway.connect() as connection:
            connection.execute(text("ALTER TABLE tasks DISABLE TRIGGER record_update"))
            connection.execute(
                text("UPDATE tasks SET state = 'cancelled' WHERE recording_id = :id"), {"id": recording_id}
            )
            connection.execute(text("ALTER TABLE tasks ENABLE TRIGGER record_update"))
        changed = time.monotonic()
        assert poll.result().json()["state"] == "cancelled"
        assert time.monotonic() - changed < allowed_s(4)


def test_a_long_poll_ends_with_its_time(venue: Venue):
    recording_id, began = venue.take_in(), time.monotonic()
    assert venue.http.get(f"/v1/recordings/{recording_id}?wait=1").json()["state"] == "ready"
    assert 0.9 < time.monotonic() - began < allowed_s(3)


def test_pages_go_back_in_time_without_gaps_or_repeats(venue: Venue):
    made = [venue.take_in(recording={"song": "odd" if number % 2 else "even"}) for number in range(7)]
    seen, cursor = [], None
    while True:
        page = venue.http.get("/v1/recordings", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        seen += [UUID(item["recording_id"]) for item in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == made[::-1]
    odd = venue.http.get("/v1/recordings", params={"song": "odd"}).json()["items"]
    assert [UUID(item["recording_id"]) for item in odd] == made[1::2][::-1]
    assert venue.http.get("/v1/recordings", params={"song": "unheard of"}).json() == {"items": [], "next": None}


def test_pages_can_be_had_by_state(gateway: Gateway, venue: Venue):
    ready, running, done = venue.take_in(), venue.take_in(), venue.take_in()
    move(gateway, running, "leased", "running")
    judge(gateway, done)
    for state, recording_id in (("ready", ready), ("running", running), ("done", done)):
        items = venue.http.get("/v1/recordings", params={"state": state}).json()["items"]
        assert [(UUID(item["recording_id"]), item["state"]) for item in items] == [(recording_id, state)]


def test_a_cancelled_recording_is_not_judged(venue: Venue):
    recording_id = venue.take_in()
    assert venue.http.post(f"/v1/recordings/{recording_id}/cancel").json()["state"] == "cancelled"
    assert venue.http.post(f"/v1/recordings/{recording_id}/cancel").status_code == 200


def test_what_has_ended_cannot_be_cancelled(gateway: Gateway, venue: Venue):
    recording_id = venue.take_in()
    judge(gateway, recording_id)
    refused = venue.http.post(f"/v1/recordings/{recording_id}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "already_ended")


def test_deletion_leaves_a_tombstone_an_audit_row_and_nothing_else(gateway: Gateway, venue: Venue):
    name = upload_id()
    metadata = {"singer": "nightingale", "song": "x"}
    recording_id = UUID(venue.content(name, b"sound", metadata).json()["recording_id"])
    judge(gateway, recording_id)
    assert venue.http.delete(f"/v1/recordings/{recording_id}").status_code == 204
    for answer, code in (
        (venue.http.get(f"/v1/recordings/{recording_id}"), "recording_deleted"),
        (venue.http.delete(f"/v1/recordings/{recording_id}"), "recording_deleted"),
        (venue.content(name, b"sound", metadata), "upload_deleted"),
        (venue.open(name, b"sound", metadata), "upload_deleted"),
        (venue.part(name, 1, b"sound"), "upload_deleted"),
        (venue.complete(name), "upload_deleted"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (410, code)
    with gateway.connect() as connection:
        of = {"id": recording_id}
        for table in ("recordings", "tasks", "assessments"):
            column = "id" if table == "recordings" else "recording_id"
            assert connection.scalar(text(f"SELECT count(*) FROM {table} WHERE {column} = :id"), of) == 0
        tombstone = connection.execute(text("SELECT * FROM uploads WHERE recording_id = :id"), of).one()
        assert (tombstone.recording, tombstone.filename) == ({}, None)
        audit = connection.execute(text("SELECT * FROM audit WHERE subject = :id"), {"id": str(recording_id)}).one()
        assert "nightingale" not in str(audit)
        due = connection.scalars(
            text("SELECT due_at > now() FROM purges WHERE recording_id = :id ORDER BY due_at"), of
        ).all()
        assert due == [False, True]
    engine = create_engine(gateway.owner_url.replace("postgresql://", "postgresql+psycopg://"))
    purge_due(engine, LocalBlobs(gateway.data / "blobs"))
    engine.dispose()
    assert not venue.blob(recording_id).exists()


def test_deletion_while_it_is_judged_stops_what_the_worker_would_write(gateway: Gateway, venue: Venue):
    recording_id = venue.take_in()
    move(gateway, recording_id, "leased", "running")
    assert venue.http.delete(f"/v1/recordings/{recording_id}").status_code == 204
    with gateway.connect() as connection:
        late = connection.execute(
            text("UPDATE tasks SET state = 'done' WHERE recording_id = :id AND state = 'running'"), {"id": recording_id}
        )
        assert late.rowcount == 0


def test_a_machines_health_is_noted(gateway: Gateway, venue: Venue):
    report = {
        "version": "0.1",
        "backlog_count": 3,
        "backlog_bytes": 2**40,
        "oldest_s": 4.5,
        "disk_free_bytes": 1e12,
        "clock_skew_s": -0.5,
        "room": "Blue",
    }
    assert venue.http.put("/v1/machines/blue%2F1 ✓/health", json=report).status_code == 204
    assert venue.http.put("/v1/machines/blue%2F1 ✓/health", json={**report, "backlog_count": -1}).status_code == 422
    with gateway.connect() as connection:
        row = connection.execute(text("SELECT * FROM machines WHERE venue_id = :v"), {"v": venue.id}).one()
    assert (row.name, row.agent_version, row.backlog_count, row.clock_skew_s) == ("blue/1 ✓", "0.1", 3, -0.5)


def test_a_page_and_a_place_in_the_line_are_quick_however_much_waits(
    start: Callable[..., Gateway],
):
    """The bench shows a million; here the plan is looked at on what a test can afford."""
    gateway = start()
    venue = gateway.venue()
    with gateway.connect() as connection:
        add_worker(connection, task_s=0.1)
        add_tasks(connection, venue.id, 10_000)
    recording_id = venue.http.get("/v1/recordings").json()["items"][0]["recording_id"]
    assert venue.http.get(f"/v1/recordings/{recording_id}").json()["position"] == 1000
    for query in ({}, {"state": "ready"}, {"state": "dead"}, {"state": "done"}, {"song": "none"}):
        began = time.monotonic()
        answer: Any = venue.http.get("/v1/recordings", params=query)
        assert answer.status_code == 200
        assert time.monotonic() - began < allowed_s(2)
