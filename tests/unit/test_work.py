"""`vocalverse work` where something is missing."""

import subprocess
import sys

WITHOUT_PITCH = "import sys; sys.modules['swift_f0'] = None; from vocalverse.cli import main; main(['work'])"
ADDRESSES = {
    "VOCALVERSE_WORKER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "VOCALVERSE_WORKER_REDIS_URL": "redis://127.0.0.1:1",
}


def test_without_what_hears_no_worker_begins_and_what_is_missing_is_named() -> None:
    """In one sentence, instead of workers that end and are started again for ever."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PITCH], env=ADDRESSES, capture_output=True, text=True, check=False
    )
    assert done.returncode == 8
    assert done.stderr.startswith("Error: Nothing can be heard here: swift_f0 missing. deploy/up installs")
