"""Processes end with their parent, and are started again when they end by themselves."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.patience import allowed_s, until
from vocalverse.embedded.children import Children
from vocalverse.embedded.identity import Identity, identity, start
from vocalverse.embedded.server import HOST, port_is_free
from vocalverse.settings import environment_for

_PARENT = """
import signal, sys, time
from vocalverse.embedded.identity import Identity, start
child = start(["/bin/sleep", "60"], who=Identity(sys.argv[1]), ends_by=signal.SIGKILL, output=2)
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_process_ends_when_its_parent_is_killed() -> None:
    for who in {Identity.PLAIN, identity()}:
        with subprocess.Popen([sys.executable, "-c", _PARENT, who], stdout=subprocess.PIPE) as parent:
            assert parent.stdout
            pid = int(parent.stdout.readline())
            try:
                until(
                    lambda pid=pid: Path(f"/proc/{pid}/comm").read_text() == "sleep\n", "it has become another program"
                )
            finally:
                parent.kill()
        until(lambda pid=pid: not _lives(pid), "it has ended", within_s=allowed_s(2.0))


def test_a_process_whose_parent_has_gone_meanwhile_does_not_begin(tmp_path: Path) -> None:
    launch = Path(__file__).parents[2] / "vocalverse" / "embedded" / "launch.py"
    left = tmp_path / "left"
    nobody_s_child = [sys.executable, "-I", str(launch), "plain", "9", "1", "/bin/sh", "-c", f"touch {left}"]
    assert subprocess.run(nobody_s_child, capture_output=True, check=False).returncode != 0
    assert not left.exists()


def test_a_server_process_is_never_root() -> None:
    process = start(["/usr/bin/id", "-u"], who=identity(), ends_by=signal.SIGKILL, output=subprocess.PIPE)
    said, _ = process.communicate(timeout=60)
    assert int(said) != 0


def test_a_program_that_is_not_there_is_said_in_one_line() -> None:
    process = start(["/nowhere/postgres"], who=Identity.PLAIN, ends_by=signal.SIGKILL, output=subprocess.PIPE)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 126
    assert said.count(b"\n") == 1
    assert b"/nowhere/postgres" in said


def test_a_child_that_ends_is_started_again_after_a_rest_and_said(tmp_path: Path) -> None:
    said: list[str] = []
    children = Children(tmp_path, environment_for(tmp_path, {}), {"gateway": ("--version",)}, said.append)

    def ended_twice() -> bool:
        children.tend()
        return children.all[0].ends == 2

    try:
        until(ended_twice, "it has ended twice")
    finally:
        children.stop(within_s=1.0)
    assert len(said) == 2
    assert all("gateway ended (exit 0)" in line for line in said)
    assert children.all[0].last_word().startswith("vocalverse")


def test_a_port_is_free_unless_somebody_listens() -> None:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert not port_is_free(HOST, port)
    assert port_is_free(HOST, port)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
