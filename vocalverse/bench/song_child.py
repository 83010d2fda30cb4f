"""What the bench of a whole song runs in processes of their own: one JSON line each.

```
make SECONDS FOLDER             a made song: the mix, its voice alone, and a short one to get warm with
judge RELEASE FILE FOLDER       the way of a recording, as a worker goes it; FOLDER as `make` left it
alone RELEASE FILE FOLDER       the same of a voice alone
plain FILE                      the chain of usual tools
gpu RELEASE FILE FOLDER         as `judge`; what the GPU was busy
```
"""

import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import soundfile

from vocalverse.bench.memory import peak_mb, resident_mb
from vocalverse.errors import Unavailable

MIX, VOICE, WARM = "mix.flac", "voice.flac", "warm.flac"
_WARM_S = 15
_RATE_HZ = 44_100


def make(length_s: float, folder: Path) -> dict[str, Any]:
    from vocalverse.bench.made_song import make_song

    for name, seconds in ((MIX, length_s), (WARM, _WARM_S)):
        song = make_song(seconds)
        soundfile.write(folder / name, song.mix, _RATE_HZ, subtype="PCM_16")
        if name == MIX:
            soundfile.write(folder / VOICE, song.dry, _RATE_HZ, subtype="PCM_16")
    return {}


def judge(release: str, file: Path, folder: Path, *, alone: bool = False) -> dict[str, Any]:
    """The second recording of a process: all that is opened once is open."""
    from vocalverse.assess import Take, Workshop, open_assessor

    assessor = open_assessor(Workshop(folder=folder, releases=folder / "releases", models=folder / "models"))

    def judged(path: Path) -> dict[str, Any]:
        with path.open("rb") as audio:
            began_s, cpu_s = time.perf_counter(), time.process_time()
            told = assessor(Take(uuid4(), audio, release=release, alone=alone), lambda *_: None)
            wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
        if not told.scores:
            raise Unavailable(f"{path.name} was not scored: {', '.join(finding.code for finding in told.findings)}.")
        return {"wall_s": wall_s, "cpu_s": cpu_s, "parts": told.stage_seconds}

    first = judged(folder / WARM)
    loaded_mb = resident_mb()
    return {**judged(file), "first_s": first["wall_s"], "loaded_mb": loaded_mb, "peak_mb": peak_mb()}


def plain(file: Path) -> dict[str, Any]:
    from vocalverse.bench.song_plain import judge_plainly

    cpu_s = time.process_time()
    parts = judge_plainly(file)
    return {
        "wall_s": sum(parts.values()),
        "cpu_s": time.process_time() - cpu_s,
        "parts": parts,
        "peak_mb": peak_mb(),
    }


def gpu(release: str, file: Path, folder: Path) -> dict[str, Any]:
    from torch.profiler import ProfilerActivity, profile

    judge(release, file, folder)
    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        found = judge(release, file, folder)
    busy_us = sum(event.self_device_time_total for event in profiled.key_averages())
    return {**found, "gpu_s": busy_us / 1e6}


def main() -> None:
    what, *said = sys.argv[1:]
    match what:
        case "make":
            found = make(float(said[0]), Path(said[1]))
        case "judge":
            found = judge(said[0], Path(said[1]), Path(said[2]))
        case "alone":
            found = judge(said[0], Path(said[1]), Path(said[2]), alone=True)
        case "gpu":
            found = gpu(said[0], Path(said[1]), Path(said[2]))
        case _:
            found = plain(Path(said[0]))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
