"""The network that guesses a voice's pitch, every 16 ms: swift-f0, which brings its weights along."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from vocalverse.errors import Unavailable
from vocalverse.measure.frames import HOP, RATE_HZ, SILENT_DB, STAGE, Floats, Frames, Signal
from vocalverse.measure.runs import runs
from vocalverse.records import Progress, no_progress

STEP = 256
STEP_S = STEP / RATE_HZ
LOWEST_HZ, HIGHEST_HZ = 60.0, 2_093.75  # C2 lies at 65 Hz; whistles reach what the network can hear
# What it hears of a step: 11 steps before and 10 after. With those at its sides a stretch gives what the whole would.
_BEFORE, _AFTER = 11, 10
_AT_ONCE = 250  # steps: 6 MB, where half a minute takes 170
# It takes what stays below -60 dBFS for silence, and a voice out of a mixture can be that soft.
_LOUD_DB, _MOST_GAIN_DB = -20.0, 60.0
_PARTS_DB = 40.0  # what is softer than the loudest moment by this much is no loud part of a song
_UNHEARD_DB = -55.0  # against the loud parts: nobody sings there, and half of a song is not sung


@dataclass(frozen=True)
class Guess:
    """Where it did not listen, a confidence of 0 and the lowest pitch."""

    hz: npt.NDArray[np.float64]  # [steps], step i is centred on i × 16 ms
    confidence: npt.NDArray[np.float64]


class PitchNetwork:
    def __init__(self, detector: Any) -> None:
        self._detector = detector

    @classmethod
    def open(cls, *, threads: int = 1) -> Self:
        try:
            import swift_f0
        except ImportError as missing:
            raise Unavailable(
                f"swift-f0 is not installed here ({missing}): pip install 'vocalverse[hear]'."
            ) from missing
        return cls(swift_f0.SwiftF0(threads=threads, spin=False))

    def guess(self, frames: Frames, *, progress: Progress = no_progress) -> Guess:
        steps = max(1, len(frames.samples) // STEP)
        hz, confidence = np.full(steps, LOWEST_HZ), np.zeros(steps)
        loud_db = loud(frames.level_db)
        gain_db = _LOUD_DB - loud_db
        if loud_db <= SILENT_DB or gain_db > _MOST_GAIN_DB:
            return Guess(hz, confidence)
        signal = frames.samples * np.float32(10 ** (gain_db / 20))
        for first, last in _stretches(frames.level_db > loud_db + _UNHEARD_DB, steps):
            progress(STAGE, 0.1 + 0.4 * first / steps)
            hz[first:last], confidence[first:last] = self._heard(signal, first, last)
        return Guess(hz, confidence)

    def _heard(self, signal: Signal, first: int, last: int) -> npt.NDArray[np.float64]:
        """[2, steps]: pitch and confidence."""
        begin = max(0, first - _BEFORE)
        part = signal[begin * STEP : (last + _AFTER) * STEP]
        found = self._detector.detect(part, RATE_HZ, LOWEST_HZ, HIGHEST_HZ)
        return np.stack([found.pitch_hz, found.confidence])[:, first - begin : last - begin]


def loud(level_db: Floats) -> float:
    """The level of a song's loud parts, were they a moment in a long silence or under one bang."""
    there = level_db[level_db > level_db.max() - _PARTS_DB]
    return float(np.percentile(there, 95))


def _stretches(heard: npt.NDArray[np.bool_], steps: int) -> list[tuple[int, int]]:
    """From and to, in steps, of what is to be listened to; pauses shorter than what a cut costs are not cut out."""
    wanted = np.zeros(steps, np.bool_)
    wanted[np.minimum(np.flatnonzero(heard) * HOP // STEP, steps - 1)] = True
    wide = [(max(0, run.start - 1), min(steps, run.stop + 1)) for run in runs(wanted, closing=_BEFORE + _AFTER + 1)]
    return [(at, min(last, at + _AT_ONCE)) for first, last in wide for at in range(first, last, _AT_ONCE)]
