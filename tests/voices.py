"""A voice out of numbers that is made in no time, for tests of what hears. One whose every note is known: vocalverse.synthesis."""

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from vocalverse.synthesis.rooms import RATE_HZ

# Centre and width of the formants of an open vowel.
_FORMANTS_HZ = ((700, 90), (1_200, 110), (2_600, 170), (3_400, 250))

Signal = npt.NDArray[np.float64]


def song(seconds: float, *, seed: int = 0) -> Signal:
    """Phrases of sung vowels with vibrato and breaths between them [samples], RMS 0.05."""
    random = np.random.default_rng(seed)
    voice = np.zeros(round(seconds * RATE_HZ))
    at = 0
    while at < len(voice):
        note = _note(random)[: len(voice) - at]
        voice[at : at + len(note)] += note
        at += len(note) + round(random.choice([0, 0, 0.08, 0.5]) * RATE_HZ)
    return voice * 0.05 / np.sqrt(np.mean(np.square(voice)) + 1e-20)


def _note(random: np.random.Generator) -> Signal:
    length = round(random.uniform(0.15, 0.9) * RATE_HZ)
    time_s = np.arange(length) / RATE_HZ
    f0_hz = (
        220
        * 2 ** (random.integers(-5, 12) / 12)
        * 2 ** (0.03 * np.sin(2 * np.pi * 5.5 * time_s + random.uniform(0, 6)))
    )
    phase = np.cumsum(f0_hz) / RATE_HZ
    source = np.diff(phase % 1, prepend=0) < 0  # one pulse a period
    sung = source + 0.01 * random.standard_normal(length)
    for centre_hz, width_hz in _FORMANTS_HZ:
        radius = np.exp(-np.pi * width_hz / RATE_HZ)
        turn = 2 * np.pi * centre_hz * random.uniform(0.8, 1.2) / RATE_HZ
        sung = sung + 0.5 * lfilter([1 - radius], [1, -2 * radius * np.cos(turn), radius**2], sung)
    edge = np.minimum(1, np.minimum(time_s, time_s[::-1]) / 0.02)
    return sung * edge * random.uniform(0.4, 1)
