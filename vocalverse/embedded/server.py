"""What both embedded servers have in common: a folder, a port of their own, a process, and an orderly end."""

import errno
import os
import re
import signal
import socket
import stat
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from vocalverse.embedded.identity import Identity, identity, start
from vocalverse.errors import BadSettings, DiskFull, Unavailable, VocalVerseError

HOST = "127.0.0.1"

_POLL_S = 0.01
_LEFTOVER_S = 10.0  # for the servers of a supervisor that was killed
_LARGEST_LOG = 8 * 2**20
_TRIES = 5  # another program may take the port between our look and the server's
_TELLING = re.compile(r"FATAL|PANIC|ERROR|[Ee]rror:|invalid value|Can't")
_TIMESTAMP = re.compile(r"^[-\d]+ [:.\d]+ UTC \[\d+\] ")
# The servers see nothing of our environment, which may hold secrets.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class EmbeddedServer(ABC):
    """One server of ours. To be started by the main thread, see `identity.launched`."""

    name: ClassVar[str]
    stops_by: ClassVar[signal.Signals]
    stops_at_once_by: ClassVar[signal.Signals]  # also sent by Linux when this process dies

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / f"{self.name}.log"
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._log_sizes: dict[Path, int] = {}

    @abstractmethod
    def prepare(self) -> None:
        """Make or check the files that the server needs."""

    @abstractmethod
    def configure(self) -> None:
        """Write the configuration, with the port in it."""

    @abstractmethod
    def command(self) -> Sequence[str]: ...

    @abstractmethod
    def is_ready(self) -> bool: ...

    def start(self, *, within_s: float = 60.0) -> None:
        """Return when the server answers."""
        self.make_folder(self.folder)
        _check_reach(self.folder)
        self._end_leftover()
        self._cut_log()
        self.prepare()
        self.port = self._choose_port(anew=False)
        for _ in range(_TRIES):
            self.configure()
            own(self.folder)
            self._spawn()
            if self._wait(within_s):
                return
            if not self._mended():
                break
        failure = self.failure(f"{self.name.capitalize()} did not start")
        self.stop()
        raise failure

    def stop(self, *, within_s: float = 3.0) -> None:
        """In order if that is quick enough, else at once: it recovers when it is started again."""
        if self.process is None:
            return
        for number, patience_s in (
            (self.stops_by, within_s),
            (self.stops_at_once_by, 1.0),
            (signal.SIGKILL, 5.0),
        ):
            if self.process.poll() is None:
                self.process.send_signal(number)
            try:
                self.process.wait(timeout=patience_s)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None
        self._pid_file.unlink(missing_ok=True)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def run(self, command: Sequence[str]) -> "subprocess.CompletedProcess[bytes]":
        """A program of the server's own, to its end, as the server would run."""
        running = start(
            command, who=identity(), ends_by=signal.SIGKILL, output=subprocess.PIPE, environment=_ENVIRONMENT
        )
        said, _ = running.communicate()
        return subprocess.CompletedProcess(command, running.returncode, said, b"")

    def failure(self, what: str, said: str | None = None) -> VocalVerseError:
        """What to raise, with the server's own last words."""
        said = said if said is not None else self.last_words()
        if "No space left on device" in said:
            return DiskFull(f"{what}: the disk with {self.folder} is full. Make room there and start again.")
        lines = [_TIMESTAMP.sub("", line.strip()) for line in said.splitlines() if _TELLING.search(line)]
        return Unavailable(f"{what}: {' '.join(lines[:2]) or 'it said nothing'}. More in {self.log}.")

    def logs(self) -> list[Path]:
        return [self.log] if self.log.is_file() else []

    def last_words(self) -> str:
        """What it said since it was started last."""
        return "".join(_tail(log, since=self._log_sizes.get(log, 0)) for log in self.logs())

    def make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True, mode=0o700)

    def _spawn(self) -> None:
        self._log_sizes = {log: log.stat().st_size for log in self.logs()}
        with self.log.open("ab") as log:
            self.process = start(
                self.command(), who=identity(), ends_by=self.stops_at_once_by, output=log, environment=_ENVIRONMENT
            )
        self._pid_file.write_text(str(self.process.pid))

    def _wait(self, within_s: float) -> bool:
        until = time.monotonic() + within_s
        while time.monotonic() < until and self.alive():
            if self.is_ready():
                return True
            time.sleep(_POLL_S)
        return False

    def _choose_port(self, *, anew: bool) -> int:
        """The same as last time, so that addresses stay, unless another program has it now."""
        kept = self.folder / "port"
        port = int(kept.read_text()) if kept.is_file() and not anew else 0
        if not port or not port_is_free(HOST, port):
            port = _any_free_port()
            kept.write_text(f"{port}\n")
        return port

    def _mended(self) -> bool:
        """It ended for a reason that does not last, and may be started again."""
        said = "" if self.alive() else self.last_words()
        if re.search("[Aa]ddress already in use", said):
            self.port = self._choose_port(anew=True)
            return True
        if "pre-existing shared memory block" in said:  # the children of a killed Postgres are about to notice
            time.sleep(1.0)
            return True
        return False

    def _cut_log(self) -> None:
        if self.log.is_file() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))

    @property
    def _pid_file(self) -> Path:
        return self.folder / "server.pid"

    def _end_leftover(self) -> None:
        """A supervisor that was killed may have left its server, and this folder is ours now."""
        pid = int(self._pid_file.read_text() or 0) if self._pid_file.is_file() else 0
        until = time.monotonic() + _LEFTOVER_S
        while pid and _runs_in(pid, self.folder):
            if time.monotonic() > until:
                os.kill(pid, signal.SIGKILL)
            else:
                os.kill(pid, self.stops_at_once_by)
            time.sleep(0.1)


def _tail(log: Path, *, since: int) -> str:
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 4096, since if since <= size else 0))
        return file.read().decode(errors="replace")


def _check_reach(folder: Path) -> None:
    if identity() is not Identity.NOBODY:
        return
    closed = next((parent for parent in folder.resolve().parents if not parent.stat().st_mode & stat.S_IXOTH), None)
    if closed:
        raise BadSettings(
            f"This machine forbids user namespaces, so root's servers run as nobody, who may not enter {closed}: choose"
            " a folder that everybody may enter with --data, such as /var/lib/vocalverse, or run this as another user."
        )


def own(folder: Path) -> None:
    """Give all in `folder` to whom the servers run as. Nothing happens where they run as ourselves."""
    if os.geteuid() != 0:
        return
    owner = identity().owner
    for path in (folder, *folder.rglob("*")):
        if path.lstat().st_uid != owner:
            os.lchown(path, owner, owner)


def write_private(path: Path, text: str) -> None:
    """All or nothing, and for its owner's eyes alone."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def port_is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do, so that connections of a server that has just ended are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as refused:
            if refused.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _runs_in(pid: int, folder: Path) -> bool:
    """Is `pid` a process whose command names `folder`? Process ids are used again."""
    try:
        said = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        said = listed.stdout
    return str(folder) in said
