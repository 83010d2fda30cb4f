"""`vocalverse up`, as people start, stop and kill it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.patience import allowed_s, until
from tests.ports import free_port
from vocalverse.embedded.server import HOST, port_is_free

pytestmark = pytest.mark.timeout(600)

_LONGEST_S = 280.0  # for what never comes; other tests run beside these


def _command(data: Path, port: int, *more: str) -> list[str]:
    return [sys.executable, "-m", "vocalverse", "up", "--data", str(data), "--port", str(port), "--json", *more]


@contextmanager
def _running(data: Path, port: int) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """A supervisor that has told its results and keeps running."""
    with subprocess.Popen(
        _command(data, port), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            yield process, json.loads(line)
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=_LONGEST_S)


def _ports(data: Path) -> list[int]:
    return [int((data / server / "port").read_text()) for server in ("postgres", "valkey")]


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def first_check(tmp_path_factory: pytest.TempPathFactory, port: int) -> tuple[Path, dict[str, Any], float]:
    """From nothing to judged samples, then stopped."""
    data = tmp_path_factory.mktemp("house") / "a data folder"
    began = time.monotonic()
    ended = subprocess.run(
        _command(data, port, "--check"), capture_output=True, text=True, timeout=_LONGEST_S, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return data, json.loads(ended.stdout), time.monotonic() - began


@pytest.fixture
def data(first_check: tuple[Path, dict[str, Any], float]) -> Path:
    return first_check[0]


def test_one_command_takes_samples_from_the_agent_to_their_scores(
    first_check: tuple[Path, dict[str, Any], float],
) -> None:
    _, told, _ = first_check
    assert told["new"]
    assert [one["song"] for one in told["recordings"]] == ["sample-1", "sample-2", "sample-2-worse"]
    assert [one["state"] for one in told["recordings"]] == ["done"] * 3
    for one in told["recordings"]:
        found = one["assessment"]
        assert (found["outcome"], found["verdict"], found["release"]) == ("scored", "pass", "lite")
        assert list(found["dimensions"]) == ["breath", "emotion", "technique", "timbre"]
        for score in (*found["dimensions"].values(), found["overall"]):
            assert 1 <= score["low"] <= score["value"] <= score["high"] <= 5
        assert found["evidence"]["technique"]
        assert found["words"]["zh"]["overall"]
        assert found["measures"]["lines_share"] == 1


def test_what_is_sung_worse_is_told_from_what_it_was_made_of(
    first_check: tuple[Path, dict[str, Any], float],
) -> None:
    _, told, _ = first_check
    _, better, worse = told["recordings"]
    assert worse["assessment"]["overall"]["mark"] < better["assessment"]["overall"]["mark"] - 5
    (apart,) = told["told_apart"]
    assert (apart["better"], apart["worse"], apart["dimension"]) == ("sample-2", "sample-2-worse", "technique")
    assert apart["scores"][0] > apart["scores"][1]
    assert apart["unit"] == "cents"


def test_after_a_check_nothing_runs_and_no_address_is_left(data: Path, port: int) -> None:
    assert all(port_is_free(HOST, one) for one in (port, *_ports(data)))
    assert not (data / "stack.json").exists()


def test_the_next_start_goes_on_and_takes_the_samples_no_second_time(
    first_check: tuple[Path, dict[str, Any], float], port: int
) -> None:
    data, before, _ = first_check
    with _running(data, port) as (_, told):
        assert not told["new"]
    assert [one["recording_id"] for one in told["recordings"]] == [one["recording_id"] for one in before["recordings"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_within_five_seconds_and_leaves_nothing_running(data: Path, port: int, number: signal.Signals) -> None:
    with _running(data, port) as (process, _):
        began = time.monotonic()
        process.send_signal(number)
        _, said = process.communicate(timeout=_LONGEST_S)
        took_s = time.monotonic() - began
    assert took_s < allowed_s(5)
    assert process.returncode == 0
    assert "goes on from here" in said
    assert "ended" not in said
    assert all(port_is_free(HOST, one) for one in (port, *_ports(data)))


def test_a_second_supervisor_is_told_which_process_holds_the_folder(data: Path, port: int) -> None:
    with _running(data, port) as (process, _):
        second = subprocess.run(
            _command(data, free_port()), capture_output=True, text=True, timeout=_LONGEST_S, check=False
        )
    assert second.returncode == 9
    assert f"Process {process.pid} has been running" in json.loads(second.stderr)["message"]


def test_a_port_that_is_taken_is_named_with_another_to_take(data: Path) -> None:
    with socket.socket() as squatter:
        squatter.bind((HOST, 0))
        squatter.listen()
        taken = squatter.getsockname()[1]
        refused = subprocess.run(_command(data, taken), capture_output=True, text=True, timeout=_LONGEST_S, check=False)
    assert refused.returncode == 9
    assert f"Port {taken} is taken" in refused.stderr
    assert f"--port {taken + 1}" in refused.stderr


def test_when_it_is_killed_its_servers_are_gone_in_two_seconds_and_the_next_start_goes_on(
    data: Path, port: int
) -> None:
    with _running(data, port) as (process, before):
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=_LONGEST_S)
        ports = (port, *_ports(data))
        until(lambda: all(map(_is_free, ports)), "all ports are free again", within_s=allowed_s(2.0))
    with _running(data, port) as (_, told):
        assert told["recordings"] == before["recordings"]


def test_a_process_of_ours_and_a_server_that_die_are_started_again(data: Path, port: int) -> None:
    with _running(data, port) as (process, _):
        postmaster = _pid(data)
        assert postmaster
        os.kill(postmaster, signal.SIGKILL)
        until(lambda: _pid(data) not in (None, postmaster), "Postgres is started again")
        process.terminate()
        _, said = process.communicate(timeout=_LONGEST_S)
    assert "Postgres ended; it is started again" in said


def _pid(data: Path) -> int | None:
    """None while it is being written."""
    try:
        return int((data / "postgres" / "server.pid").read_text())
    except (FileNotFoundError, ValueError):
        return None


def _is_free(port: int) -> bool:
    return port_is_free(HOST, port)


def test_a_database_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    url = f"postgresql://nobody:secret@{HOST}:{free_port()}/none"
    command = _command(tmp_path / "data", free_port(), "--database-url", url, "--redis-url", "redis://127.0.0.1:1")
    refused = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False)
    assert refused.returncode == 8
    assert "--database-url" in refused.stderr
    assert "secret" not in refused.stderr


def test_it_runs_on_servers_of_one_s_own(empty_database: str, valkey: Any, blob_folder: Path, tmp_path: Path) -> None:
    own = ["--database-url", empty_database, "--redis-url", valkey.admin, "--blob-url", blob_folder.as_uri()]
    command = _command(tmp_path / "data", free_port(), "--check", *own)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False)
    assert ended.returncode == 0, ended.stderr
    assert any(blob_folder.iterdir())
    assert not (tmp_path / "data" / "postgres").exists()
    assert not (tmp_path / "data" / "valkey").exists()
