"""Backings, voices and rooms whose truth is known, for the tests of what takes a known backing out."""

import numpy as np
import numpy.typing as npt
import soxr
from scipy.signal import fftconvolve

RATE_HZ = 44_100

Samples = npt.NDArray[np.float32]


def tune(seconds: float, *, seed: int = 0, stereo: bool = False) -> Samples:
    """Chords of decaying notes with a beat of noise: [frames, 2], at -20 dBFS or so."""
    rng = np.random.default_rng(seed)
    length = round(seconds * RATE_HZ)
    sound = np.zeros((length + RATE_HZ, 2))
    time_s = np.arange(RATE_HZ) / RATE_HZ
    onset = 0
    while onset < length:
        fall = np.exp(-6 * time_s)
        for _ in range(3):
            hz = 110 * 2 ** (rng.integers(0, 36) / 12)
            overtones = sum(np.sin(2 * np.pi * hz * k * time_s + rng.uniform(0, 6)) / k for k in range(1, 9))
            sound[onset : onset + RATE_HZ] += (overtones * fall)[:, None] * rng.uniform(0.2, 1, 2)
        beat = rng.standard_normal(RATE_HZ) * np.exp(-40 * time_s)
        sound[onset : onset + RATE_HZ] += beat[:, None]
        onset += round(rng.uniform(0.2, 0.5) * RATE_HZ)
    sound = sound[:length] if stereo else np.repeat(sound[:length].mean(axis=1, keepdims=True), 2, axis=1)
    return (0.1 * sound / (sound.std() + 1e-9)).astype(np.float32)


def voice(seconds: float, *, seed: int = 1) -> Samples:
    """A sung line with vibrato and breaths: [frames, 2], both the same, as loud as a tune."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    notes = 220 * 2 ** (rng.integers(0, 13, int(seconds * 2) + 2) / 12)
    hz = notes[(time_s * 2).astype(int)] * 2 ** (0.4 / 12 * np.sin(2 * np.pi * 5.5 * time_s))
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    sung = sum(np.sin(k * phase) / k for k in range(1, 16)) * np.clip(np.sin(2 * np.pi * 0.4 * time_s) * 4, 0, 1)
    sung = 0.1 * sung / sung.std()
    return np.stack([sung, sung], axis=1).astype(np.float32)


def room(*, seed: int = 2, t60_s: float = 0.4) -> Samples:
    """A direct sound 3 ms in, then noise that dies away: [frames, 2]."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(1.2 * t60_s * RATE_HZ)) / RATE_HZ
    tail = rng.standard_normal((len(time_s), 2)) * np.exp(-6.9 * time_s / t60_s)[:, None] * 0.03
    tail[: round(0.003 * RATE_HZ)] = 0
    tail[round(0.003 * RATE_HZ)] = 1
    return tail.astype(np.float32)


def played(backing: Samples, *, frames: int, delay_s: float = 0.0, drift_ppm: float = 0.0) -> Samples:
    """What a recording of `frames` holds of `backing`, begun `delay_s` into it, on a clock that much faster."""
    ratio = 1 + drift_ppm * 1e-6
    slow = soxr.resample(backing, RATE_HZ, RATE_HZ * ratio, quality="VHQ") if drift_ppm else backing
    lead = round(delay_s * RATE_HZ)
    slow = np.pad(slow, ((lead, 0), (0, 0))) if lead >= 0 else slow[-lead:]
    return np.pad(slow[:frames], ((0, max(0, frames - len(slow))), (0, 0))).astype(np.float32)


def in_room(sound: Samples, response: Samples) -> Samples:
    return fftconvolve(sound, response, axes=0)[: len(sound)].astype(np.float32)


def si_sdr_db(estimate: Samples, truth: Samples) -> float:
    scale = np.vdot(estimate, truth) / np.vdot(truth, truth)
    wanted = scale * truth
    return float(10 * np.log10(np.vdot(wanted, wanted) / np.vdot(estimate - wanted, estimate - wanted)))
