"""What is installed, and what never is."""

import re
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
LOCKS = ("requirements.lock", "requirements-test.lock")


def packages(lock: str) -> dict[str, str]:
    """By name, with version and marker."""
    text = (DEPLOY / lock).read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(.*?)\s*\\$", text, re.MULTILINE))


def struck_out() -> list[str]:
    text = (DEPLOY / "overrides.in").read_text()
    return re.findall(r'^([a-z0-9-]+); python_version < "3"$', text, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_holds_what_must_not_be_installed(lock: str) -> None:
    named = packages(lock)
    assert {"torch", "torchvision", "diffq", "openvino-telemetry"} <= set(struck_out())
    assert {name for name in named if name in struck_out() or name.startswith("nvidia-")} == set()
    assert {"audio-separator", "safetensors", "numpy"} <= set(named)


def test_tests_run_on_the_versions_that_are_served() -> None:
    served, tested = map(packages, LOCKS)
    assert served.items() <= tested.items()


def test_every_package_is_held_to_its_bytes() -> None:
    for lock in LOCKS:
        text = (DEPLOY / lock).read_text()
        assert len(re.findall(r" \\\n +--hash=sha256:[0-9a-f]{64}", text)) >= len(packages(lock)) > 80
