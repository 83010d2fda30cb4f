"""Checks that need a GPU are left out where there is none, and one line says so."""

from pathlib import Path

import pytest
import torch

_HERE = Path(__file__).parent
_left_out = 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if torch.cuda.is_available():
        return
    need_a_gpu = [item for item in items if _HERE in item.path.parents]
    items[:] = [item for item in items if item not in need_a_gpu]
    config.hook.pytest_deselected(items=need_a_gpu)
    global _left_out  # noqa: PLW0603 - pytest has no place of its own for it
    _left_out = len(need_a_gpu)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _left_out:
        terminalreporter.write_line(f"{_left_out} checks left out: torch sees no NVIDIA GPU here (tests/gpu).")
