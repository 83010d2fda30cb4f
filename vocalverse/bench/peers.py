"""Other Pythons, with peers that this package never loads: they run in processes of their own."""

import subprocess
from collections.abc import Sequence
from pathlib import Path


def python_with(module: str, pythons: Sequence[Path]) -> Path | None:
    """The first that has it."""
    return next((python for python in pythons if _has(python, module)), None)


def _has(python: Path, module: str) -> bool:
    asked = [str(python), "-c", f"import importlib.util, sys; sys.exit(not importlib.util.find_spec({module!r}))"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0
