"""The scrubber and the purger against real rows and real blobs."""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, insert, text

from tests.seeding import add_venue
from vocalverse.ids import uuid7
from vocalverse.store.accept import accept_at_once
from vocalverse.store.blobs import LocalBlobs
from vocalverse.store.recordings import delete_recording
from vocalverse.store.scrub import Fault, purge_due, scrub_blobs, scrub_rows
from vocalverse.store.tables import Purge
from vocalverse.store.uploads import Announced


@pytest.fixture
def engine(database: Any) -> Iterator[Engine]:
    engine = create_engine(database.owner.replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()


@pytest.fixture
def venue_id(engine: Engine) -> UUID:
    with engine.begin() as connection:
        return add_venue(connection)


@pytest.fixture
def blobs(blob_folder: Path) -> LocalBlobs:
    return LocalBlobs(blob_folder)


def take_in(engine: Engine, blobs: LocalBlobs, folder: Path, venue_id: UUID, sound: bytes) -> UUID:
    recording_id, path = uuid7(), folder / "take"
    path.write_bytes(sound)
    blobs.adopt(venue_id, recording_id, "audio", path)
    announced = Announced(venue_id, recording_id.hex, len(sound), hashlib.sha256(sound).digest(), {})
    with engine.begin() as connection:
        return accept_at_once(connection, announced, part_bytes=2**20, recording_id=recording_id).recording_id


def test_missing_damaged_and_orphaned_blobs_are_found(
    engine: Engine, blobs: LocalBlobs, venue_id: UUID, tmp_path: Path
):
    whole, missing, damaged = (take_in(engine, blobs, tmp_path, venue_id, os.urandom(100)) for _ in range(3))
    blobs.delete_prefix(venue_id, missing)
    (blobs.root / str(venue_id) / str(damaged) / "audio").write_bytes(b"rot")
    orphan, young = uuid7(), uuid7()
    for recording_id in (orphan, young):
        (tmp_path / "stray").write_bytes(b"stray")
        blobs.adopt(venue_id, recording_id, "audio", tmp_path / "stray")
    long_ago = time.time() - 3600
    for recording_id in (orphan, whole):
        os.utime(blobs.root / str(venue_id) / str(recording_id) / "audio", (long_ago, long_ago))
    with engine.connect() as connection:
        found = {(one.fault, one.key.recording_id) for one in scrub_rows(connection, blobs)}
        assert found == {(Fault.MISSING, missing), (Fault.DAMAGED, damaged)}
        strays = list(scrub_blobs(connection, blobs, younger_than_s=600))
        assert [(one.fault, one.key.recording_id, one.size) for one in strays] == [(Fault.ORPHANED, orphan, 5)]
        assert len(list(scrub_blobs(connection, blobs, younger_than_s=600, delete=True))) == 1
    assert not blobs.exists(venue_id, orphan, "audio")
    assert blobs.exists(venue_id, young, "audio")
    assert blobs.exists(venue_id, whole, "audio")


def test_sound_that_was_purged_on_purpose_is_not_missed(
    engine: Engine, blobs: LocalBlobs, venue_id: UUID, tmp_path: Path
):
    recording_id = take_in(engine, blobs, tmp_path, venue_id, b"sound")
    with engine.begin() as connection:
        connection.execute(
            insert(Purge).values(id=uuid7(), venue_id=venue_id, recording_id=recording_id, due_at=text("now()"))
        )
    assert purge_due(engine, blobs) == 1
    assert purge_due(engine, blobs) == 0
    assert not blobs.exists(venue_id, recording_id, "audio")
    with engine.connect() as connection:
        assert list(scrub_rows(connection, blobs)) == []


def test_what_a_late_worker_wrote_after_deletion_is_purged_again(
    engine: Engine, blobs: LocalBlobs, venue_id: UUID, tmp_path: Path
):
    recording_id = take_in(engine, blobs, tmp_path, venue_id, b"sound")
    with engine.begin() as connection:
        delete_recording(connection, recording_id, venue_id=venue_id, actor="test", last_lease_s=1.0)
    assert purge_due(engine, blobs) == 1
    (tmp_path / "late").write_bytes(b"written by a worker that did not know")
    blobs.adopt(venue_id, recording_id, "stems", tmp_path / "late")
    time.sleep(1.1)
    assert purge_due(engine, blobs) == 1
    assert list(blobs.list()) == []
