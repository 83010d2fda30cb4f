"""What an operator does, through the command line, on a real database."""

import json
import re
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import psycopg
import pytest
import soundfile
from click.testing import CliRunner, Result
from sqlalchemy import Connection, Engine, insert, text

from tests.seeding import add_tasks, add_venue
from tests.unit.test_prescreen_evidence import RECORDING
from vocalverse.cli import main
from vocalverse.errors import Unauthenticated
from vocalverse.ids import uuid7
from vocalverse.records import TaskState
from vocalverse.samples import TAKES
from vocalverse.store import tables
from vocalverse.store.connect import owner_engine
from vocalverse.store.keys import Scope, authenticate
from vocalverse.store.venues import ensure_venue
from vocalverse.sung import Figures, Notes
from vocalverse.synthesis.repertoire import song

ROOT = Path(__file__).resolve().parents[2]
WALKS = {
    "ready": (),
    "leased": ("leased",),
    "running": ("leased", "running"),
    "done": ("leased", "running", "done"),
    "dead": ("leased", "running", "dead"),
    "rejected": ("leased", "running", "rejected"),
    "expired": ("expired",),
}


class House:
    """A database, and the command line in front of it."""

    def __init__(self, database: Any, data: Path, engine: Engine) -> None:
        self.engine = engine
        self.env = {"VOCALVERSE_DATABASE_URL": database.owner, "VOCALVERSE_DATA": str(data)}

    def run(self, *arguments: object) -> Result:
        return CliRunner().invoke(main, [str(one) for one in arguments], env=self.env)

    def said(self, *arguments: object) -> str:
        done = self.run(*arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    def json(self, *arguments: object) -> Any:
        return json.loads(self.said(*arguments, "--json"))

    def refused(self, *arguments: object) -> tuple[int, str]:
        done = self.run(*arguments, "--json")
        return done.exit_code, json.loads(done.stderr)["error"]

    def recording(self, state: str, *, venue_id: UUID | None = None) -> UUID:
        with self.engine.begin() as connection:
            task_id = add_tasks(connection, venue_id or add_venue(connection), 1)[0]
            for step in WALKS[state]:
                move(connection, task_id, step)
            return UUID(str(connection.scalar(text("SELECT recording_id FROM tasks WHERE id = :id"), {"id": task_id})))

    def task(self, recording_id: UUID) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(text("SELECT * FROM tasks WHERE recording_id = :id"), {"id": recording_id}).one()


@pytest.fixture
def house(database: Any, tmp_path: Path) -> Iterator[House]:
    engine = owner_engine(database.owner)
    yield House(database, tmp_path, engine)
    engine.dispose()


def move(connection: Connection, task_id: UUID, to: str) -> None:
    connection.execute(
        text(
            "UPDATE tasks SET state = CAST(:to AS task_state), fence = gen_random_uuid(), attempts = 5, reason = 'boom',"
            " message = 'it broke', finished_at = CASE WHEN :ended THEN now() END WHERE id = :id"
        ),
        {"to": to, "id": task_id, "ended": TaskState(to).ended},
    )


# --- venues and keys -------------------------------------------------------------------------------------------


def test_a_venue_is_added_listed_renamed_and_disabled(house: House) -> None:
    house.said("venues", "add", "blue-note", "--name", "Blue Note")
    house.said("venues", "add", "blue-note", "--name", "The Blue Note")
    (venue,) = house.json("venues", "list")
    assert (venue["slug"], venue["name"], venue["disabled_at"], venue["waiting"]) == (
        "blue-note",
        "The Blue Note",
        None,
        0,
    )
    house.said("venues", "disable", "blue-note")
    assert house.json("venues", "list")[0]["disabled_at"].endswith("Z")
    house.said("venues", "enable", "blue-note")
    assert house.json("venues", "list")[0]["disabled_at"] is None


@pytest.mark.parametrize("slug", ["Blue", "", "a b", "_x", "../x", "x" * 64, "ü"])
def test_a_slug_that_is_none_is_refused_before_the_database_sees_it(house: House, slug: str) -> None:
    assert house.refused("venues", "add", slug) == (2, "bad_input")


@pytest.mark.parametrize(
    "command", [("venues", "disable"), ("keys", "issue", "--venue"), ("recordings", "list", "--venue")]
)
def test_a_venue_that_is_not_there_is_not_found(house: House, command: tuple[str, ...]) -> None:
    done = house.run(*command, "nowhere")
    assert done.exit_code == 4
    assert "vocalverse venues list" in done.stderr


def test_a_key_that_was_issued_opens_its_venue_until_it_is_revoked(house: House) -> None:
    house.said("venues", "add", "blue-note")
    key = house.said("keys", "issue", "--venue", "blue-note", "--valid-for", "90d", "--label", "bar").strip()
    with house.engine.begin() as connection:
        caller = authenticate(connection, key)
        assert caller.venue_id == ensure_venue(connection, slug="blue-note", name="blue-note")
    assert caller.scopes == {Scope.UPLOAD, Scope.READ, Scope.DELETE, Scope.HEALTH}
    (listed,) = house.json("keys", "list", "--venue", "blue-note")
    assert (listed["prefix"], listed["label"]) == (caller.key_prefix, "bar")
    assert listed["expires_at"] > listed["created_at"]
    assert key.split(".")[1] not in house.said("keys", "list") + house.said("keys", "list", "--json")
    house.said("keys", "revoke", key)
    with pytest.raises(Unauthenticated), house.engine.begin() as connection:
        authenticate(connection, key)


def test_keys_of_the_house_belong_to_no_venue(house: House) -> None:
    assert house.json("keys", "issue", "--operator")["scopes"] == ["operator"]
    assert house.json("keys", "issue", "--scope", "metrics")["scopes"] == ["metrics"]


@pytest.mark.parametrize(
    "arguments",
    [(), ("--scope", "read"), ("--operator", "--venue", "v"), ("--venue", "v", "--scope", "metrics")],
)
def test_a_key_of_nobody_or_of_too_much_is_refused(house: House, arguments: tuple[str, ...]) -> None:
    house.said("venues", "add", "v")
    assert house.refused("keys", "issue", *arguments) == (2, "bad_input")


def test_a_key_that_is_not_there_cannot_be_revoked(house: House) -> None:
    assert house.refused("keys", "revoke", "nothing") == (4, "not_found")


def test_a_reporters_address_is_told_once_and_reads_the_view(house: House, database: Any) -> None:
    house.said("venues", "add", "blue-note")
    login = f"vv_report_{database.name}_cli"
    told = house.json("venues", "reporter", "blue-note", "--login", login)
    with psycopg.connect(told["url"]) as connection:
        assert connection.execute("SELECT slug FROM venues").fetchall() == [("blue-note",)]
    assert house.refused("venues", "reporter", "blue-note", "--login", login) == (5, "conflict")
    with house.engine.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {login}"))
        connection.execute(text(f"DROP ROLE {login}"))


# --- songs -----------------------------------------------------------------------------------------------------


def test_a_song_is_added_corrected_found_and_shown(house: House) -> None:
    house.said("venues", "add", "v")
    house.said("songs", "add", "hey", "--title", "Hey Jude")
    house.said("songs", "add", "hey", "--artist", "The Beatles", "--language", "en")
    house.said("songs", "add", "own", "--venue", "v")
    song = house.json("songs", "show", "hey")
    assert (song["title"], song["artist"], song["language"], song["recordings"]) == ("Hey Jude", "The Beatles", "en", 0)
    assert [one["ref"] for one in house.json("songs", "list", "--like", "JUDE")] == ["hey"]
    assert [one["ref"] for one in house.json("songs", "list", "--venue", "v")] == ["hey", "own"]
    assert house.json("songs", "list", "--like", "%") == []
    assert house.refused("songs", "show", "own") == (4, "not_found")


def test_a_songs_backings_are_kept_by_key_replaced_and_forgotten(house: House, tmp_path: Path) -> None:
    """The blob is there before its row, a replaced one is gone, and a scrub finds nothing odd."""
    house.said("songs", "add", "hey")
    take = TAKES[0]
    assert house.json("songs", "add-backing", "hey", take)["backings"][0]["key_shift"] == 0
    house.said("songs", "add-backing", "hey", TAKES[1], "--key-shift", -2)
    house.said("songs", "add-backing", "hey", TAKES[1])
    assert house.json("songs", "show", "hey")["backings"] == [-2, 0]
    assert "All blobs are there" in house.said("blobs", "scrub")
    house.said("songs", "remove-backing", "hey", "--key-shift", -2)
    assert house.json("songs", "show", "hey")["backings"] == [0]
    assert house.refused("songs", "remove-backing", "hey", "--key-shift", -2) == (4, "not_found")
    noise = tmp_path / "noise.wav"
    noise.write_text("no sound")
    assert house.refused("songs", "add-backing", "hey", noise)[1] == "unsupported_format"
    with house.engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM song_backings")) == 1


CHART = """#TITLE:Hey
#ARTIST:Nobody
#BPM:300
#GAP:1000
: 0 4 12 Hey
: 8 4 14  you
- 14
: 20 8 16 there
E
"""


def test_how_a_song_goes_is_imported_shown_replaced_and_forgotten(house: House, tmp_path: Path) -> None:
    """A song that nobody knew is added; a title that was given by hand stays."""
    chart = tmp_path / "hey.txt"
    chart.write_text(CHART)
    said = house.json("songs", "import", "hey", chart)
    assert (said["kind"], said["source"], said["lines"], said["notes"]) == ("melody", "ultrastar", 2, 3)
    assert house.json("songs", "show", "hey")["title"] == "Hey"
    house.said("songs", "add", "hey", "--title", "Hey!")
    lyrics = tmp_path / "hey.lrc"
    lyrics.write_text("[00:01.00]Hey you\n[00:02.00]there\n")
    assert house.json("songs", "import", "hey", lyrics)["kind"] == "lyrics"
    house.said("songs", "import", "hey", chart)
    shown = house.json("songs", "show", "hey")
    assert (shown["title"], sorted(shown["references"])) == ("Hey!", ["lyrics", "melody"])
    house.said("songs", "remove-reference", "hey", "lyrics")
    assert house.json("songs", "show", "hey")["references"] == ["melody"]
    assert house.refused("songs", "remove-reference", "hey", "lyrics") == (4, "not_found")
    with house.engine.begin() as connection:
        assert connection.scalar(text("SELECT melody -> 'lines' -> 0 -> 4 -> 1 ->> 3 FROM song_references")) == "you"


def test_a_guide_vocal_is_kept_as_notes_and_pitch(house: House, tmp_path: Path) -> None:
    guide = tmp_path / "guide.wav"
    soundfile.write(guide, song(20, seed=3).samples, 44_100)
    said = house.json("songs", "import", "sung", guide, "--voice")
    assert (said["kind"], said["source"]) == ("guide", "guide")
    assert said["notes"] == pytest.approx(20, abs=3)
    shown = house.json("songs", "show", "sung")
    assert shown["references"] == ["guide"]
    assert house.refused("songs", "import", "sung", guide, "--verse", 2) == (2, "bad_input")


def test_a_backing_is_no_guide(house: House, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros((44_100 * 6, 2)), 44_100)
    assert house.refused("songs", "import", "mute", silence, "--voice") == (2, "reference_broken")
    assert house.refused("songs", "show", "mute") == (4, "not_found")


def test_what_is_no_chart_is_refused_and_no_song_is_added(house: House, tmp_path: Path) -> None:
    poem = tmp_path / "poem.txt"
    poem.write_text("Roses are red")
    assert house.refused("songs", "import", "rose", poem) == (2, "reference_broken")
    assert house.refused("songs", "show", "rose") == (4, "not_found")


# --- recordings ------------------------------------------------------------------------------------------------


def test_recordings_are_listed_newest_first_page_by_page(house: House) -> None:
    ids = [str(house.recording("ready")) for _ in range(5)]
    first = house.json("recordings", "list", "--limit", 3)
    second = house.json("recordings", "list", "--limit", 3, "--before", first["next"])
    assert [one["recording_id"] for one in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None


def test_recordings_are_listed_by_state_and_venue(house: House) -> None:
    house.said("venues", "add", "v")
    with house.engine.begin() as connection:
        venue_id = ensure_venue(connection, slug="v", name="v")
    dead, waiting = house.recording("dead", venue_id=venue_id), house.recording("ready")
    (found,) = house.json("recordings", "list", "--state", "dead")["items"]
    assert (found["recording_id"], found["venue"], found["reason"]) == (str(dead), "v", "boom")
    assert house.json("recordings", "list", "--venue", "v", "--state", "ready")["items"] == []
    assert str(waiting) in house.said("recordings", "list")


def test_one_recording_is_shown_with_its_place_in_the_queue(house: House) -> None:
    recording_id = house.recording("ready")
    shown = house.json("recordings", "show", recording_id)
    assert (shown["state"], shown["position"], shown["assessment"]) == ("ready", 0, None)
    assert shown["estimate_s"] > 0
    assert str(recording_id) in house.said("recordings", "show", recording_id)
    assert house.refused("recordings", "show", uuid4())[0] == 4


def test_a_recordings_result_is_shown_in_words_and_all_of_it_as_json(house: House) -> None:
    recording_id = house.recording("done")
    task = house.task(recording_id)
    of = {"assessment_id": uuid7()}
    with house.engine.begin() as connection:
        connection.execute(
            insert(tables.Assessment).values(
                id=of["assessment_id"],
                task_id=task.id,
                recording_id=recording_id,
                venue_id=task.venue_id,
                release="none",
                outcome="unscored",
                prescreen="low",
            )
        )
        connection.execute(insert(tables.Finding).values(**of, code="off_pitch", evidence={"pitch.high": 31.5}))
        connection.execute(
            insert(tables.Measures).values(
                **of,
                **asdict(RECORDING),
                **asdict(Figures(pitch_score=24.0, pitch_low=18.5, pitch_high=31.5, vibrato_rate_hz=5.5)),
            )
        )
        connection.execute(insert(tables.Notes).values(**of, **asdict(Notes([0.1], [0.3], [60.25], [12.5], [-20.0]))))
        connection.execute(
            insert(tables.Measured).values(**of, document=zlib.compress(b'{"version": 1, "voiced_s": 0.25}'))
        )
    said = house.said("recordings", "show", recording_id)
    assert re.search(r"prescreen\s+low", said)
    assert re.search(r"pitch\s+24 \(18 to 32\)", said)
    assert "no score: off_pitch (pitch.high 31.5)" in said
    assert re.search(r"vibrato rate hz\s+5\.5", said)
    assert "long tone" not in said
    told = house.json("recordings", "show", recording_id)["assessment"]
    assert (told["verdict"], told["pitch"]["value"], told["measures"]["jitter"]) == ("low", 24.0, None)
    measured = json.loads(house.said("recordings", "measured", recording_id))
    assert measured["voiced_s"] == 0.25
    assert measured["notes"] == [{"start_s": 0.1, "end_s": 0.3, "midi": 60.25, "cents_spread": 12.5, "level_db": -20}]


def test_what_was_not_measured_is_told(house: House) -> None:
    assert house.run("recordings", "measured", house.recording("ready")).exit_code == 4


@pytest.mark.parametrize("state", ["dead", "rejected", "expired"])
def test_what_ended_without_a_result_is_put_back_as_if_new(house: House, state: str) -> None:
    recording_id = house.recording(state)
    assert house.json("recordings", "requeue", recording_id)["requeued"] == 1
    task = house.task(recording_id)
    assert (task.state, task.attempts, task.reason, task.message, task.finished_at) == ("ready", 0, None, None, None)
    assert house.said("db", "check")


@pytest.mark.parametrize("state", ["ready", "leased", "running", "done"])
def test_what_has_not_ended_or_has_a_result_is_not_put_back(house: House, state: str) -> None:
    dead, other = house.recording("dead"), house.recording(state)
    assert house.refused("recordings", "requeue", dead, other) == (5, "conflict")
    assert house.task(dead).state == "dead"


def test_a_recording_without_its_sound_is_not_put_back(house: House) -> None:
    silent, sounding = house.recording("dead"), house.recording("dead")
    with house.engine.begin() as connection:
        connection.execute(text("UPDATE recordings SET audio_deleted_at = now() WHERE id = :id"), {"id": silent})
    assert house.refused("recordings", "requeue", silent) == (4, "gone")
    assert house.json("recordings", "requeue", "--dead") == {"requeued": 1, "without_sound": 1}
    assert (house.task(silent).state, house.task(sounding).state) == ("dead", "ready")


def test_all_dead_ones_of_a_venue_are_put_back_and_nobody_elses(house: House) -> None:
    house.said("venues", "add", "v")
    with house.engine.begin() as connection:
        venue_id = ensure_venue(connection, slug="v", name="v")
    mine, rejected = (house.recording(state, venue_id=venue_id) for state in ("dead", "rejected"))
    others = house.recording("dead")
    assert house.json("recordings", "requeue", "--dead", "--venue", "v")["requeued"] == 1
    assert [house.task(one).state for one in (mine, rejected, others)] == ["ready", "rejected", "dead"]


@pytest.mark.parametrize("arguments", [(), ("--venue", "v"), (UUID(int=1), "--dead")])
def test_requeue_asks_which_before_it_does_anything(house: House, arguments: tuple[object, ...]) -> None:
    assert house.refused("recordings", "requeue", *arguments) == (2, "bad_input")


def test_a_deadline_that_has_passed_does_not_end_what_was_put_back(house: House) -> None:
    recording_id = house.recording("expired")
    with house.engine.begin() as connection:
        connection.execute(text("UPDATE tasks SET deadline_at = now() - interval '1 h'"))
    house.said("recordings", "requeue", recording_id)
    assert house.task(recording_id).deadline_at is None


def test_waiting_ends_with_the_last_recording_and_says_whether_all_are_done(house: House) -> None:
    done, running = house.recording("done"), house.recording("running")

    def finish() -> None:
        with house.engine.begin() as connection:
            move(connection, house.task(running).id, "done")

    timer = threading.Timer(0.7, finish)
    timer.start()
    waited = house.run("recordings", "wait", done, running, "--json")
    timer.join()
    assert waited.exit_code == 0
    assert [one["state"] for one in json.loads(waited.stdout)] == ["done", "done"]
    assert house.run("recordings", "wait", done, house.recording("dead")).exit_code == 1


def test_waiting_gives_up_when_the_time_is_up(house: House) -> None:
    assert house.run("recordings", "wait", house.recording("ready"), "--timeout", 0).exit_code == 1
    assert house.refused("recordings", "wait", uuid4()) == (4, "not_found")


def test_a_recording_is_cancelled_once(house: House) -> None:
    recording_id = house.recording("ready")
    assert house.json("recordings", "cancel", recording_id)[0]["state"] == "cancelled"
    assert house.refused("recordings", "cancel", house.recording("done")) == (5, "already_ended")


def test_a_recording_is_deleted_after_a_yes_and_only_then(house: House) -> None:
    recording_id = house.recording("ready")
    assert house.run("recordings", "delete", recording_id).exit_code == 130
    assert house.task(recording_id).state == "ready"
    house.said("recordings", "delete", recording_id, "--yes")
    assert house.refused("recordings", "show", recording_id)[0] == 4
    with house.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM purges")) == 2
        assert connection.scalar(text("SELECT actor FROM audit")) == "cli"


# --- database, blobs, doctor -----------------------------------------------------------------------------------


def test_an_empty_database_is_brought_up_and_found_sound(empty_database: str, tmp_path: Path) -> None:
    env = {"VOCALVERSE_DATABASE_URL": empty_database, "VOCALVERSE_DATA": str(tmp_path)}
    before = CliRunner().invoke(main, ["venues", "list", "--json"], env=env)
    assert (before.exit_code, json.loads(before.stderr)["error"]) == (8, "not_migrated")
    assert CliRunner().invoke(main, ["db", "check"], env=env).exit_code == 1
    for _twice in range(2):
        assert CliRunner().invoke(main, ["db", "upgrade"], env=env).exit_code == 0
    assert CliRunner().invoke(main, ["db", "check"], env=env).exit_code == 0


def test_a_wrong_counter_is_told_and_repaired(house: House) -> None:
    house.recording("ready")
    with house.engine.begin() as connection:
        connection.execute(text("UPDATE backlog SET ready = 9"))
    done = house.run("db", "check", "--json")
    assert done.exit_code == 1
    (wrong,) = json.loads(done.stdout)["miscounts"]
    assert (wrong["counted"], wrong["there"]) == (9, 1)
    assert house.json("db", "check", "--repair")["miscounts"] == []
    assert "✓ counters" in house.said("db", "check")


def test_a_scrub_finds_missing_damaged_and_unknown_blobs(house: House, tmp_path: Path) -> None:
    missing, damaged = house.recording("ready"), house.recording("ready")
    with house.engine.connect() as connection:
        venue_id = connection.scalar(text("SELECT venue_id FROM recordings WHERE id = :id"), {"id": damaged})
    blob = tmp_path / "blobs" / str(venue_id) / str(damaged) / "audio"
    orphan = tmp_path / "blobs" / str(uuid4()) / str(uuid4()) / "audio"
    for path in (blob, orphan):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"not the sound")
    house.env["VOCALVERSE_UPLOAD_EXPIRES_S"] = "0.001"
    done = house.run("blobs", "scrub", "--json")
    assert done.exit_code == 1
    *strays, counts = map(json.loads, done.stdout.splitlines())
    assert counts == {"missing": 1, "damaged": 1, "orphaned": 1}
    assert {one["fault"]: one["key"].split("/")[1] for one in strays} == {
        "missing": str(missing),
        "damaged": str(damaged),
        "orphaned": orphan.parent.name,
    }
    assert "1 orphaned" in house.run("blobs", "scrub", "--delete-orphans").stdout
    assert not orphan.exists()


def test_the_doctor_says_of_everything_how_it_is_and_what_to_do(house: House, valkey: Any) -> None:
    house.env |= {"VOCALVERSE_REDIS_URL": valkey.dispatcher, "VOCALVERSE_PORT": "1"}
    done = house.run("doctor", "--json")
    assert done.exit_code == 1
    found = {one["about"]: one for one in json.loads(done.stdout)}
    good = {"Python", "packages", "Postgres", "clock", "tables", "roles", "Redis", "Redis memory", "Redis persistence"}
    assert {about for about in good if found[about]["verdict"] != "good"} == set()
    assert {about for about in ("dispatcher", "workers", "gateway") if found[about]["verdict"] != "bad"} == set()
    assert all(one["todo"] for one in found.values() if one["verdict"] == "bad")


def test_the_doctor_goes_on_where_a_server_is_away(tmp_path: Path) -> None:
    env = {
        "VOCALVERSE_DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/x",
        "VOCALVERSE_REDIS_URL": "redis://me:hunter2@127.0.0.1:1/0",
        "VOCALVERSE_DATA": str(tmp_path),
    }
    done = CliRunner().invoke(main, ["doctor"], env=env)
    assert done.exit_code == 1
    assert {"Postgres", "Redis", "gateway"} <= set(re.findall(r"^✗ (\w+):", done.stdout, re.MULTILINE))
    assert "✓ blobs" in done.stdout
    assert "hunter2" not in done.output


def test_a_command_works_as_a_process_of_its_own(house: House) -> None:
    env = {"PATH": "/usr/bin:/bin", **house.env}
    done = subprocess.run(
        [sys.executable, "-m", "vocalverse", "venues", "list", "--json"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == []
