"""The bench of the measures: what it makes, what it times, and how it compares."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from vocalverse.bench import measure, measure_child
from vocalverse.bench.made_song import Song, chart_of, make_song
from vocalverse.bench.peers import python_with
from vocalverse.cli.bench import bench
from vocalverse.measure.pitch.track import midi_of
from vocalverse.synthesis.singing import RATE_HZ


@pytest.fixture(scope="module")
def song() -> Song:
    return make_song(5, seed=1)


def test_a_made_song_is_as_long_as_asked_and_the_same_every_time(song: Song):
    again = make_song(5, seed=1)
    for name in ("dry", "wet", "mix"):
        assert getattr(song, name).shape == (5 * RATE_HZ, 2)
        assert np.array_equal(getattr(song, name), getattr(again, name))
    assert song.melody == chart_of(5, seed=1)
    assert song.melody != chart_of(5, seed=2)


def test_its_voice_sings_its_chart(song: Song):
    note = max(song.melody.lines[0].notes, key=lambda note: note.end_s - note.start_s)
    held = song.dry[round((note.start_s + 0.1) * RATE_HZ) : round(note.end_s * RATE_HZ), 0]
    power = np.abs(np.fft.rfft(held * np.hanning(len(held)), 2**18))
    hz = np.arange(len(power)) * RATE_HZ / 2**18
    near = np.abs(midi_of(np.maximum(hz, 1)) - note.midi) < 1
    assert power[near].max() > 20 * np.median(power[hz < 1_000])


def test_all_parts_of_a_take_are_timed_and_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from vocalverse.measure import take

    for name, part in vars(take).items():  # what is timed is put back afterwards
        monkeypatch.setattr(take, name, part)
    monkeypatch.setattr(measure_child, "_WARM_S", 1)
    measure_child.make(5, tmp_path)
    found = measure_child.measure(tmp_path, parts=Counter())
    assert {"frames", "track", "find_notes", "align", "measure_room"} <= set(found["parts"])
    assert sum(found["parts"].values()) == pytest.approx(found["cpu_s"], rel=0.2)
    assert found["audio_s"] == 5
    assert found["peak_mb"] > found["loaded_mb"] > 0


def test_pairs_alternate_and_the_ratio_is_that_of_each_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    order: list[str] = []
    seconds = {"measure": iter((1.0, 2.0, 1.0)), "plain": iter((10.0, 18.0, 12.0)), "praat": iter((1.0, 2.0, 0.0))}

    def run(*command: str) -> dict[str, Any]:
        what = "praat" if "praat" in command[1] else command[3]
        order.append(what)
        took = next(seconds[what])
        return {"cpu_s": took, "parts": {what: took}}

    monkeypatch.setattr(measure, "_run", run)
    figures = {figure.name.strip(): figure for figure in measure._pairs(tmp_path, Path("python"), rounds=3)}
    assert order == ["plain", "praat", "measure", "measure", "plain", "praat", "plain", "praat", "measure"]
    assert figures["faster than the plain chain"].value == 11
    assert "min 10.00, max 12.00" in figures["faster than the plain chain"].note
    assert figures["praat"].value == 1


def test_without_praat_the_bench_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(measure, "_run", lambda *_: {"cpu_s": 1.0, "parts": {"pyworld d4c": 1.0}})
    figures = {figure.name: figure for figure in measure._pairs(tmp_path, None, rounds=1)}
    assert "--peer-python" in figures["the plain chain"].note


def test_twice_the_time_for_twice_the_length_is_linear(monkeypatch: pytest.MonkeyPatch):
    def run(*command: str) -> dict[str, Any]:
        audio_s = float(command[-1])
        memory = {"song_mb": 10.0, "loaded_mb": 100.0, "peak_mb": 210.0}
        return {"audio_s": audio_s, "cpu_s": 0.02 * audio_s, **memory}

    monkeypatch.setattr(measure, "_run", run)
    figures = {figure.name: figure for figure in measure._lengths([Path("60"), Path("240"), Path("900")])}
    assert figures["time grows with length to the power of"].value == pytest.approx(1)
    memory = figures["240 s of sound: memory at its peak"]
    assert memory.value == 100
    assert memory.target == "≤ 300"
    assert "100 MB and the recording's 10 MB" in memory.note


def test_the_python_that_has_a_peer_is_found():
    here = Path(sys.executable)
    assert python_with("numpy", [here]) == here
    assert python_with("parselmouth_of_nobody", [here]) is None


def test_a_recording_that_is_not_there_is_refused():
    done = CliRunner().invoke(bench, ["measure", "--file", "nowhere.wav"])
    assert done.exit_code == 2
    assert "nowhere.wav" in done.output
