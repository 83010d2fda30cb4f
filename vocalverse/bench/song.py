"""How long a whole song takes from its mix to its scores, beside the chain of usual tools, and through the queue."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from vocalverse.bench.children import Found, ask_module
from vocalverse.bench.figures import Figure
from vocalverse.bench.house import House
from vocalverse.bench.seed import add_recordings, add_tasks
from vocalverse.bench.song_child import MIX, VOICE
from vocalverse.release.shelf import ReleaseShelf
from vocalverse.store.releases import Known, activate

_CHILD = "vocalverse.bench.song_child"


@dataclass(frozen=True)
class Extent:
    song_s: int
    rounds: int
    queued: int  # songs that go through the queue


FULL = Extent(song_s=240, rounds=3, queued=4)
QUICK = Extent(song_s=60, rounds=1, queued=3)


def measure(
    folder: Path, extent: Extent, *, release: str, file: Path | None = None, house: House | None = None
) -> Iterator[Figure]:
    """Of a made song, or of `file`, by a release that comes with the package. Without a house nothing is queued."""
    folder.mkdir(parents=True, exist_ok=True)
    ask_module(_CHILD, "make", extent.song_s, folder)
    song, asked = file or folder / MIX, extent.song_s == FULL.song_s and file is None
    ours, theirs = _pairs(song, release, folder, extent.rounds)
    yield from _ours(ours, asked=asked)
    yield from _plain(theirs, ours)
    alone = ask_module(_CHILD, "alone", release, folder / VOICE, folder)
    yield Figure("a voice alone", alone["wall_s"], "s", target="≤ 15 at 400 GF/s" if asked else "")
    if torch.cuda.is_available():
        found = ask_module(_CHILD, "gpu", release, song, folder)
        yield Figure("the GPU is busy with it", found["gpu_s"], "s", target="≤ 1" if asked else "")
    if house:
        each_s = through_queue(house, song, release, extent.queued)
        single_s = _middle(ours)["wall_s"]
        yield Figure("one worker, each song of several in the queue", each_s, "s", note=f"{extent.queued} songs")
        yield Figure("  share of what one alone takes", 100 * each_s / single_s, "%", target="≤ 110")


def _pairs(song: Path, release: str, folder: Path, rounds: int) -> tuple[list[Found], list[Found]]:
    """In every round both run, in alternating order: what disturbs the machine disturbs both."""
    ours: list[Found] = []
    theirs: list[Found] = []
    for number in range(rounds):
        for ours_now in (True, False) if number % 2 == 0 else (False, True):
            if ours_now:
                ours.append(ask_module(_CHILD, "judge", release, song, folder))
            else:
                theirs.append(ask_module(_CHILD, "plain", song))
    return ours, theirs


def _ours(ours: Sequence[Found], *, asked: bool) -> Iterator[Figure]:
    middle = _middle(ours)
    yield from (Figure(f"  {stage}", took_s, "s") for stage, took_s in middle["parts"].items())
    note = f"{_between(ours)}; {middle['cpu_s']:.1f} s of CPU"
    yield Figure("a song, from its mix to its scores", middle["wall_s"], "s", "≤ 40 at 400 GF/s" if asked else "", note)
    peak_mb = max(found["peak_mb"] for found in ours)
    note = f"{middle['loaded_mb']:,.0f} MB before the song"
    yield Figure("  memory at its peak", peak_mb, "MB", "≤ 1,500" if asked else "", note)


def _plain(theirs: Sequence[Found], ours: Sequence[Found]) -> Iterator[Figure]:
    middle = _middle(theirs)
    yield from (Figure(f"  {tool}", took_s, "s") for tool, took_s in middle["parts"].items())
    yield Figure("the chain of usual tools", middle["wall_s"], "s", note=_between(theirs))
    yield Figure("  memory at its peak", max(found["peak_mb"] for found in theirs), "MB")
    ratios = sorted(other["wall_s"] / own["wall_s"] for other, own in zip(theirs, ours, strict=True))
    note = f"min {ratios[0]:.2f}, max {ratios[-1]:.2f} of {len(ratios)} pairs"
    yield Figure("  ours is faster", statistics.median(ratios), "×", target="≥ 6", note=note)


def through_queue(house: House, song: Path, release: str, songs: int) -> float:
    """Seconds from one song's end to the next one's, once the worker has got going."""
    with house.database() as connection:
        sealed = ReleaseShelf(Path(house.settings.releases)).ready(release)
        activate(connection, Known.of(sealed), actor="bench")
        recordings = add_recordings(connection, songs)
    house.give_sound(recordings, song.read_bytes())
    house.dispatcher()
    house.workers(1)
    with house.database() as connection:
        add_tasks(connection)
    house.wait_until(
        lambda: house.scalar("SELECT 1 FROM tasks WHERE state NOT IN ('done', 'dead') LIMIT 1") is None,
        "all songs are judged",
        within_s=600.0 * songs,
    )
    took = house.scalar(
        "SELECT extract(epoch FROM max(finished_at) - min(finished_at)) FROM tasks WHERE state = 'done'"
    )
    return float(str(took)) / (songs - 1)


def _middle(found: Sequence[Found]) -> Found:
    return sorted(found, key=lambda one: float(one["wall_s"]))[len(found) // 2]


def _between(found: Sequence[Found]) -> str:
    walls = [one["wall_s"] for one in found]
    return f"{min(walls):.1f}–{max(walls):.1f} s"
