"""What the bench of the measures runs in processes of their own, so that time and memory are theirs: one JSON line each.

```
make SECONDS FOLDER   a made song, as an ear would leave it
hear FILE FOLDER      a recording, through the ear
measure FOLDER        all measures of what lies there, once warm
parts FOLDER          the same, by what each part takes
plain FOLDER          the plain chain, but for Praat
```
"""

import functools
import inspect
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import soundfile

from vocalverse.audio.waveform import Samples
from vocalverse.bench.memory import peak_mb, resident_mb

VOICE = "voice.wav"  # without its room, mono: what the plain chain hears
_STEMS = ("dry", "wet", "mix")
_LENGTH = "length_s"  # of a made song, from which its chart is made again
_WARM_S = 3
_RATE_HZ = 44_100


def make(length_s: float, folder: Path) -> dict[str, Any]:
    from vocalverse.bench.made_song import make_song

    song = make_song(length_s)
    (folder / _LENGTH).write_text(str(length_s))
    return _kept(folder, song.dry, song.wet, song.mix)


def hear(file: Path, folder: Path) -> dict[str, Any]:
    from vocalverse.audio.decode import decode
    from vocalverse.audio.sandbox import DecodeLimits
    from vocalverse.separate.ear import Ear
    from vocalverse.separate.options import EarOptions

    with file.open("rb") as opened:
        mix = decode(opened, limits=DecodeLimits()).samples
    ear = Ear.open(EarOptions(), trials=folder)
    separated = ear.separate(mix)
    return _kept(folder, ear.dereverberate(separated).samples, separated.voice, mix)


def _kept(folder: Path, *stems: Samples) -> dict[str, Any]:
    for name, stem in zip(_STEMS, stems, strict=True):
        np.save(folder / f"{name}.npy", stem.astype(np.float32, copy=False))
    soundfile.write(folder / VOICE, stems[0].mean(axis=1), _RATE_HZ)
    return {"audio_s": len(stems[0]) / _RATE_HZ}


def measure(folder: Path, *, parts: Counter[str] | None = None) -> dict[str, Any]:
    """Seconds of `parts` are added up where they are given."""
    from vocalverse.measure import take
    from vocalverse.measure.pitch.tracker import PitchTracker

    tracker = PitchTracker.open()
    dry, wet, mix = (np.load(folder / f"{name}.npy") for name in _STEMS)
    melody = _melody(folder)
    warm = slice(_WARM_S * _RATE_HZ)
    take.measure_take(take.hear(dry[warm], wet[warm], mix[warm], tracker), melody)
    listener = tracker if parts is None else _timed_apart(take, tracker, parts)
    song_mb = (dry.nbytes + wet.nbytes + mix.nbytes) / 1e6
    loaded_mb, began_s, wall_s = resident_mb() - song_mb, time.process_time(), time.perf_counter()
    heard = take.hear(dry, wet, mix, listener)
    heard_s = time.process_time() - began_s
    take.measure_take(heard, melody)
    return {
        "cpu_s": time.process_time() - began_s,
        "wall_s": time.perf_counter() - wall_s,
        "audio_s": len(dry) / _RATE_HZ,
        "song_mb": song_mb,
        "loaded_mb": loaded_mb,
        "peak_mb": peak_mb(),
        "parts": {"frames": heard_s - parts["track"], **parts} if parts else {},
    }


def _melody(folder: Path) -> Any:
    from vocalverse.bench.made_song import chart_of

    length = folder / _LENGTH
    return chart_of(float(length.read_text())) if length.exists() else None


def _timed_apart(take: ModuleType, tracker: Any, seconds: Counter[str]) -> Any:
    """All that the way of a take calls is timed from here on; returned is the tracker in its place."""
    for name, part in list(vars(take).items()):
        if inspect.isfunction(part) and part.__module__ != take.__name__:
            setattr(take, name, _timed(part, name, seconds))
    return SimpleNamespace(track=_timed(tracker.track, "track", seconds))


def _timed(part: Callable[..., Any], name: str, seconds: Counter[str]) -> Callable[..., Any]:
    @functools.wraps(part)
    def timed(*given: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return part(*given, **named)
        finally:
            seconds[name] += time.process_time() - began  # type: ignore[assignment]

    return timed


def plain(folder: Path) -> dict[str, Any]:
    from vocalverse.bench.measure_plain import analyse

    voice, rate_hz = soundfile.read(folder / VOICE, dtype="float64")
    analyse(voice[: _WARM_S * rate_hz], rate_hz)
    parts = analyse(voice, rate_hz)
    return {"cpu_s": sum(parts.values()), "parts": parts}


def main() -> None:
    what, *said = sys.argv[1:]
    folder = Path(said[-1])
    match what:
        case "make":
            found = make(float(said[0]), folder)
        case "hear":
            found = hear(Path(said[0]), folder)
        case "measure":
            found = measure(folder)
        case "parts":
            found = measure(folder, parts=Counter())
        case _:
            found = plain(folder)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
