"""The agent as a venue runs it: a real process, killed, stopped and asked."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.agent_gateway import KEY, Fault, Gateway, Venue
from tests.patience import allowed_s, until
from vocalverse.agent.journal import Journal, Ownership
from vocalverse.cli import main

CHILD = (sys.executable, "-c", "from vocalverse.cli import main; main()")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "venue.key"
    path.write_text(KEY + "\n")
    return path


@pytest.fixture
def start(venue: Venue, key_file: Path) -> Iterator[Start]:
    """Starts `vocalverse agent run` on the venue's folder; whatever still runs at the end is killed."""
    children: list[subprocess.Popen[str]] = []

    def start(*options: str) -> "subprocess.Popen[str]":
        given = ("--server", venue.gateway.url, "--key-file", str(key_file), "--settle", "50ms")
        child = subprocess.Popen(
            [*CHILD, "agent", "run", str(venue.folder), *given, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["agent", *map(str, arguments)])


def put_take_in_parts(venue: Venue, size: int) -> bytes:
    """A backing sends it the way of parts, whatever its size."""
    content = os.urandom(size)
    (venue.folder / "b.ogg").write_bytes(b"backing")
    venue.put("a.wav", content, {"backing": "b.ogg"})
    return content


def test_an_agent_killed_again_and_again_uploads_every_part_once_and_makes_one_recording(
    venue: Venue, gateway: Gateway, start: Start
):
    content = put_take_in_parts(venue, 12_000)
    for parts in (2, 6):
        child = start("--bandwidth", "5K")  # ten parts are left for two seconds: time enough to be killed
        until(lambda parts=parts: len(gateway.lines("/parts/")) >= parts, f"{parts} parts have arrived")
        child.kill()
        child.wait()
    done = start("--once")
    out, _ = done.communicate(timeout=60)
    assert (done.returncode, out) == (0, "1 uploaded, 0 refused.\n")
    assert list(gateway.contents.values()) == [content]
    assert len(gateway.uploads) == 1
    assert len(gateway.lines("/parts/")) == 12
    assert len(gateway.lines("/backing")) == 1


def test_an_agent_killed_while_the_answer_was_on_its_way_makes_no_second_recording(
    venue: Venue, gateway: Gateway, start: Start
):
    venue.put("a.wav", b"content")
    gateway.faults = [Fault("/content", kind="lose", times=1000)]
    child = start()
    until(lambda: gateway.contents, "it has arrived")
    child.kill()
    child.wait()
    gateway.faults = []
    assert start("--once").wait(60) == 0
    assert len(gateway.contents) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_mid_part_ends_it_within_two_seconds_and_the_next_goes_on(
    venue: Venue, gateway: Gateway, start: Start, number: signal.Signals
):
    gateway.part_bytes = 10**6
    content = put_take_in_parts(venue, 50_000)
    child = start("--bandwidth", "2K")
    until(lambda: gateway.received > 1_000, "the first part is on its way")
    began = time.monotonic()
    child.send_signal(number)
    assert child.wait(60) == 0
    assert time.monotonic() - began < allowed_s(2.0)
    assert start("--once").wait(60) == 0
    assert list(gateway.contents.values()) == [content]


def test_a_server_that_never_answers_does_not_hold_up_the_end(venue: Venue, gateway: Gateway, start: Start):
    venue.put("a.wav", b"content")
    gateway.faults = [Fault("/content", kind="stall")]
    child = start()
    until(lambda: gateway.lines("/content"), "the server was asked")
    began = time.monotonic()
    child.terminate()
    assert child.wait(60) == 0
    assert time.monotonic() - began < allowed_s(2.0)


def test_a_watching_agent_reports_its_health_takes_new_files_and_stays_small(
    venue: Venue, gateway: Gateway, start: Start
):
    gateway.date_offset_s = -300
    child = start("--machine", "pc 7", "--room", "3", "--grace", "0")
    until(lambda: gateway.health, "it reports its health")
    health = gateway.health[0]
    assert health["machine"] == "pc%207"
    assert health["room"] == "3"
    assert (health["backlog_count"], health["backlog_bytes"]) == (0, 0)
    assert health["disk_free_bytes"] > 0
    assert 295 < health["clock_skew_s"] < 305
    path = venue.put("a.wav", os.urandom(6 * 2**20))
    until(lambda: gateway.contents, "it has arrived")
    until(lambda: not path.exists(), "what was taken is deleted")
    status = Path(f"/proc/{child.pid}/status").read_text()
    resident_kib = int(status.split("VmHWM:")[1].split()[0])
    assert resident_kib < 80 * 1024


def test_once_says_what_was_refused_and_exits_with_3(venue: Venue, gateway: Gateway, start: Start):
    gateway.faults = [Fault("/content", status=422, code="bad_metadata")]
    venue.put("a.wav", b"content")
    child = start("--once", "--json")
    out, _ = child.communicate(timeout=60)
    assert child.returncode == 3
    (item,) = json.loads(out)["items"]
    assert (item["name"], item["state"], item["error_code"]) == ("a.wav", "rejected", "bad_metadata")
    shown = call("status", "--folder", venue.folder)
    assert "bad_metadata" in shown.output
    assert json.loads(call("status", "--folder", venue.folder, "--json").output)["counts"]["rejected"] == 1
    assert call("retry", "77", "--folder", venue.folder).exit_code == 4
    assert call("retry", item["id"], "--folder", venue.folder).output == "1 put back.\n"
    assert start("--once").wait(60) == 0
    assert list(gateway.contents.values()) == [b"content"]


def test_once_with_a_bad_key_exits_with_6_and_never_shows_the_key(venue: Venue, start: Start, key_file: Path):
    key_file.write_text("vv_wrong.topsecret")
    venue.put("a.wav", b"content")
    child = start("--once")
    out, err = child.communicate(timeout=60)
    assert child.returncode == 6
    assert "topsecret" not in out + err
    assert (venue.folder / "a.wav").exists()


def test_a_second_agent_on_the_same_folder_says_so(venue: Venue, start: Start):
    with Ownership(venue.options.journal):
        child = start("--once")
        _, err = child.communicate(timeout=60)
    assert child.returncode == 9
    assert "Another agent" in err


def test_what_a_terminal_is_shown_holds_no_escape_sequences_of_others(venue: Venue):
    with Journal(venue.options.journal) as journal:
        venue.put("\x1b[2Jevil[bold].wav", b"x")
        venue.put("b.wav", b"x", sidecar=[])
        venue.work()
        evil = next(item for item in journal.items(*journal.counts()) if "evil" in item.name)
        journal.reject(evil, "bad", "\x1b]0;title\x07[red]")
    shown = call("status", "--folder", venue.folder).output
    assert "\x1b" not in shown
    assert "bad_sidecar" in shown


def test_check_says_one_sentence_for_each_thing_that_has_to_be_right(gateway: Gateway, key_file: Path):
    gateway.date_offset_s = 120
    checked = call("check", "--server", gateway.url, "--key-file", key_file)
    assert checked.exit_code == 0
    assert checked.output.splitlines() == [
        f"The server at {gateway.url} answers.",
        "The key is valid and may upload.",
        next(line for line in checked.output.splitlines() if "s behind the server's: set it" in line),
    ]


@pytest.mark.parametrize(("status", "exit_status"), [(401, 6), (403, 6), (503, 8)])
def test_check_says_what_is_wrong_with_the_key_or_the_server(
    gateway: Gateway, key_file: Path, status: int, exit_status: int
):
    gateway.faults = [Fault("/v1/uploads", status=status)]
    checked = call("check", "--server", gateway.url, "--key-file", key_file, "--json")
    assert checked.exit_code == exit_status
    said = json.loads(checked.output)
    assert (said["reached"], said["key_valid"]) == (True, False)


def test_check_says_when_nobody_answers(key_file: Path):
    checked = call("check", "--server", "http://127.0.0.1:9", "--key-file", key_file)
    assert checked.exit_code == 8
    assert "does not answer" in checked.output


def test_a_folder_that_is_none_is_said_in_a_sentence(venue: Venue, start: Start):
    venue.folder.rmdir()
    child = start()
    _, err = child.communicate(timeout=60)
    assert child.returncode == 2
    assert "is no folder" in err


def test_a_wrong_address_and_a_missing_key_or_journal_are_said_in_a_sentence(tmp_path: Path, key_file: Path):
    assert "no server's address" in call("check", "--server", "judge", "--key-file", key_file).output
    assert "cannot be read" in call("check", "--server", "http://x:1", "--key-file", tmp_path / "none").output
    assert "no journal" in call("status", "--folder", tmp_path).output
    both = call("run", tmp_path, "--server", "http://x:1", "--key-file", key_file, "--keep", "--disk-budget", "1G")
    assert "give one of them" in both.output
    named = call("run", tmp_path, "--server", "http://x:1", "--key-file", key_file, "--room", "x" * 101)
    assert "1 to 100 printable" in named.output
