"""`vocalverse cache`, as people call it."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from vocalverse.cli import main
from vocalverse.models.cache.cache import CacheKey, EncoderCache
from vocalverse.models.encoders.encoder import Frames


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EncoderCache:
    """Where commands look for it; three recordings in it, each used an hour longer ago than the one before."""
    monkeypatch.setenv("VOCALVERSE_DATA", str(tmp_path))
    kept = EncoderCache(tmp_path / "cache")
    made = Frames(np.ones((1000, 10), np.float32), np.zeros(1000), np.ones(1000, np.float32))
    for number in range(3):
        kept.frames(CacheKey(f"take-{number}", "ab", 1), lambda: made)
        (path,) = (kept.folder / f"take-{number}").iterdir()
        when = path.stat().st_mtime - 3600 * number
        os.utime(path, (when, when))
    return kept


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["cache", *arguments])


def test_stats_tell_how_much_is_kept(cache: EncoderCache):
    said = json.loads(call("stats", "--json").output)
    assert said == {
        "folder": str(cache.folder),
        "recordings": 3,
        "frames": 3,
        "pooled": 0,
        "unfinished": 0,
        "bytes": 3 * (256 + 1000 * (8 + 4 + 40)),
    }
    assert "153.1 KiB" in call("stats").output


def test_a_cache_that_was_never_used_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VOCALVERSE_CACHE", str(tmp_path / "elsewhere"))
    assert json.loads(call("stats", "--json").output)["bytes"] == 0
    assert json.loads(call("prune", "--max-size", "0", "--json").output)["files"] == 0


def test_prune_makes_room_and_says_how_much(cache: EncoderCache):
    told = call("prune", "--unused", "90m")
    assert (told.exit_code, told.output) == (0, f"1 files removed, 51.0 KiB; 102.1 KiB are left in {cache.folder}.\n")
    assert json.loads(call("prune", "--max-size", "60K", "--json").output)["files"] == 1
    assert list(cache.recordings()) == ["take-0"]
    assert json.loads(call("prune", "--json").output)["files"] == 0


@pytest.mark.parametrize("arguments", [("prune", "--max-size", "a lot"), ("stats", "--folder", "/nowhere/at/all")])
def test_what_cannot_be_is_refused_in_a_line(cache: EncoderCache, arguments: tuple[str, ...]):
    told = call(*arguments)
    assert told.exit_code == 2
    assert "[bad_input]" in told.output
