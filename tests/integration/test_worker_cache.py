"""What encoders made of a recording goes with it, on whichever machine it lies."""

import base64
import hashlib
import io
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import httpx
import numpy as np
import pytest
import soundfile
from sqlalchemy import Engine, text

from tests.seeding import add_tasks, add_venue
from vocalverse.bench.house import House
from vocalverse.bench.noop import ASSESSOR
from vocalverse.models.cache.cache import CacheKey, EncoderCache
from vocalverse.models.encoders.encoder import Frames
from workers import tidy


@pytest.fixture
def recordings(owner: Engine) -> list[UUID]:
    """Three, of which the second was deleted, and the sound of the third went after its judging."""
    with owner.begin() as connection:
        tasks = add_tasks(connection, add_venue(connection), 3)
        ids = [connection.scalar(text("SELECT recording_id FROM tasks WHERE id = :id"), {"id": id}) for id in tasks]
        connection.execute(text("DELETE FROM tasks WHERE recording_id = :id"), {"id": ids[1]})
        connection.execute(text("DELETE FROM recordings WHERE id = :id"), {"id": ids[1]})
        connection.execute(text("UPDATE recordings SET audio_deleted_at = now() WHERE id = :id"), {"id": ids[2]})
    return ids


def filled(folder: Path, names: Sequence[str]) -> EncoderCache:
    cache = EncoderCache(folder)
    for name in names:
        cache.frames(CacheKey(name, "ab", 1), _frames)
        cache.pooled(CacheKey(name, "ab", 1), _frames)
    return cache


def _frames() -> Frames:
    return Frames(np.ones((100, 8), np.float32), np.zeros(100), np.ones(100, np.float32))


def test_recordings_that_were_deleted_are_forgotten_and_others_and_clips_of_manifests_are_not(
    engine: Engine, recordings: list[UUID], tmp_path: Path
) -> None:
    clips = ["a clip", "ab" * 32, recordings[1].hex]
    cache = filled(tmp_path, [*map(str, recordings), *clips])
    assert set(tidy.forget_deleted(engine, cache)) == set(recordings[1:])
    assert cache.stats().recordings == 1 + len(clips)
    assert cache.find(CacheKey(str(recordings[0]), "ab", 1)) is not None
    assert tidy.forget_deleted(engine, cache) == []


def test_a_worker_keeps_at_it_until_it_leaves(
    engine: Engine, recordings: list[UUID], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy, "_EVERY_S", 0.02)
    cache = filled(tmp_path, [str(recordings[1]), "one clip", "other clip"])
    room = cache.stats().bytes // 2
    stop = threading.Event()
    worker = threading.Thread(target=tidy.keep_tidy, args=(engine, tmp_path, room, stop))
    worker.start()
    try:
        for _ in range(500):
            if cache.stats().bytes <= room and str(recordings[1]) not in set(cache.recordings()):
                break
            stop.wait(0.02)
    finally:
        stop.set()
        worker.join(10)
    assert not worker.is_alive()
    assert str(recordings[1]) not in set(cache.recordings())
    assert 0 < cache.stats().bytes <= room


@pytest.mark.timeout(600)
def test_a_recording_that_its_owner_deletes_is_gone_from_a_workers_cache(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with House(tmp_path_factory.mktemp("deleting") / "house") as house:
        house.gateway()
        house.workers(1, assessor=ASSESSOR)
        with house.client(house.venue("venue")) as venue:
            kept, deleted = (upload(venue, f"song-{number:08}") for number in range(2))
            cache = filled(house.folder / "cache", [str(kept), str(deleted)])
            assert venue.delete(f"/v1/recordings/{deleted}").status_code == 204
        house.wait_until(lambda: list(cache.recordings()) == [str(kept)], "it is forgotten", within_s=120)
        assert not (cache.folder / str(deleted)).exists()


def upload(venue: httpx.Client, name: str) -> UUID:
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros(8000, np.int16), 8000, format="FLAC")
    digest = base64.b64encode(hashlib.sha256(sound.getvalue()).digest()).decode()
    answer = venue.put(
        f"/v1/uploads/{name}/content",
        content=sound.getvalue(),
        headers={
            "Content-Digest": f"sha-256=:{digest}:",
            "VocalVerse-Recording": json.dumps({"consent": {"keep_audio": True}}),
        },
    )
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["recording_id"])
