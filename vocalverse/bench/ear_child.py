"""What the bench of the ear runs in processes of their own: one JSON line each."""

import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from vocalverse.audio.waveform import Samples
from vocalverse.bench.memory import peak_mb, resident_mb
from vocalverse.separate.backends import open_backend
from vocalverse.separate.ear import Ear
from vocalverse.separate.options import EarOptions
from vocalverse.separate.precision import Precision
from vocalverse.separate.stitch import stitch
from vocalverse.separate.weights import load

_RATE_HZ = 44_100
_GPU_SONGS = 20
_THIS = "vocalverse.bench.ear_child"


def song(length_s: int, trials: Path) -> dict[str, float]:
    """The bundled ear on a recording of that length, its second run: what a worker takes once it is warm."""
    ear = Ear.open(EarOptions(), trials=trials)
    mix = _recording(length_s)
    ear.dereverberate(ear.separate(mix[: 5 * _RATE_HZ]))
    before_mb = resident_mb()
    began = time.perf_counter()
    separated = ear.separate(mix)
    middle = time.perf_counter()
    ear.dereverberate(separated)
    return {
        "separate_s": middle - began,
        "dereverberate_s": time.perf_counter() - middle,
        "loaded_mb": before_mb - mix.nbytes / 1e6,
        "song_mb": mix.nbytes / 1e6,
        "peak_mb": peak_mb(),
    }


def loading(path: Path) -> dict[str, float]:
    began = time.perf_counter()
    first = load(path)
    middle = time.perf_counter()
    load(path)
    ended = time.perf_counter()
    assert next(first.parameters()).device.type == "cpu"
    return {"load_s": middle - began, "again_s": ended - middle}


def gpu(config: str, workers: int) -> dict[str, float]:
    """Songs of 4 minutes, each through two networks at overlap 2 ×, several at once on one GPU."""
    from vocalverse.bench.separators import CONFIGS, random_network  # what it imports is no part of the ear

    both = [open_backend(random_network(CONFIGS[config]), "cuda", Precision.FP16) for _ in range(2)]
    source = np.random.default_rng(0).standard_normal((240 * _RATE_HZ, 2), np.float32) * 0.1

    def one(_: int) -> None:
        for backend in both:
            stitch(source, backend, lambda *_: None)

    one(0)
    began = time.perf_counter()
    one(0)
    song_s = time.perf_counter() - began
    with ThreadPoolExecutor(workers) as pool, ThreadPoolExecutor(1) as watcher:
        began = time.perf_counter()
        running = [pool.submit(one, n) for n in range(_GPU_SONGS * workers)]
        busy = watcher.submit(_busy_percent, running)
        for done in running:
            done.result()
        took_s = time.perf_counter() - began
        return {"song_s": song_s, "songs_per_hour": 3600 * len(running) / took_s, "busy_percent": busy.result()}


def _busy_percent(running: list[Any]) -> float:
    seen = []
    while not all(done.done() for done in running):
        said = subprocess.run(
            ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            check=True,
        )
        seen.append(float(said.stdout.splitlines()[0]))
        time.sleep(0.2)
    return float(np.mean(seen)) if seen else 0.0


def _recording(length_s: int) -> Samples:
    """A voice and its backing in a room, over and over. To make it takes memory that is not the ear's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording.npy"
        subprocess.run([sys.executable, "-m", _THIS, "recording", str(length_s), str(path)], check=True)
        samples: Samples = np.load(path)
    return samples


def record(length_s: int, path: Path) -> None:
    from vocalverse.samples.make import TAKES, make_recording  # scipy's signals are no part of the ear either

    made = make_recording(TAKES[0], path.with_suffix(".flac"), seed=1)
    take, _ = soundfile.read(made, dtype="float32", always_2d=True)
    np.save(path, np.resize(take, (length_s * _RATE_HZ, 2)))


def main() -> None:
    what, *said = sys.argv[1:]
    if what == "song":
        found = song(int(said[0]), Path(said[1]))
    elif what == "recording":
        record(int(said[0]), Path(said[1]))
        return
    elif what == "load":
        torch.zeros(1)
        found = loading(Path(said[0]))
    else:
        found = gpu(said[0], int(said[1]))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
