"""A running gateway for the tests of one module, and a venue of its own for every test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway_house import Gateway, Venue

PART_BYTES = 100_000


@pytest.fixture(scope="module")
def gateway(shared_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    gateway = Gateway(
        shared_database.owner,
        shared_database.ingest,
        tmp_path_factory.mktemp("gateway"),
        {"part_bytes": PART_BYTES, "max_single_bytes": 2**20, "max_recording_bytes": 4 * 2**20},
    ).start()
    yield gateway
    gateway.stop()


@pytest.fixture
def venue(gateway: Gateway) -> Iterator[Venue]:
    venue = gateway.venue()
    yield venue
    venue.http.close()


@pytest.fixture
def start(shared_database: Any, tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """Start gateways with settings of the test's own; they end with it."""
    started: list[Gateway] = []

    def starting(**settings: object) -> Gateway:
        gateway = Gateway(shared_database.owner, shared_database.ingest, tmp_path / f"gateway{len(started)}", settings)
        started.append(gateway)
        return gateway.start()

    yield starting
    for gateway in started:
        gateway.stop()
