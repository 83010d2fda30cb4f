"""This machine: Python, packages, disk, and the walls around the decoder."""

import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec

from vocalverse.cli.checks import Finding, bad, good, note
from vocalverse.cli.output import in_bytes
from vocalverse.settings import Settings

_OLDEST = (3, 11)
_SERVER_PACKAGES = (
    "alembic",
    "av",
    "fastapi",
    "numpy",
    "obstore",
    "prometheus_client",
    "psycopg",
    "pydantic",
    "redis",
    "rq",
    "scipy",
    "soundfile",
    "soxr",
    "sqlalchemy",
    "uvicorn",
)
_LITTLE_SPACE = 5 * 2**30
_NO_SPACE = 2**30


def check_python(_settings: Settings) -> Iterator[Finding]:
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info < _OLDEST:
        yield bad("Python", found, "install Python 3.11 or newer and make the environment again")
    else:
        yield good("Python", found)


def check_packages(_settings: Settings) -> Iterator[Finding]:
    missing = [name for name in _SERVER_PACKAGES if find_spec(name) is None]
    if missing:
        todo = "pip install 'vocalverse[server,embedded,hear,train]'; on a venue's machine use `vocalverse agent check` instead"
        yield bad("packages", f"{', '.join(missing)} missing", todo)
    else:
        yield good("packages", f"all {len(_SERVER_PACKAGES)} of a server are there")


def check_data_folder(settings: Settings) -> Iterator[Finding]:
    about, folder = "data folder", settings.data
    if not folder.is_dir():
        yield note(about, f"{folder} is not there yet", "`vocalverse up` makes it; VOCALVERSE_DATA names another")
        return
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x" * 4096)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as trouble:
        todo = "give this user the folder, or name another by VOCALVERSE_DATA"
        yield bad(about, f"{folder} cannot be written to ({trouble.strerror})", todo)
        return
    free = shutil.disk_usage(folder).free
    said = f"{folder}, {in_bytes(free)} free"
    if free < _NO_SPACE:
        yield bad(about, said, "make room: recordings are refused when the disk is full")
    elif free < _LITTLE_SPACE:
        yield note(about, said, "make room soon: recordings are refused when the disk is full")
    else:
        yield good(about, said)
    stack = folder / "stack.json"
    if stack.is_file() and stat.S_IMODE(stack.stat().st_mode) & 0o077:
        yield bad(about, f"others can read {stack}, which holds passwords", f"chmod 600 {stack}")


def check_sandbox(_settings: Settings) -> Iterator[Finding]:
    about = "decoder"
    limited = "runs in a child with limits of memory, time and files"
    walls = shutil.which("bwrap")
    if walls is None:
        yield note(about, f"{limited}; no bubblewrap", "install bubblewrap for walls against network and disk as well")
        return
    tried = subprocess.run(
        [walls, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", sys.executable, "-I", "-S", "-c", ""],
        capture_output=True,
        timeout=20,
        check=False,
    )
    if tried.returncode:
        said = tried.stderr.decode(errors="replace").strip().splitlines()
        why = said[-1] if said else f"exit status {tried.returncode}"
        yield note(about, f"{limited}; bubblewrap is not allowed here ({why})", "allow unprivileged user namespaces")
    else:
        yield good(about, f"{limited}, behind bubblewrap")
