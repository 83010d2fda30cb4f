"""24, and a disk that fills in mid-commit: what is refused leaves no row, what was acknowledged is whole."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.chaos.breakable import REPOSITORY


def seen_on_a_small_disk(case: str, folder: Path) -> dict[str, Any]:
    run = [sys.executable, "-m"]
    command = [*run, "tests.chaos.own_view", *run, "tests.chaos.small_disk", case, str(folder)]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said, complaints = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.terminate()
            raise
        assert process.returncode == 0, complaints
        seen: dict[str, Any] = json.loads(said)
        return seen


def test_a_disk_full_of_sound_refuses_with_507_and_takes_again_when_there_is_room(tmp_path: Path) -> None:
    seen = seen_on_a_small_disk("blobs", tmp_path)
    for refused in seen["refused"]:
        assert (refused["status"], refused["code"]) == (507, "disk_full")
        assert int(refused["retry_after"]) >= 1
    assert seen["acknowledged"] > 5
    assert (seen["missing"], seen["rows_without_sound"], seen["left_over"]) == ([], [], [])
    assert [answer["status"] for answer in seen["again"]] == [200, 201, 201]


def test_a_disk_that_fills_under_postgres_in_mid_commit_loses_nothing_acknowledged(tmp_path: Path) -> None:
    seen = seen_on_a_small_disk("postgres", tmp_path)
    for refused in seen["refused"]:
        assert refused["status"] == 503
        assert int(refused["retry_after"]) >= 1
    assert seen["acknowledged_while_full"] > 0
    assert seen["sessions_ended"], "the log's disk was not full in mid-commit"
    assert (seen["missing"], seen["rows_without_sound"]) == ([], [])
    assert [answer["status"] for answer in seen["again"]] == [201]
