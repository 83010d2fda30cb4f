"""What a bench runs in processes of their own, so that time and memory are theirs: each says one line of JSON at last."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from vocalverse.errors import Unavailable

Found = dict[str, Any]


def ask(*command: str, environment: Mapping[str, str] | None = None) -> Found:
    """What it found. Its environment is ours where none is given."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise Unavailable(f"The bench's own process failed: {done.stderr.strip()[-2000:]}")
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def ask_module(module: str, *said: object) -> Found:
    return ask(sys.executable, "-m", module, *map(str, said))
