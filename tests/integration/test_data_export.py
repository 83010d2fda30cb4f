"""Recordings that may be learnt from, out of the house and back as a manifest that people rated."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import soundfile
from sqlalchemy import Engine, insert

from tests.integration.conftest import Database
from tests.seeding import add_venue
from tests.voices import song
from vocalverse.ids import uuid7
from vocalverse.store.blobs import AUDIO, LocalBlobs
from vocalverse.store.tables import Recording
from vocalverse.store.venues import ensure_room, ensure_song
from vocalverse.training.manifest_files import read

CONSENT = {"consent_keep_audio": True, "consent_training": True}


@pytest.fixture
def stored(owner: Engine, tmp_path: Path) -> dict[str, UUID]:
    """One that may be learnt from and says much, one that says nothing, and others that may not."""
    blobs = LocalBlobs(tmp_path / "blobs")
    with owner.begin() as connection:
        venue_id = add_venue(connection)
        known = {
            "song_id": ensure_song(connection, venue_id=venue_id, ref="moon"),
            "room_id": ensure_room(connection, venue_id=venue_id, name="red"),
            "singer": "ann",
            "lyrics": "=la la",
        }
        return {
            "full": add(connection, blobs, venue_id, known | CONSENT),
            "bare": add(connection, blobs, venue_id, CONSENT),
            "not_to_learn": add(connection, blobs, venue_id, {"consent_keep_audio": True}),
            "not_to_keep": add(connection, blobs, venue_id, {"consent_training": True}),
            "gone": add(connection, None, venue_id, CONSENT),
        }


def add(connection: Any, blobs: LocalBlobs | None, venue_id: UUID, said: dict[str, Any]) -> UUID:
    recording_id, sound = uuid7(), io.BytesIO()
    soundfile.write(sound, song(0.5), 44_100, format="FLAC")
    whole = sound.getvalue()
    sha256 = hashlib.sha256(whole).digest()
    row = {"id": recording_id, "venue_id": venue_id, "size_bytes": len(whole), "sha256": sha256}
    connection.execute(insert(Recording).values(row | said))
    if blobs:
        blobs.root.mkdir(exist_ok=True)
        (blobs.root / "written").write_bytes(whole)
        blobs.put(venue_id, recording_id, AUDIO, [blobs.root / "written"], sha256=sha256)
    return recording_id


def run(tmp_path: Path, database: Database, *arguments: object) -> subprocess.CompletedProcess[str]:
    said = {
        "VOCALVERSE_DATA": str(tmp_path),
        "VOCALVERSE_DATABASE_URL": database.owner,
        "VOCALVERSE_BLOB_URL": (tmp_path / "blobs").as_uri(),
    }
    command = [sys.executable, "-m", "vocalverse", "data", *map(str, arguments)]
    return subprocess.run(command, env={**os.environ, **said}, capture_output=True, text=True, check=False)


def test_only_what_may_be_learnt_from_is_copied_and_comes_back_rated(
    stored: dict[str, UUID], tmp_path: Path, database: Database
) -> None:
    folder = tmp_path / "to-rate"
    done = run(tmp_path, database, "export", folder, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) | {"folder": ""} == {"folder": "", "clips": 2, "singers": 2, "without_sound": 1}
    full, bare = read(folder / "takes.jsonl").clips
    assert (full.id, bare.id) == (str(stored["full"]), str(stored["bare"]))
    assert (full.song, full.singer.partition("/")[2], full.room.partition("/")[2]) == ("moon", "ann", "red")
    assert (bare.song, bare.singer.partition("/")[2]) == (f"song of {bare.id}", bare.id)
    assert {path.name for path in (folder / "sound").iterdir()} == {full.id, bare.id}
    assert soundfile.info(full.audio).duration == pytest.approx(0.5)

    with (folder / "ratings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    rated = [row | {"rater": who, "breath": 3 + at} for row in rows for at, who in enumerate(("x", "y"))]
    with (folder / "ratings.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rated[0]))
        writer.writeheader()
        writer.writerows(rated)
    done = run(tmp_path, database, "import", "csv", folder / "ratings.csv", "--out", folder / "rated.jsonl")
    assert done.returncode == 0, done.stderr
    assert [clip.mean("breath") for clip in read(folder / "rated.jsonl").clips] == [3.5, 3.5]


def test_what_is_not_asked_for_is_not_copied_and_nothing_is_written_over(
    stored: dict[str, UUID], tmp_path: Path, database: Database
) -> None:
    folder = tmp_path / "to-rate"
    assert json.loads(run(tmp_path, database, "export", folder, "--song", "moon", "--json").stdout)["clips"] == 1
    assert "is not empty" in run(tmp_path, database, "export", folder).stderr
    done = run(tmp_path, database, "export", tmp_path / "other", "--song", "sun")
    assert (done.returncode, "[not_found]" in done.stderr, (tmp_path / "other").exists()) == (4, True, False)
