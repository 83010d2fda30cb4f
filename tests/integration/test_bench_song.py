"""Songs of the bench on their way through the queue: real servers, and a worker that judges nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from vocalverse.bench import noop
from vocalverse.bench.house import House
from vocalverse.bench.song import through_queue
from vocalverse.embedded.first_release import FIRST


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path / "house", assessor=noop.ASSESSOR) as house:
        yield house


def test_songs_go_through_the_queue_to_a_worker_that_has_the_release(house: House, tmp_path: Path):
    song = tmp_path / "song.flac"
    song.write_bytes(b"no sound")
    assert 0 <= through_queue(house, song, FIRST, 3) < 60
    assert house.column("SELECT DISTINCT release || ' ' || state FROM tasks") == [f"{FIRST} done"]
