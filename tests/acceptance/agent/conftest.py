"""A gateway, a folder and an agent between them."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent_gateway import KEY, Gateway, Venue
from vocalverse.agent.options import AgentOptions


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "takes"
    made.mkdir()
    return made


@pytest.fixture
def new_venue(gateway: Gateway, folder: Path) -> Callable[..., Venue]:
    def make(**changes: Any) -> Venue:
        chosen: dict[str, Any] = {
            "folder": folder,
            "server": gateway.url,
            "machine": "pc-1",
            "journal": folder / ".vocalverse" / "journal.sqlite3",
            "key": KEY,
            "once": True,
            "patience_s": 5.0,
            "settle_s": 0.02,
            "poll_s": 0.01,
            "first_wait_s": 0.02,
        }
        return Venue(folder, gateway, AgentOptions(**(chosen | changes)))

    return make


@pytest.fixture
def venue(new_venue: Callable[..., Venue]) -> Venue:
    return new_venue()
