"""One ear on one recording in a process of its own, so that its memory is the ear's: one JSON line."""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from vocalverse.bench.hearing.data import RATE_HZ, Stereo
from vocalverse.bench.hearing.ears import Contender, options
from vocalverse.bench.memory import peak_mb, resident_mb
from vocalverse.samples.make import TAKES, make_recording
from vocalverse.separate.ear import Ear

_WARM_S = 5


def song(contender: Contender, length_s: int, trials: Path) -> dict[str, float]:
    """Its second run: what a worker takes once it is warm."""
    ear = Ear.open(options(contender), trials=trials)
    mix, backing = _recording(length_s)
    known = backing if contender is Contender.KNOWN else None
    warm = slice(_WARM_S * RATE_HZ)
    ear.separate(mix[warm], backing=known[warm] if known is not None else None)
    before_mb = resident_mb() - (mix.nbytes + (known.nbytes if known is not None else 0)) / 1e6
    del backing
    began = time.perf_counter()
    ear.separate(mix, backing=known)
    return {
        "took_s": time.perf_counter() - began,
        "loaded_mb": before_mb,
        "peak_mb": peak_mb(),
    }


def _recording(length_s: int) -> tuple[Stereo, Stereo]:
    """A voice and its backing in a room, over and over, and the backing alone."""
    with tempfile.TemporaryDirectory() as folder:
        backing = Path(folder) / "backing.flac"
        take = make_recording(TAKES[0], Path(folder) / "take.flac", seed=1, backing_out=backing)
        sounds = [soundfile.read(path, dtype="float32", always_2d=True)[0] for path in (take, backing)]
    mix, alone = (np.resize(sound, (length_s * RATE_HZ, 2)) for sound in sounds)
    return mix, alone


def main() -> None:
    contender, length_s, trials = sys.argv[1:]
    print(json.dumps(song(Contender(contender), int(length_s), Path(trials))))


if __name__ == "__main__":
    main()
