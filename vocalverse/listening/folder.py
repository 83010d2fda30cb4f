"""Where sound that is made for listeners lies: gone with the process, and what a killed one left with the next."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = "lock"


@contextmanager
def passing_folder(within: Path) -> Iterator[Path]:
    """One of our own in `within`, which is held as long as this lasts."""
    within.mkdir(parents=True, exist_ok=True)
    _clear(within)
    with tempfile.TemporaryDirectory(dir=within) as folder, Path(folder, _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(folder)


def _clear(within: Path) -> None:
    for lock in within.glob(f"*/{_LOCK}"):
        with lock.open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # somebody listens there
            shutil.rmtree(lock.parent, ignore_errors=True)
