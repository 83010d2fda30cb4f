"""The voice itself, over what is held steadily: reported, never scored.

Norms for these come from spoken vowels in quiet clinics. Rooms, separation and singing move all of them: they compare
a singer with that singer's own takes in the same room, and rank nobody.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.ndimage import binary_erosion, uniform_filter1d

from vocalverse.measure.frames import BIN_HZ, HOP_S, RATE_HZ, WINDOW, Floats, Heard
from vocalverse.measure.singing.cycles import measure_cycles

_LEAST_S = 0.5  # of steady voice
_EDGE = 5  # frames at either end of a stretch: attacks and releases
_STILL_SEMITONES_PER_S = 2.5  # within a window, faster pitch smears the upper harmonics into noise
_SLIDING_SEMITONES_PER_S = 25.0  # for single periods vibrato holds still enough
_LOUD_DB = 15.0  # below the median voice
_AUDIBLE_DBFS = -90.0
_MOST_FRAMES = 2_500  # evenly chosen: a mean over more says nothing else
_AT_ONCE = 500
_AROUND = (0.985, 0.9925, 1.0, 1.0075, 1.015)  # periods tried, of the tracked one
_SHARE_LIMITS = (1e-4, 1 - 1e-5)  # of the tone in the sound: -40 to 50 dB
_BREATHY_HZ = (2_000.0, 5_000.0)  # there breath is louder than tone first
_QUEFRENCIES_S = (0.001, 0.03)  # the line is fitted there: below lies the throat
_PEAK_WITHIN = 0.1  # of the period
_EMPTY_DB = 80.0  # below a frame's loudest bin
_LIFTER = 7  # samples of quefrency, 0.4 ms

Curve = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class VoiceQuality:
    """Medians. None where too little is steady, or where the pitch lies too high for the measure."""

    steady_s: float  # what was looked at
    hnr_db: float | None  # tone against noise
    breathiness_db: float | None  # noise against tone from 2 to 5 kHz: more is breathier
    cpps_db: float | None  # how far the period stands out in the cepstrum
    jitter: float | None  # RAP: a period against the mean of itself and its neighbours, share of a period
    shimmer: float | None  # APQ3: likewise of the pulses' heights


def measure_voice_quality(heard: Heard) -> VoiceQuality:
    steady = steady_frames(heard)
    at = np.flatnonzero(steady)
    steady_s = len(at) * HOP_S
    if steady_s < _LEAST_S:
        return VoiceQuality(steady_s, None, None, None, None, None)
    some = at[:: -(-len(at) // _MOST_FRAMES)]
    hz = heard.pitch.hz[some].astype(np.float64)
    power = heard.dry.power[some]
    sliding = steady_frames(heard, semitones_per_s=_SLIDING_SEMITONES_PER_S)
    cycles = measure_cycles(heard.dry.samples, heard.pitch.hz, sliding)
    return VoiceQuality(
        steady_s,
        hnr_db=float(np.median(tone_to_noise_db(power, hz, (0.0, RATE_HZ / 2)))),
        breathiness_db=-float(np.median(tone_to_noise_db(power, hz, _BREATHY_HZ))),
        cpps_db=_cpps_db(power, hz),
        jitter=cycles.jitter if cycles else None,
        shimmer=cycles.shimmer if cycles else None,
    )


def steady_frames(heard: Heard, *, semitones_per_s: float = _STILL_SEMITONES_PER_S) -> npt.NDArray[np.bool_]:
    """[frames]: voice that neither begins nor ends, nor slides, nor is much softer than the rest."""
    voiced, level_db = heard.pitch.voiced, heard.dry.level_db
    if not voiced.any():
        return np.zeros(len(voiced), np.bool_)
    midi = uniform_filter1d(np.nan_to_num(heard.pitch.midi.astype(np.float64)), 3)
    moves = np.abs(np.gradient(midi)) / HOP_S if len(midi) > 1 else np.zeros(len(midi))
    loud = level_db > max(float(np.median(level_db[voiced])) - _LOUD_DB, _AUDIBLE_DBFS)
    steady: npt.NDArray[np.bool_] = binary_erosion(voiced, iterations=_EDGE) & (moves < semitones_per_s) & loud
    return steady


def tone_to_noise_db(power: Floats, hz: Curve, band_hz: tuple[float, float]) -> Curve:
    """[frames]: by the autocorrelation of the band after one period, the window's own taken out."""
    bins = np.arange(round(band_hz[0] / BIN_HZ), round(band_hz[1] / BIN_HZ) + 1)
    best = np.zeros(len(hz))
    for first in range(0, len(hz), _AT_ONCE):
        here = slice(first, first + _AT_ONCE)
        some = power[here, bins[0] : bins[-1] + 1]
        total = some.sum(axis=1)
        for stretch in _AROUND:
            period = stretch / hz[here]
            turns = np.cos((2 * np.pi * BIN_HZ * period)[:, None].astype(np.float32) * bins.astype(np.float32))
            alike = (some * turns).sum(axis=1) / np.maximum(total, 1e-20) / _window_alike(period)
            best[here] = np.maximum(best[here], alike)
    share = np.clip(best, *_SHARE_LIMITS)
    decibels: Curve = 10 * np.log10(share / (1 - share))
    return decibels


def _window_alike(period_s: Curve) -> Curve:
    """The Hann window's autocorrelation at these lags."""
    lag = np.minimum(period_s * RATE_HZ / WINDOW, 0.99)
    turn = 2 * np.pi * lag
    alike: Curve = (1 - lag) * (2 / 3 + np.cos(turn) / 3) + np.sin(turn) / (2 * np.pi)
    return alike


def _cpps_db(power: Floats, hz: Curve) -> float | None:
    inside = 1 / hz < _QUEFRENCIES_S[1]
    inside &= (1 - _PEAK_WITHIN) / hz > _QUEFRENCIES_S[0]
    if inside.sum() * HOP_S < _LEAST_S:
        return None
    starts = range(0, len(hz), _AT_ONCE)
    parts = [(power[start : start + _AT_ONCE], hz[start : start + _AT_ONCE]) for start in starts]
    prominences_db = np.concatenate([_prominences_db(*part) for part in parts])
    return float(np.median(prominences_db[inside]))


def _prominences_db(power: Floats, hz: Curve) -> Curve:
    empty = power.max(axis=1, keepdims=True) * np.float32(10 ** (-_EMPTY_DB / 10))  # as codecs leave it
    spectrum_db = 10 * np.log10(np.maximum(power, empty))
    cepstrum = np.square(fft.irfft(spectrum_db, WINDOW, axis=1)[:, : WINDOW // 2])
    level_db = 10 * np.log10(uniform_filter1d(cepstrum, _LIFTER, axis=1) + 1e-12).astype(np.float64)
    quefrency_s = np.arange(WINDOW // 2) / RATE_HZ
    fitted = (quefrency_s > _QUEFRENCIES_S[0]) & (quefrency_s < _QUEFRENCIES_S[1])
    line = np.polynomial.polynomial.polyfit(quefrency_s[fitted], level_db[:, fitted].T, 1)
    near = np.abs(quefrency_s[None, :] * hz[:, None] - 1) < _PEAK_WITHIN
    above = level_db - (line[0][:, None] + line[1][:, None] * quefrency_s)
    peaks: Curve = np.where(near, above, -np.inf).max(axis=1)
    return peaks
