"""A course that was killed: what it saved is enough to end as if nothing had been."""

import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]


def run_child(folder: Path, *, pause_s: float = 0.0) -> "subprocess.Popen[bytes]":
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.course_child", str(folder), str(pause_s)]
    return subprocess.Popen(command, cwd=ROOT)


def test_a_killed_and_resumed_course_ends_on_the_same_bits_as_one_that_nobody_stopped(tmp_path: Path) -> None:
    """Killed twice, in the middle of an epoch."""
    assert run_child(tmp_path / "whole").wait(120) == 0
    seen = 0
    for _ in range(2):
        child = run_child(tmp_path / "killed", pause_s=0.2)
        seen = wait_for_another_state(tmp_path / "killed/state.pt", seen, child)
        child.send_signal(signal.SIGKILL)
        assert child.wait(30) == -signal.SIGKILL
        assert not (tmp_path / "killed/weights.safetensors").exists()
    assert run_child(tmp_path / "killed").wait(120) == 0
    found = {
        name: hashlib.sha256((tmp_path / name / "weights.safetensors").read_bytes()).hexdigest()
        for name in ("whole", "killed")
    }
    assert found["whole"] == found["killed"]


def wait_for_another_state(path: Path, seen: int, child: "subprocess.Popen[bytes]") -> int:
    """A few steps further than before."""
    for _ in range(600):
        time.sleep(0.1)
        assert child.poll() is None, "it ended before it could be killed"
        if path.exists():
            state = torch.load(path, weights_only=True)
            done = 100 * len(state["history"]) + state["step"]
            if done > seen + 1:
                return done
    raise AssertionError("it saved nothing within a minute")
