"""What an agent may be told, and how people write sizes and times."""

import re
from dataclasses import dataclass
from pathlib import Path

from vocalverse.errors import BadInput

JOURNAL = Path(".vocalverse") / "journal.sqlite3"  # inside the watched folder

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|)", re.IGNORECASE)
_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SECONDS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True)
class AgentOptions:
    """One agent watches one folder for one venue."""

    folder: Path
    server: str  # https://host[:port]
    machine: str  # names this computer in health reports, and in recordings that name none
    journal: Path
    room: str | None = None
    key: str = ""
    key_file: Path | None = None  # wins over `key`; read again while the server refuses the key

    bandwidth: int | None = None  # bytes per second that uploads may use
    disk_budget: int | None = None  # bytes in the folder, past which acknowledged files go early
    grace_s: float = 86400.0  # an acknowledged file lives so much longer
    keep: bool = False  # never delete anything

    once: bool = False  # upload what is there, then end
    patience_s: float = 300.0  # `once` gives up after so long without getting anywhere
    settle_s: float = 5.0  # a file is taken when it has not changed for so long
    poll_s: float = 1.0  # between two looks at the folder
    single_bytes: int = 8 * 2**20  # up to this size one request is enough
    health_every_s: float = 60.0
    first_wait_s: float = 1.0  # after the first failure; doubles with each

    def __post_init__(self) -> None:
        """These go into every recording's metadata: a bad one would have all of them refused."""
        for option, name in (("--machine", self.machine), ("--room", self.room)):
            if name is not None and not (
                len(name) <= 100 and name.isprintable() and name.strip(". ") and "/" not in name
            ):
                raise BadInput(f"{option} {name!r} is no name: write 1 to 100 printable characters without a slash.")


def parse_size(text: str) -> int:
    """'2M', '20 GB' or '512KiB' in bytes; the letters are powers of 1024."""
    if not (found := _SIZE.fullmatch(text.strip())):
        raise BadInput(f"{text!r} is not a size: write bytes, or a number with K, M, G or T, such as 2M.")
    return int(float(found[1]) * _BYTES[found[2].upper()])


def parse_duration(text: str) -> float:
    """'24h', '90 s', '2d' or '300' in seconds."""
    if not (found := _DURATION.fullmatch(text.strip())):
        raise BadInput(f"{text!r} is not a time: write seconds, or a number with s, m, h or d, such as 24h.")
    return float(found[1]) * _SECONDS[found[2].lower()]
