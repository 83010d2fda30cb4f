"""What a score rests on and what the singer is told, from a worker's hands to those who ask in SQL and on the command line."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, Engine, text

from tests.seeding import add_venue
from tests.unit.test_prescreen_evidence import RECORDING
from vocalverse.cli import main
from vocalverse.feedback.words import words_of
from vocalverse.ids import uuid7
from vocalverse.queue import lease
from vocalverse.queue.lease import Lease, LeaseOptions
from vocalverse.records import (
    OVERALL,
    Assessment,
    Evidence,
    Finding,
    Language,
    Mark,
    Outcome,
    Reason,
    Score,
    Verdict,
)
from vocalverse.store.recordings import delete_recording
from vocalverse.store.results import find_result

LEASES = LeaseOptions(run_lease_s=30, max_starts=3, retry_backoff_s=10)
ENDS = Evidence("phrase_ends_held", -2.25, "dB", 4.0, 0.5, 41.5, 45.0, -0.75)
BREATHS = Evidence("breaths_heard", -12.5, "dB", 1.5, -0.25, 61.0, 62.0, -8.0)
HEARD = Evidence("heard", 1.25, "", 3.5, 0.125)
IN_TUNE = Evidence("notes_off", 14.5, "cents", 4.5, 0.375)


def score(dimension: str, *evidence: Evidence) -> Score:
    return Score(dimension, 3.5, 3.0, 4.0, Mark(62.5, 50.0, 75.0), evidence)


def judged() -> Assessment:
    found = Assessment(
        Outcome.SCORED,
        scores=(score("breath", BREATHS, HEARD, ENDS), score("emotion")),
        overall=score(OVERALL, IN_TUNE),
        measures=RECORDING,
        verdict=Verdict.PASS,
    )
    return replace(found, feedback=words_of(found))


def begun(owner: Engine, engine: Engine, recording_id: UUID | None = None, release: str = "none") -> Lease:
    """A recording that a worker has in hand: a new one, or one that is judged again."""
    with owner.begin() as connection:
        recording_id = recording_id or add_recording(connection)
        ids = {"task": uuid7(), "recording": recording_id, "fence": uuid7(), "release": release}
        connection.execute(text("INSERT INTO releases (name) VALUES (:release) ON CONFLICT DO NOTHING"), ids)
        connection.execute(
            text(
                "INSERT INTO tasks (id, venue_id, recording_id, release, purpose, worker_class, lane, state, attempts,"
                " fence) SELECT :task, venue_id, id, :release, 'judge', 'cpu', 'bulk', 'ready', 0, gen_random_uuid()"
                " FROM recordings WHERE id = :recording"
            ),
            ids,
        )
        connection.execute(text("UPDATE tasks SET state = 'leased', fence = :fence WHERE id = :task"), ids)
    return lease.start(engine, ids["task"], ids["fence"], worker="w", options=LEASES)


def add_recording(connection: Connection) -> UUID:
    recording_id = uuid7()
    connection.execute(
        text(
            "INSERT INTO recordings (id, venue_id, key_shift, consent_keep_audio, consent_training, consent_share,"
            " size_bytes, sha256) VALUES (:id, :venue, 0, true, false, false, 1, :sha256)"
        ),
        {"id": recording_id, "venue": add_venue(connection), "sha256": bytes(32)},
    )
    return recording_id


def rows(owner: Engine, statement: str) -> Sequence[Any]:
    with owner.connect() as connection:
        return connection.execute(text(statement)).mappings().all()


def test_evidence_and_words_are_read_back_what_raised_a_score_most_first(owner: Engine, engine: Engine) -> None:
    held = begun(owner, engine)
    held.finish(judged())
    with owner.connect() as connection:
        result = find_result(connection, held.task_id)
    assert result
    assert result.evidence == {"breath": [ENDS, HEARD, BREATHS], OVERALL: [IN_TUNE]}
    assert set(result.words) == set(Language)
    assert set(result.words["en"]) == set(result.words["zh"]) == {"breath", OVERALL}
    assert "0:42–0:45" in result.words["en"]["breath"]


def test_sql_reads_them_beside_the_scores(owner: Engine, engine: Engine) -> None:
    held = begun(owner, engine)
    assessment = judged()
    held.finish(assessment)
    (row,) = rows(owner, "SELECT breath, overall_mark, evidence, words_en, words_zh, reasons FROM report_recordings")
    assert (row["breath"], row["overall_mark"], row["reasons"]) == (3.5, 62.5, [])
    assert row["evidence"]["breath"] == [asdict(one) for one in (ENDS, HEARD, BREATHS)]
    said = {(one.language, one.about): one.text for one in assessment.feedback}
    for language in Language:
        assert row[f"words_{language}"] == {about: told for (spoken, about), told in said.items() if spoken == language}
    (best,) = rows(
        owner,
        "SELECT name FROM (SELECT DISTINCT ON (dimension) dimension, name FROM evidence ORDER BY dimension, effect DESC)"
        " AS best WHERE dimension = 'breath'",
    )
    assert best["name"] == "phrase_ends_held"


def test_every_column_that_came_with_them_is_explained(owner: Engine) -> None:
    explained = {
        row["attname"]: row["said"]
        for row in rows(
            owner,
            "SELECT attname, col_description(attrelid, attnum) AS said FROM pg_attribute"
            " WHERE attrelid = 'report_recordings'::regclass",
        )
    }
    assert all(explained[name] for name in ("evidence", "words_en", "words_zh"))


def test_a_recording_without_any_has_none(owner: Engine, engine: Engine) -> None:
    """As all have that were judged before there was evidence."""
    held = begun(owner, engine)
    held.finish(Assessment(Outcome.UNSCORED, measures=RECORDING))
    with owner.connect() as connection:
        result = find_result(connection, held.task_id)
    assert result
    assert (result.evidence, result.words) == ({}, {})
    (row,) = rows(owner, "SELECT evidence, words_en, words_zh FROM report_recordings")
    assert set(map(str, row.values())) == {"{}"}


def test_who_was_refused_is_told_why_in_both_languages(owner: Engine, engine: Engine) -> None:
    held = begun(owner, engine)
    refused = Assessment(Outcome.REFUSED, (Finding(Reason.NO_VOICE, {}),), verdict=Verdict.REFUSE)
    held.finish(replace(refused, feedback=words_of(refused)))
    (row,) = rows(owner, "SELECT reasons, words_en, words_zh FROM report_recordings")
    assert row["reasons"] == ["no_voice"]
    assert row["words_en"][OVERALL].startswith("No singing could be heard")
    assert row["words_zh"][OVERALL].startswith("没有听到歌声")


def test_each_judging_has_its_own(owner: Engine, engine: Engine) -> None:
    first = begun(owner, engine)
    first.finish(judged())
    again = begun(owner, engine, first.recording_id, release="other")
    other = replace(judged(), scores=(score("breath", ENDS),))
    again.finish(replace(other, feedback=words_of(other)))
    told = {row["release"]: row["evidence"]["breath"] for row in rows(owner, "SELECT * FROM report_recordings")}
    assert told == {"none": [asdict(one) for one in (ENDS, HEARD, BREATHS)], "other": [asdict(ENDS)]}


def test_with_its_recording_they_go(owner: Engine, engine: Engine) -> None:
    held = begun(owner, engine)
    held.finish(judged())
    with owner.begin() as connection:
        delete_recording(connection, held.recording_id, venue_id=held.venue_id, actor="test", last_lease_s=1.0)
    for table in ("evidence", "feedback"):
        assert rows(owner, f"SELECT 1 FROM {table}") == []


@pytest.fixture
def shown(owner: Engine, engine: Engine, database: Any, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """What `recordings show` says to people, and to programs."""
    held = begun(owner, engine)
    held.finish(judged())
    asked = ["recordings", "show", str(held.recording_id)]
    said, told = (
        CliRunner().invoke(
            main,
            [*asked, *more],
            env={"VOCALVERSE_DATABASE_URL": database.owner, "VOCALVERSE_DATA": str(tmp_path)},
            catch_exceptions=False,
        )
        for more in ([], ["--json"])
    )
    return said.stdout, json.loads(told.stdout)["assessment"]


def test_the_command_line_shows_them(shown: tuple[str, dict[str, Any]]) -> None:
    said, told = shown
    assert told["evidence"]["breath"] == [asdict(one) for one in (ENDS, HEARD, BREATHS)]
    assert set(told["words"]) == {"en", "zh"}
    lines = [line.split() for line in said.splitlines()]
    assert ["breath", "phrase_ends_held", "-2.25", "dB", "-0.75", "dB", "+0.50", "0:42–0:45"] in lines
    assert ["overall", "notes_off", "14.5", "cents", "–", "+0.38", "–"] in lines
    for language in ("en", "zh"):
        assert f"breath ({language})" in said
        assert told["words"][language]["breath"] in said
