"""The ear in the way of a recording: separated under load, killed and cancelled in the middle of a song."""

import io
import time
from collections.abc import Callable
from uuid import UUID

import numpy as np
import pytest
import soundfile

from tests.chaos.breakable import BreakableHouse, is_alive, kill
from tests.chaos.ledger import Ledger
from tests.patience import allowed_s
from vocalverse.samples import TAKES

REAL_ASSESSOR = "vocalverse.assess:open_assessor"
SONG_S = 150
A_CHUNK_S = 6.0  # what one chunk and the step before it take on a slow machine


@pytest.fixture(scope="module")
def house(open_shared_house: Callable[..., BreakableHouse]) -> BreakableHouse:
    return open_shared_house(
        workers=1, assessor=REAL_ASSESSOR, run_lease_s=30, stall_limit_s=60, task_limit_s=600, worker_silent_s=10
    )


@pytest.fixture
def ledger(house: BreakableHouse, open_ledger: Callable[..., Ledger]) -> Ledger:
    house.wait_until(lambda: house.idle_workers() == 1, "the worker is idle", within_s=120)
    return open_ledger(house)


@pytest.fixture(scope="module")
def long_song() -> bytes:
    """Minutes of one take again and again, with noise for a backing."""
    voice, rate_hz = soundfile.read(TAKES[0], dtype="float32", always_2d=True)
    song = np.resize(voice[:, 0], SONG_S * rate_hz)
    song = song + np.random.default_rng(5).normal(scale=0.02, size=song.shape)
    written = io.BytesIO()
    soundfile.write(written, np.stack([song, song], axis=1), rate_hz, format="FLAC", subtype="PCM_16")
    return written.getvalue()


def test_recordings_flow_through_all_stages_and_tell_of_voice_and_room(
    house: BreakableHouse, ledger: Ledger, song: bytes
) -> None:
    """Under load: more recordings than workers, from several singers at once."""
    with ledger.singing(song, singers=3, pause_s=1.0):
        time.sleep(1.5)
    house.wait_for_ends([entry.recording_id for entry in ledger.entries], within_s=300)
    assert ledger.verdict()
    for entry in ledger.entries:
        told = ledger.http.get(f"/v1/recordings/{entry.recording_id}").raise_for_status().json()["assessment"]
        assert told["measures"]["voice_share"] > 0.5
        assert told["measures"]["voiced_s"] > 1
        assert told["verdict"]
    stages = house.column("SELECT DISTINCT jsonb_object_keys(stage_seconds) FROM assessments")
    assert {"separate", "dereverberate", "measure", "prescreen"} <= set(stages)


def test_a_worker_killed_in_mid_separation_loses_nothing(
    house: BreakableHouse, ledger: Ledger, long_song: bytes
) -> None:
    recording = ledger.upload(long_song)
    wait_for_separation(house, recording)
    kill(house.worker_of(recording))
    house.wait_for_state(recording, "done", within_s=300)
    assert house.attempts(recording) == 2
    assert ledger.verdict()


def test_cancelling_takes_effect_within_one_chunk_and_leaves_the_worker_to_the_next(
    house: BreakableHouse, ledger: Ledger, song: bytes, long_song: bytes
) -> None:
    """The worker stays: its models are not loaded anew for the next recording."""
    recording = ledger.upload(long_song)
    wait_for_separation(house, recording)
    worker = house.worker_of(recording)
    following = ledger.upload(song)
    began = time.monotonic()
    ledger.http.post(f"/v1/recordings/{recording}/cancel").raise_for_status()
    house.wait_for_state(following, "running", "done", within_s=120)
    assert time.monotonic() - began < allowed_s(A_CHUNK_S)
    assert is_alive(worker)
    house.wait_for_state(following, "done", within_s=120)
    assert house.scalar("SELECT count(*) FROM assessments WHERE recording_id = %(id)s", id=str(recording)) == 0
    assert house.state(recording) == "cancelled"


def wait_for_separation(house: BreakableHouse, recording: UUID) -> None:
    house.wait_until(
        lambda: house.scalar("SELECT stage FROM tasks WHERE recording_id = %(id)s", id=str(recording)) == "separate",
        "it is being separated",
        within_s=120,
    )
