"""Starts a process that parses a stranger's file with next to no rights, and ends it whatever happens."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vocalverse.audio.formats import Format
from vocalverse.audio.wire import SAMPLE_RATE_HZ, Job

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_BOOT = (
    "import importlib, json, sys; sys.path[:] = json.loads(sys.argv[2])['import_from']; "
    "importlib.import_module(sys.argv[1]).main(sys.argv[2])"
)
_PYTHON = (sys.executable, "-I", "-S", "-B")
# One thread each: a pool of them would cost start-up, address space and another task's core.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_BUBBLEWRAP_PLACES = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap")
_FAREWELL_S = 1.0


@dataclass(frozen=True)
class DecodeLimits:
    """What one recording may cost at most."""

    max_s: float = 900.0  # of audio; decoding stops there
    memory_bytes: int = 768 * 2**20  # address space of the decoder: libraries take about a third
    cpu_s: int = 60  # fifteen minutes of Opus, the slowest, take about 3
    silent_s: float = 60.0  # without a byte from the decoder

    @property
    def max_frames(self) -> int:
        return round(self.max_s * SAMPLE_RATE_HZ)


@dataclass(frozen=True)
class Surroundings:
    """What a confined process has to be told, for it has neither site nor environment to find its way."""

    import_from: list[str]
    parent_pid: int  # 0 where it cannot be seen from inside


@contextmanager
def decoding(file: BinaryIO, kind: Format, limits: DecodeLimits) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that decodes `file` to its standard output. It is dead when the block is left."""
    with confined("vocalverse.audio.decoder_child", lambda around: _job(kind, limits, around), file) as process:
        yield process


@contextmanager
def confined(
    child: str, job: "Callable[[Surroundings], DataclassInstance]", file: BinaryIO
) -> Iterator["subprocess.Popen[bytes]"]:
    """`main` of the module `child`, given its job as JSON and `file` as standard input. It is dead in the end."""
    walls = _bubblewrap()
    entries = dict.fromkeys([str(_PACKAGE_ROOT), *filter(os.path.isabs, sys.path)])
    told = job(Surroundings(list(entries), parent_pid=0 if walls else os.getpid()))
    offset = os.lseek(file.fileno(), 0, os.SEEK_CUR)  # the child shares it
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    with subprocess.Popen(
        [*walls, *_PYTHON, "-c", _BOOT, child, json.dumps(asdict(told))],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd="/",
        env=_ENVIRONMENT,
        start_new_session=True,
    ) as process:
        try:
            yield process
            _let_end(process)
        finally:
            process.kill()
            process.wait()
            os.lseek(file.fileno(), offset, os.SEEK_SET)


def _let_end(process: "subprocess.Popen[bytes]") -> None:
    """It has said all: an end of its own leaves no orphan of bubblewrap's for init to bury."""
    try:
        process.wait(_FAREWELL_S)
    except subprocess.TimeoutExpired:
        pass


def _job(kind: Format, limits: DecodeLimits, around: Surroundings) -> Job:
    return Job(
        import_from=around.import_from,
        container=kind.container,
        codec=kind.codec,
        parent_pid=around.parent_pid,
        max_frames=limits.max_frames,
        memory_bytes=limits.memory_bytes,
        cpu_s=limits.cpu_s,
    )


@cache
def _bubblewrap() -> tuple[str, ...]:
    """The walls around the decoder where bubblewrap is installed and allowed: no network, nothing to write to."""
    for place in filter(os.path.exists, _BUBBLEWRAP_PLACES):
        walls = (
            *(place, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
            *("--ro-bind", "/", "/", "--dev", "/dev", "--tmpfs", "/proc", "--remount-ro", "/proc"),
            "--",
        )
        if _works([*walls, *_PYTHON, "-c", "pass"]):
            return walls
    return ()


def _works(command: list[str]) -> bool:
    tried = subprocess.run(
        command, check=False, stdin=subprocess.DEVNULL, capture_output=True, cwd="/", env=_ENVIRONMENT
    )
    return tried.returncode == 0
