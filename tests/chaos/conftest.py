"""A house that may be broken, a venue that keeps a ledger, and a short song."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.chaos.breakable import BreakableHouse
from tests.chaos.ledger import Ledger
from tests.chaos.songs import short_song


@pytest.fixture(scope="session")
def song() -> bytes:
    """Six real seconds of somebody singing, as FLAC."""
    return short_song()


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Callable[..., BreakableHouse]]:
    """`open_house(workers=2, run_lease_s=1)`: Postgres and Valkey, gateway, dispatcher and so many workers."""
    with _houses(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def open_shared_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., BreakableHouse]]:
    """As `open_house`, for all tests of a module that leave it whole."""
    with _houses(tmp_path_factory.mktemp("shared")) as opened:
        yield opened


@pytest.fixture(scope="session")
def standing_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BreakableHouse]:
    """With one worker, for tests that leave it as they found it. They are about deliveries: a task that has begun has
    all the time that a busy machine may need.
    """
    folder = tmp_path_factory.mktemp("standing") / "house"
    with BreakableHouse(folder, run_lease_s=30, stall_limit_s=60, task_limit_s=120) as house:
        house.open(workers=1)
        yield house


@pytest.fixture
def open_ledger() -> Iterator[Callable[..., Ledger]]:
    with ExitStack() as ledgers:
        yield lambda house, slug="venue": ledgers.enter_context(Ledger(house, slug))


@contextmanager
def _houses(folder: Path) -> Iterator[Callable[..., BreakableHouse]]:
    with ExitStack() as houses:

        def opened(*, workers: int = 1, **settings: object) -> BreakableHouse:
            house = houses.enter_context(BreakableHouse(folder / "house", **settings))
            house.open(workers=workers)
            return house

        yield opened
