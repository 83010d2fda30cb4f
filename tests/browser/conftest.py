"""Pages in a real Chromium. Where there is none the checks are left out and one line says so; in CI they fail."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import (  # noqa: F401 - fixtures
    database,
    migrated_template,
    postgres_server,
    shared_database,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_HERE = Path(__file__).parent
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if chromium() or os.environ.get("CI"):
        return
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(
                pytest.mark.skip(reason="no Chromium is installed here: the listening page is not looked at")
            )


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    path = chromium()
    assert path, "CI has to have a Chromium: the pages are looked at in it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--mute-audio"])
        yield browser
        browser.close()
