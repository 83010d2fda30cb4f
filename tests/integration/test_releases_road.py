"""The whole road of a release, with real processes: installed, activated, four scores for whoever asks, another one
beside it, and one that somebody has tampered with.
"""

import base64
import hashlib
import io
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import soundfile
from click.testing import CliRunner

from tests.patience import until
from tests.releases import DIMENSIONS, make_tiny_release
from vocalverse.bench.house import House
from vocalverse.cli import main
from vocalverse.samples import TAKES
from vocalverse.store.connect import libpq_url
from vocalverse.store.reporters import make_reporter

WITHIN_S = 400  # for what never comes: on two quiet cores all of it takes a minute

pytestmark = pytest.mark.timeout(1500)  # a worker's first start measures what runs the ear best


class Judging:
    """A house with one worker that has no release yet, and a venue that sends it songs."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.venue = house.client(house.venue("venue"))
        self._songs = 0

    def said(self, *arguments: object, exit_code: int = 0) -> str:
        done = CliRunner().invoke(main, [str(one) for one in arguments], env=self.house.environment({}))
        assert done.exit_code == exit_code, done.output
        return done.stdout

    def asked(self, *arguments: object, exit_code: int = 0) -> object:
        return json.loads(self.said(*arguments, "--json", exit_code=exit_code))

    def install(self, source: Path, name: str, *, seed: int) -> None:
        self.said("releases", "install", make_tiny_release(source, name=name, seed=seed).folder)
        self.said("releases", "activate", name)

    def upload(self) -> UUID:
        """Six seconds of a take that passes the prescreen; each a little different."""
        self._songs += 1
        voice, rate_hz = soundfile.read(TAKES[0], dtype="int16", stop=6 * 44_100 + self._songs)
        written = io.BytesIO()
        soundfile.write(written, voice, rate_hz, format="FLAC")
        sound = written.getvalue()
        digest = base64.b64encode(hashlib.sha256(sound).digest()).decode()
        said = {"song": "x", "consent": {"keep_audio": True, "share": True}}
        answer = self.venue.put(
            f"/v1/uploads/song-{self._songs:08}/content",
            content=sound,
            headers={"Content-Digest": f"sha-256=:{digest}:", "VocalVerse-Recording": json.dumps(said)},
        )
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["recording_id"])

    def judged(self, recording_id: UUID) -> dict[str, object]:
        def done() -> dict[str, object] | None:
            answer = self.venue.get(f"/v1/recordings/{recording_id}", params={"wait": 20})
            shown: dict[str, object] = answer.json()
            return shown if shown["state"] not in ("ready", "leased", "running") else None

        return until(done, f"{recording_id} is judged", within_s=WITHIN_S)

    def doctor(self) -> list[str]:
        """What is said of releases."""
        done = CliRunner().invoke(main, ["doctor", "--json"], env=self.house.environment({}))
        return [one["found"] for one in json.loads(done.stdout) if one["about"] == "release"]

    def wait_for_workers(self, condition: str) -> None:
        """Until that holds for one."""
        asked = f"SELECT count(*) FROM workers WHERE {condition}"
        self.house.wait_until(lambda: bool(self.house.scalar(asked)), condition, within_s=WITHIN_S)

    def task(self, recording_id: UUID) -> tuple[str, int]:
        with self.house.database() as connection:
            row = connection.exec_driver_sql(
                "SELECT state::text, attempts FROM tasks WHERE recording_id = %(id)s", {"id": recording_id}
            ).one()
        return row.state, row.attempts


@pytest.fixture(scope="module")
def judging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judging]:
    folder = tmp_path_factory.mktemp("judging") / "house"
    with House(folder, run_lease_s=60, stall_limit_s=300, retry_backoff_s=0.2) as house:
        house.dispatcher()
        house.gateway()
        house.spawn("workers", "work", "--processes", "1")
        house.wait_until(lambda: bool(house.worker_pids()), "the worker is seen", within_s=WITHIN_S)
        judging = Judging(house)
        with judging.venue:
            yield judging


def test_four_scores_and_an_overall_one_reach_whoever_asks(judging: Judging, tmp_path: Path) -> None:
    """The worker ran before there was a release: it follows."""
    judging.install(tmp_path, "tiny", seed=0)
    recording_id = judging.upload()
    found = judging.judged(recording_id)
    assert (found["state"], found["outcome"], found["release"]) == ("done", "scored", "tiny")
    assessment = found["assessment"]
    assert isinstance(assessment, dict)
    assert set(assessment["dimensions"]) == set(DIMENSIONS)
    for one in (*assessment["dimensions"].values(), assessment["overall"]):
        assert 1 <= one["low"] <= one["value"] <= one["high"] <= 5
        assert 0 <= one["mark_low"] <= one["mark"] <= one["mark_high"] <= 100
    assert found["overall_mark"] == assessment["overall"]["mark"]

    shown = judging.asked("recordings", "show", recording_id)
    assert isinstance(shown, dict)
    assert shown["assessment"]["dimensions"] == assessment["dimensions"]
    assert shown["assessment"]["overall"] == assessment["overall"]
    for word in (*DIMENSIONS, "overall", "tiny"):
        assert word in judging.said("recordings", "show", recording_id)

    with judging.house.database() as connection:
        reporter = make_reporter(
            connection, judging.house.postgres.url(), role="vv_report_venue", slugs=["venue"], replace=False
        )
    with psycopg.connect(libpq_url(reporter)) as connection:
        (row,) = connection.execute(
            "SELECT release, breath, technique, timbre, emotion, overall, overall_mark, dimensions FROM report_recordings"
        ).fetchall()
    assert row[0] == "tiny"
    assert row[1:5] == tuple(assessment["dimensions"][name]["value"] for name in DIMENSIONS)
    assert row[5:7] == (assessment["overall"]["value"], assessment["overall"]["mark"])
    assert row[7] == assessment["dimensions"]


def test_old_recordings_are_judged_by_another_release_and_the_shifts_are_shown(
    judging: Judging, tmp_path: Path
) -> None:
    before = judging.upload()
    assert judging.judged(before)["release"] == "tiny"
    judging.install(tmp_path, "other", seed=1)
    said = judging.asked("recordings", "rescore", "--release", "other")
    assert isinstance(said, dict)
    assert (said["made"], said["left"], said["never_judged"]) == (2, 0, 0)
    assert judging.judged(before)["release"] == "tiny"
    judging.said("recordings", "wait", *judging.house.column("SELECT id FROM recordings"))
    assert judging.judged(before)["release"] == "other"
    assert judging.asked("recordings", "rescore", "--release", "other") == said | {"made": 0, "judged": 2}

    page = tmp_path / "shifts.html"
    found = judging.asked("releases", "compare", "tiny", "other", "--html", page)
    assert isinstance(found, dict)
    by = {row["dimension"]: row for row in found["dimensions"]}
    assert set(by) == {*DIMENSIONS, "overall"}
    assert all(row["takes"] == 2 for row in by.values())
    with judging.house.database() as connection:
        mean = connection.exec_driver_sql(
            "SELECT avg(mark) FILTER (WHERE release = 'other') - avg(mark) FILTER (WHERE release = 'tiny')"
            " FROM scores JOIN assessments ON id = assessment_id WHERE dimension = 'breath'"
        ).scalar()
    assert by["breath"]["mean"] == pytest.approx(mean)
    assert found["venues"] == found["songs"] == []  # two takes would tell of their singers
    assert page.read_text().count("<svg") >= 6
    assert "2 takes whose singers agreed" in page.read_text()
    assert (
        "No recording was scored by both"
        in CliRunner().invoke(main, ["releases", "compare", "tiny", "none"], env=judging.house.environment({})).stderr
    )


def test_a_release_that_was_tampered_with_costs_no_start_and_is_told_of_until_it_is_mended(
    judging: Judging, tmp_path: Path
) -> None:
    judging.install(tmp_path, "third", seed=2)
    judging.wait_for_workers("(SELECT digest FROM releases WHERE name = 'third') = ANY(releases)")
    assert judging.doctor() == ["third, on 1 of 1 cpu workers at work"]
    head = judging.house.folder / "releases/third/heads/breath-0.safetensors"
    sound = head.read_bytes()
    overwrite(head, sound[:-1] + bytes([sound[-1] ^ 1]))
    recording_id = judging.upload()
    judging.wait_for_workers("refused ? 'third'")
    waits, refused = judging.doctor()
    assert waits == "third, on 0 of 1 cpu workers at work: recordings wait"
    assert str(head) in refused
    assert str(head) in judging.said("releases", "verify", "third", exit_code=1)
    assert judging.task(recording_id) == ("ready", 0)
    overwrite(head, sound)
    assert judging.judged(recording_id)["outcome"] == "scored"
    assert judging.task(recording_id) == ("done", 1)


def test_a_worker_killed_while_it_judges_leaves_one_result(judging: Judging) -> None:
    recording_id = judging.upload()
    until(lambda: judging.task(recording_id)[0] == "running", "it is judged", within_s=WITHIN_S)
    os.kill(judging.house.worker_pids()[-1], signal.SIGKILL)
    with judging.house.database() as connection:
        connection.exec_driver_sql("UPDATE tasks SET lease_until = now() WHERE state = 'running'")  # nobody renews it
    assert judging.judged(recording_id)["outcome"] == "scored"
    assert judging.task(recording_id) == ("done", 2)
    counts = [
        judging.house.scalar(f"SELECT count(*) FROM {table} WHERE recording_id = %(id)s", id=str(recording_id))
        for table in ("tasks", "assessments")
    ]
    assert counts == [1, 1]


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(0o444)
