"""The encoder cache: what is kept is what was made, whole or not there, and gone with its recording."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from vocalverse.errors import Unavailable
from vocalverse.models.cache.cache import EncoderCache
from vocalverse.models.cache.key import CacheKey, folder_of, recording_of
from vocalverse.models.cache.pooled import in_two
from vocalverse.models.encoders.encoder import Frames

KEY = CacheKey("some-recording", "ab" * 32, 6)


def frames(count: int = 50, width: int = 8, *, seed: int = 0, layers: int = 0) -> Frames:
    shape = (count, layers, width) if layers else (count, width)
    values = np.random.default_rng(seed).standard_normal(shape, np.float32)
    return Frames(values, np.arange(count) / 50, np.full(count, 0.02, np.float32))


def never() -> Frames:
    raise AssertionError("it is there already")


def same(one: Frames, other: Frames) -> None:
    np.testing.assert_array_equal(one.values, other.values)
    np.testing.assert_array_equal(one.start_s, other.start_s)
    np.testing.assert_array_equal(one.seconds, other.seconds)


def only_file(cache: EncoderCache) -> Path:
    (path,) = (path for path in cache.folder.rglob("*") if path.is_file())
    return path


@pytest.mark.parametrize("made", [frames(), frames(layers=3), frames(0), frames(1, 1)])
def test_what_was_made_is_there_again_to_the_bit_and_is_not_made_twice(tmp_path: Path, made: Frames):
    same(EncoderCache(tmp_path / "new").frames(KEY, lambda: made), made)
    same(EncoderCache(tmp_path / "new").frames(KEY, never), made)


def test_values_are_mapped_and_what_anybody_writes_stays_with_him(tmp_path: Path):
    kept = EncoderCache(tmp_path).frames(KEY, frames)
    assert isinstance(kept.values.base, np.memmap)
    kept.values[0] = 0
    same(EncoderCache(tmp_path).frames(KEY, never), frames())


def test_narrow_ones_take_half_the_room_and_are_the_same_the_first_time_as_later(tmp_path: Path):
    wide, narrow = EncoderCache(tmp_path / "wide"), EncoderCache(tmp_path / "narrow", narrow=True)
    made = frames(1000, 64)
    wide.frames(KEY, lambda: made)
    first = narrow.frames(KEY, lambda: made)
    same(narrow.frames(KEY, never), first)
    assert first.values.dtype == np.float32
    np.testing.assert_allclose(first.values, made.values, rtol=1e-3, atol=1e-7)
    assert narrow.stats().bytes < 0.55 * wide.stats().bytes


def test_what_half_a_float_cannot_hold_is_kept_whole(tmp_path: Path):
    loud = replace(frames(), values=frames().values * 1e6)
    same(EncoderCache(tmp_path, narrow=True).frames(KEY, lambda: loud), loud)


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, recording="another"),
        replace(KEY, revision="cd" * 32),
        replace(KEY, layer=None),
        replace(KEY, sound="the mix"),
        replace(KEY, precision="bf16"),
    ],
)
def test_every_part_of_the_key_counts(tmp_path: Path, other: CacheKey):
    cache = EncoderCache(tmp_path)
    cache.frames(KEY, lambda: frames(seed=1))
    same(cache.frames(other, lambda: frames(seed=2)), frames(seed=2))
    same(cache.frames(KEY, never), frames(seed=1))


def test_any_changed_byte_and_any_cut_is_noticed_and_made_again(tmp_path: Path):
    cache = EncoderCache(tmp_path)
    cache.frames(KEY, lambda: frames(4, 3))
    path = only_file(cache)
    whole = path.read_bytes()
    broken = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(256, len(whole), 7)]
    for spoiled in [*broken, b"", whole[:100], whole[:-1], whole + b"\0", b"{}" + whole[2:], bytes(len(whole))]:
        path.write_bytes(spoiled)
        assert cache.find(KEY) is None
        same(cache.frames(KEY, lambda: frames(4, 3, seed=9)), frames(4, 3, seed=9))


def test_what_fails_while_it_is_made_leaves_nothing(tmp_path: Path):
    cache = EncoderCache(tmp_path)
    with pytest.raises(AssertionError):
        cache.frames(KEY, never)
    assert not list(tmp_path.rglob("*"))


def test_two_frames_have_the_mean_and_the_deviation_of_all():
    many = frames(5000, 16, seed=3)
    weights = np.random.default_rng(0).uniform(0.01, 0.03, 5000).astype(np.float32)
    two = in_two(replace(many, seconds=weights))
    mean = np.average(many.values, axis=0, weights=weights)
    deviation = np.sqrt(np.average((many.values - mean) ** 2, axis=0, weights=weights))
    np.testing.assert_allclose(two.values.mean(0), mean, atol=1e-6)
    np.testing.assert_allclose(two.values.std(0), deviation, rtol=1e-5)
    assert two.seconds.sum() == pytest.approx(weights.sum(), rel=1e-5)


def test_pooled_ones_are_small_and_taken_from_frames_that_are_there(tmp_path: Path):
    cache = EncoderCache(tmp_path)
    made = frames(1000, layers=3)
    cache.frames(KEY, lambda: made)
    same(cache.pooled(KEY, never), in_two(made))
    other = replace(KEY, recording="another")
    same(cache.pooled(other, lambda: made), in_two(made))
    assert cache.find(other) is None
    assert (cache.stats().frames, cache.stats().pooled) == (1, 2)


@pytest.mark.parametrize(
    "recording", ["fba68525-03fd-400e-a6ef-ba3a8461039b", "a/../../b", "..", "", "长" * 300, "." * 3]
)
def test_a_recording_is_forgotten_whatever_it_is_called_and_no_other_is(tmp_path: Path, recording: str):
    folder = tmp_path / "cache"
    cache = EncoderCache(folder)
    cache.frames(replace(KEY, recording=recording), frames)
    cache.pooled(replace(KEY, recording=recording, layer=2), frames)
    cache.frames(KEY, frames)
    assert [path.parent for path in tmp_path.iterdir()] == [tmp_path]
    assert cache.forget(recording)
    assert not cache.forget(recording)
    assert cache.stats().recordings == 1
    same(cache.frames(KEY, never), frames())


def test_in_a_folder_that_is_no_cache_nothing_is_removed(tmp_path: Path):
    """Somebody may set the cache to where recordings are stored, by venue."""
    recording = str(uuid4())
    stored = tmp_path / recording / "some" / "audio"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"irreplaceable")
    (tmp_path / recording / "audio").write_bytes(b"irreplaceable")
    (tmp_path / recording / "record.json").write_bytes(b"irreplaceable")
    cache = EncoderCache(tmp_path)
    assert not cache.forget(recording)
    cache.prune(max_bytes=0, unused_s=0)
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [b"irreplaceable"] * 3


def test_a_recordings_id_can_be_told_from_its_folder_where_it_is_plain():
    plain = str(uuid4())
    assert recording_of(folder_of(plain)) == plain
    assert recording_of(folder_of("../odd")) is None


def test_a_recording_forgotten_while_it_is_heard_is_judged_and_leaves_nothing(tmp_path: Path):
    cache = EncoderCache(tmp_path)
    heard = frames(seed=4)

    def heard_meanwhile_deleted() -> Frames:
        cache.forget(KEY.recording)
        return heard

    cache.frames(replace(KEY, layer=1), frames)
    same(cache.frames(KEY, heard_meanwhile_deleted), heard)
    cache.forget(KEY.recording)
    assert cache.stats().bytes == 0


def test_pruning_takes_what_was_not_used_for_longest_and_keeps_the_rest_whole(tmp_path: Path):
    cache = EncoderCache(tmp_path)
    for layer in range(5):
        cache.frames(replace(KEY, recording=f"take-{layer}", layer=layer), frames)
        place = max(tmp_path.rglob("*.frames"), key=os.path.getmtime)
        os.utime(place, (0, time.time() - 1000 * (layer + 1)))
    cache.frames(replace(KEY, recording="take-4", layer=4), never)  # used again just now
    size = cache.stats().bytes // 5
    assert cache.prune(max_bytes=3 * size).files == 2
    assert sorted(cache.recordings()) == ["take-0", "take-1", "take-4"]
    assert cache.prune(unused_s=1500).files == 1
    assert sorted(cache.recordings()) == ["take-0", "take-4"]
    assert cache.prune(max_bytes=0).bytes == 2 * size
    assert not list(tmp_path.iterdir())


def test_pruning_nothing_at_all_is_fine(tmp_path: Path):
    cache = EncoderCache(tmp_path / "never made")
    assert cache.prune(max_bytes=0).files == 0
    assert cache.stats().bytes == 0
    assert list(cache.recordings()) == []


def write_and_read(folder: Path, times: int) -> None:
    cache = EncoderCache(folder)
    for number in range(times):
        for layer in range(3):
            key = replace(KEY, layer=layer, recording=f"take-{number % 4}")
            expected = frames(300, 16, seed=layer)
            same(cache.frames(key, lambda made=expected: made), expected)  # type: ignore[misc]
        if number % 7 == 6:
            cache.forget(f"take-{number % 4}")


def test_several_writers_never_see_anything_but_what_was_made(tmp_path: Path):
    processes = multiprocessing.get_context("fork")
    writers = [processes.Process(target=write_and_read, args=(tmp_path, 60)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert EncoderCache(tmp_path).stats().unfinished == 0


def write_for_ever(folder: Path) -> None:
    cache, layer = EncoderCache(folder), 0
    while True:
        layer += 1
        cache.frames(replace(KEY, layer=layer), lambda: frames(2000, 64))


def test_a_writer_that_is_killed_leaves_nothing_that_is_believed(tmp_path: Path):
    processes = multiprocessing.get_context("fork")
    cache = EncoderCache(tmp_path)
    for _ in range(3):
        writer = processes.Process(target=write_for_ever, args=(tmp_path,))
        writer.start()
        time.sleep(0.15)
        assert writer.pid
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
    there = [layer for layer in range(1, 400) if (tmp_path / folder_of(KEY.recording) / _name(layer)).exists()]
    assert there
    for layer in there:
        same(cache.frames(replace(KEY, layer=layer), never), frames(2000, 64))
    for part in tmp_path.rglob("*.part"):
        os.utime(part, (0, 0))
    cache.prune()
    assert cache.stats().unfinished == 0


def _name(layer: int) -> str:
    return f"{replace(KEY, layer=layer).name}.frames"


_ON_A_SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
import numpy as np
from vocalverse.errors import DiskFull
from vocalverse.models.cache.cache import CacheKey, EncoderCache
from vocalverse.models.encoders.encoder import Frames
try:
    EncoderCache(Path(sys.argv[1])).frames(
        CacheKey("take", "ab", 1), lambda: Frames(np.ones((9000, 9), "f"), np.zeros(9000), np.ones(9000, "f"))
    )
except DiskFull as error:
    print(error.code, error)
"""


def test_a_full_disk_says_so_and_keeps_no_half(tmp_path: Path):
    """The system itself refuses to write on, as it does on a disk that is full."""
    done = subprocess.run(
        [sys.executable, "-c", _ON_A_SMALL_DISK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("disk_full")
    assert "vocalverse cache prune" in done.stdout
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_folder_that_cannot_be_is_an_error_with_advice(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="VOCALVERSE_CACHE"):
        EncoderCache(tmp_path / "file").frames(KEY, frames)
