"""A recording is taken when it rests, and nothing else is taken for a recording."""

import os
from pathlib import Path

import pytest

from vocalverse.agent.faults import FileChanged, FolderAway, NotPlain
from vocalverse.agent.files import Identity, Slice, open_plain
from vocalverse.agent.watch import Sight, Watcher
from vocalverse.records import Lane


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watcher(folder: Path, clock: Clock):
    return Watcher(folder, settle_s=5.0, clock=clock)


def names(sight: Sight) -> list[str]:
    return [found.name for found in sight.finished]


def test_a_file_is_taken_when_it_has_rested(folder: Path, watcher: Watcher, clock: Clock):
    (folder / "a.wav").write_bytes(b"x")
    assert watcher.look().unsettled == ("a.wav",)
    clock.now += 4.9
    assert names(watcher.look()) == []
    clock.now += 0.1
    assert names(watcher.look()) == ["a.wav"]


def test_a_growing_file_is_not_taken(folder: Path, watcher: Watcher, clock: Clock):
    for size in range(1, 10):
        (folder / "a.wav").write_bytes(b"x" * size)
        assert names(watcher.look()) == []
        clock.now += 4.9


def test_a_file_dated_back_has_to_rest_all_the_same(folder: Path, watcher: Watcher):
    (folder / "a.wav").write_bytes(b"x")
    os.utime(folder / "a.wav", (0, 0))
    assert names(watcher.look()) == []


@pytest.mark.parametrize("moving", ["a.wav.json", "b.ogg"])
def test_a_recording_waits_for_its_sidecar_and_its_backing_to_rest(
    folder: Path, watcher: Watcher, clock: Clock, moving: str
):
    (folder / "a.wav").write_bytes(b"x")
    (folder / "a.wav.json").write_text('{"backing": "b.ogg", "lane": "live"}')
    (folder / "b.ogg").write_bytes(b"x")
    watcher.look()
    clock.now += 4.9
    with (folder / moving).open("a") as file:
        file.write(" ")
    watcher.look()
    clock.now += 4.9
    assert names(watcher.look()) == []
    clock.now += 0.1
    (found,) = watcher.look().finished
    assert (found.name, found.lane) == ("a.wav", Lane.LIVE)


def test_only_plain_files_with_sound_in_them_are_recordings(
    folder: Path, watcher: Watcher, clock: Clock, tmp_path: Path
):
    for name in ("a.WAV", "b.flac", "c.ogg", "d.opus", "e.mp3", "f.m4a"):
        (folder / name).write_bytes(b"x")
    for name in (".hidden.wav", "~a.wav", "notes.txt", "g.wav.part", "h.backing.flac", "named.ogg"):
        (folder / name).write_bytes(b"x")
    (folder / "a.json").write_text('{"backing": "named.ogg"}')
    (folder / "empty.wav").touch()
    (folder / "folder.wav").mkdir()
    (tmp_path / "outside.wav").write_bytes(b"x")
    (folder / "link.wav").symlink_to(tmp_path / "outside.wav")
    watcher.look()
    clock.now += 5
    assert names(watcher.look()) == ["a.WAV", "b.flac", "c.ogg", "d.opus", "e.mp3", "f.m4a"]


def test_a_folder_that_was_taken_away_is_said(folder: Path, watcher: Watcher):
    folder.rmdir()
    with pytest.raises(FolderAway, match="mount"):
        watcher.look()


def test_a_file_is_read_only_as_what_it_was(folder: Path):
    path = folder / "a.wav"
    path.write_bytes(b"0123456789")
    identity = Identity.of(path)
    assert b"".join(Slice(path, identity, 2, 5).blocks(2)) == b"23456"
    blocks = Slice.whole(path, identity).blocks(5)
    next(blocks)
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(FileChanged):
        list(blocks)
    with pytest.raises(FileChanged):
        list(Slice.whole(path, identity).blocks())


def test_a_pipe_is_not_opened(folder: Path):
    os.mkfifo(folder / "a.wav")
    with pytest.raises(NotPlain):
        open_plain(folder / "a.wav")
