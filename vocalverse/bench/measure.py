"""How fast a song is measured on one core, part by part and over length, beside the plain chain that people use."""

import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from vocalverse.bench.children import Found, ask
from vocalverse.bench.figures import Figure
from vocalverse.bench.measure_child import VOICE
from vocalverse.bench.peers import python_with

_SONG_S = 240
_CHILD = ("-m", "vocalverse.bench.measure_child")
_PRAAT = Path(__file__).with_name("measure_praat.py")
_ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
_WORTH_A_LINE_S = 0.005


def measure(
    folder: Path, *, quick: bool, file: Path | None = None, peer_pythons: Sequence[Path] = ()
) -> Iterator[Figure]:
    """Of a made song, or of `file` through the ear. One of `peer_pythons` may have Praat, which this package never loads."""
    folder.mkdir(parents=True, exist_ok=True)
    lengths_s = (30, 60, 120) if quick else (60, 120, _SONG_S, 480, 900)
    middle_s = lengths_s[len(lengths_s) // 2]
    song = _recording(folder, file) if file else _song(folder, middle_s)
    yield from _parts(song)
    yield from _pairs(song, python_with("parselmouth", peer_pythons), rounds=2 if quick else 5)
    yield from _lengths(
        [song if length_s == middle_s and not file else _song(folder, length_s) for length_s in lengths_s]
    )


def _song(folder: Path, length_s: int) -> Path:
    place = folder / f"{length_s}"
    place.mkdir()
    _run(sys.executable, *_CHILD, "make", str(length_s), str(place))
    return place


def _recording(folder: Path, file: Path) -> Path:
    place = folder / "recording"
    place.mkdir()
    _run(sys.executable, *_CHILD, "hear", str(file), str(place))
    return place


def _parts(song: Path) -> Iterator[Figure]:
    found = _run(sys.executable, *_CHILD, "parts", str(song))
    audio_s = found["audio_s"]
    yield Figure("a song that is measured", audio_s, "s", note="of sound; below, CPU seconds on one core")
    for name, took_s in sorted(found["parts"].items(), key=lambda part: -part[1]):
        if took_s >= _WORTH_A_LINE_S:
            yield Figure(f"  {name.replace('_', ' ')}", took_s, "s")
    asked = "≤ 5 at 400 GF/s" if round(audio_s) == _SONG_S else ""
    yield Figure("  all", found["cpu_s"], "s", target=asked, note=f"{found['wall_s']:.2f} s on the clock")


def _pairs(song: Path, peer_python: Path | None, *, rounds: int) -> Iterator[Figure]:
    """In every round both run, in alternating order: what disturbs the machine disturbs both."""
    ours: list[float] = []
    theirs: list[Found] = []
    for number in range(rounds):
        for ours_now in (True, False) if number % 2 else (False, True):
            if ours_now:
                ours.append(_run(sys.executable, *_CHILD, "measure", str(song))["cpu_s"])
            else:
                theirs.append(_plain(song, peer_python))
    for name in theirs[0]["parts"]:
        yield Figure(name, statistics.median(found["parts"][name] for found in theirs), "s")
    note = "" if peer_python else "without Praat's voice report: --peer-python names a Python that has parselmouth"
    yield Figure("the plain chain", statistics.median(found["cpu_s"] for found in theirs), "s", note=note)
    yield Figure("ours, of the same song", statistics.median(ours), "s", note=f"{min(ours):.2f}–{max(ours):.2f}")
    ratios = sorted(other["cpu_s"] / own for other, own in zip(theirs, ours, strict=True))
    between = f"min {ratios[0]:.2f}, max {ratios[-1]:.2f} of {rounds} pairs"
    yield Figure("  faster than the plain chain", statistics.median(ratios), "×", target="≥ 8", note=between)


def _plain(song: Path, peer_python: Path | None) -> Found:
    found = [_run(sys.executable, *_CHILD, "plain", str(song))]
    if peer_python:
        found.append(_run(str(peer_python), str(_PRAAT), str(song / VOICE)))
    parts = {name: took_s for one in found for name, took_s in one["parts"].items()}
    return {"cpu_s": sum(one["cpu_s"] for one in found), "parts": parts}


def _lengths(songs: Sequence[Path]) -> Iterator[Figure]:
    found = [_run(sys.executable, *_CHILD, "measure", str(song)) for song in songs]
    for one in found:
        about = f"{one['audio_s']:.0f} s of sound"
        each_ms = 1_000 * one["cpu_s"] / one["audio_s"]
        yield Figure(f"{about}: measured in", one["cpu_s"], "s", note=f"{each_ms:.1f} ms for each second")
        own_mb = one["peak_mb"] - one["song_mb"] - one["loaded_mb"]
        note = f"beyond the program's {one['loaded_mb']:,.0f} MB and the recording's {one['song_mb']:,.0f} MB"
        asked = "≤ 300" if round(one["audio_s"]) == _SONG_S else ""
        yield Figure(f"{about}: memory at its peak", own_mb, "MB", target=asked, note=note)
    lengths, took = (np.log([one[name] for one in found]) for name in ("audio_s", "cpu_s"))
    power = float(np.polyfit(lengths, took, 1)[0])
    yield Figure("time grows with length to the power of", power, "", target="1: linear")


def _run(*command: str) -> Found:
    return ask(*command, environment={**os.environ, **_ONE_CORE})
