"""What tests of encoders share: something to sing to them, and how far apart two answers are."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalverse.models.encoders.sound import Mono


def sung(seconds: float, seed: int = 0, rate_hz: int = 16_000) -> Mono:
    """A gliding tone with overtones, some breath, and rests."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * np.cumsum(220 * 2 ** (0.5 * np.sin(2 * np.pi * 0.45 * time_s + seed))) / rate_hz
    tone = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 7))
    loudness = 0.2 * (np.sin(2 * np.pi * 0.3 * time_s + seed) > -0.5)
    return (loudness * tone + 0.01 * rng.standard_normal(len(time_s))).astype(np.float32)


@dataclass(frozen=True)
class Agreement:
    error: float  # the largest
    correlation: float


def agreement(reference: npt.ArrayLike, ours: npt.ArrayLike) -> Agreement:
    wanted, got = np.asarray(reference, np.float64), np.asarray(ours, np.float64)
    assert wanted.shape == got.shape
    assert wanted.std() > 0.1, "a reference that says nothing proves nothing"
    return Agreement(float(np.abs(wanted - got).max()), float(np.corrcoef(wanted.ravel(), got.ravel())[0, 1]))
