"""Praat's voice report of a WAV: one JSON line. Run as a file by another Python, which need not know this package.

`parselmouth` is GPL: nothing of the package imports it, nor this.
"""

import json
import sys
import time

import parselmouth  # type: ignore[import-not-found]
from parselmouth.praat import call  # type: ignore[import-not-found]

_LOWEST_HZ, _HIGHEST_HZ = 65.0, 1_047.0
_WARM_S = 3.0


def report(sound: parselmouth.Sound) -> str:
    """With Praat's own defaults beyond the range of pitch."""
    pitch = call(sound, "To Pitch (cc)", 0.01, _LOWEST_HZ, 15, "no", 0.03, 0.45, 0.01, 0.35, 0.14, _HIGHEST_HZ)
    pulses = call([sound, pitch], "To PointProcess (cc)")
    wanted = (0, 0, _LOWEST_HZ, _HIGHEST_HZ, 1.3, 1.6, 0.03, 0.45)
    return str(call([sound, pitch, pulses], "Voice report", *wanted))


def main() -> None:
    voice = parselmouth.Sound(sys.argv[1])
    report(voice.extract_part(0, _WARM_S))
    began_s, wall_s = time.process_time(), time.perf_counter()
    report(voice)
    took_s = time.process_time() - began_s
    print(
        json.dumps({"cpu_s": took_s, "wall_s": time.perf_counter() - wall_s, "parts": {"praat voice report": took_s}})
    )


if __name__ == "__main__":
    main()
