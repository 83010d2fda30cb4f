"""The plain chain that ours runs against, as people write it: librosa's pYIN as it comes, and WORLD at the file's rate."""

import time
from collections.abc import Callable

import librosa
import numpy as np
import numpy.typing as npt
import pyworld
import soxr

_PYIN_RATE_HZ = 22_050  # librosa's own, as are its window and its hop of 23 ms
_HOP_MS = 10
_LOWEST_HZ, _HIGHEST_HZ = 65.0, 1_047.0  # C2 to C6, of pYIN, which has no range of its own


def analyse(
    voice: npt.NDArray[np.float64], rate_hz: int, *, clock: Callable[[], float] = time.process_time
) -> dict[str, float]:
    """Seconds by part; of CPU where no other clock is given."""
    fewer = soxr.resample(voice, rate_hz, _PYIN_RATE_HZ)
    marks = [clock()]
    librosa.pyin(fewer, sr=_PYIN_RATE_HZ, fmin=_LOWEST_HZ, fmax=_HIGHEST_HZ)
    marks.append(clock())
    hz, seconds = pyworld.harvest(voice, rate_hz, frame_period=_HOP_MS)
    marks.append(clock())
    pyworld.cheaptrick(voice, hz, seconds, rate_hz)
    marks.append(clock())
    pyworld.d4c(voice, hz, seconds, rate_hz)
    marks.append(clock())
    names = ("librosa pyin", "pyworld harvest", "pyworld cheaptrick", "pyworld d4c")
    return dict(zip(names, np.diff(marks).tolist(), strict=True))
