"""A throat out of numbers: pulses through formants, and noises; none of it aliases."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve

from vocalverse.measure.pitch.track import hz_of

STEP_S = 0.0025  # a voice's controls
_AT_ONCE = 4_000  # steps
_FADE_FROM, _FADE_TO = 0.42, 0.48  # of the sample rate: no harmonic comes near the half of it
_TILT_BY_LEVEL = 0.25  # dB an octave for each dB: whoever sings louder sings brighter
_BREATH_HZ, _HISS_HZ = (800, 4_500), (4_000, 7_500)

Curve = npt.NDArray[np.floating]  # [steps] or [steps, …]


@dataclass(frozen=True)
class Voice:
    tract: float = 1.0  # 1.17: a woman's formants
    tilt_db_per_octave: float = -7.0
    breathiness_db: float = -30.0  # noise against tone
    jitter: float = 0.0  # mean difference of neighbouring periods, of a period
    shimmer: float = 0.0  # mean difference of neighbouring pulses' height, of their height
    wobble_cents: float = 0.0  # pitch that nobody holds still: slow noise, RMS
    ring_db: float = 0.0  # singer's formant
    rate_hz: int = 16_000  # of the synthesis; 32,000 fills the octave above 8 kHz too


@dataclass(frozen=True)
class Motion:
    """What a singer does at every step."""

    midi: Curve
    gate: Curve  # 0..1
    level_db: Curve
    formants_hz: Curve  # [steps, 5]
    hiss: Curve  # amplitude of noise, against a tone at 0 dB
    breath: Curve


def steps_of(seconds: float) -> int:
    return round(seconds / STEP_S)


def wander(steps: int, rng: np.random.Generator, *, wide_s: float) -> Curve:
    """Slow noise of RMS 1."""
    wide = steps_of(wide_s)
    noise = fftconvolve(rng.standard_normal(steps + wide), np.hanning(wide + 2)[1:-1], mode="valid")[:steps]
    slow: Curve = noise / np.sqrt(np.square(np.hanning(wide + 2)).sum())
    return slow


def sound(motion: Motion, voice: Voice, rng: np.random.Generator) -> Curve:
    """[samples] at the voice's rate, RMS 1 in a tone at 0 dB."""
    stride = round(voice.rate_hz * STEP_S)
    loud = 10 ** (_smooth(motion.level_db, 0.03) / 20) * _ramped(motion.gate)
    formants = _smooth(motion.formants_hz, 0.04) * voice.tract
    gains = _harmonics(hz_of(motion.midi), formants, motion.level_db, voice)
    tone = _pulses(hz_of(motion.midi), gains * loud[:, None], voice, rng)
    noise_hz = np.fft.rfftfreq(4 * stride, 1 / voice.rate_hz)
    hiss = [_band(noise_hz, low, high) for low, high in (_BREATH_HZ, _HISS_HZ)]
    spectra = np.square(motion.breath[:, None] * hiss[0]) + np.square(motion.hiss[:, None] * hiss[1])
    rough = _resonances(noise_hz[None, :], formants) * (noise_hz > 100)
    rough /= np.sqrt(np.square(rough).sum(axis=1, keepdims=True))
    spectra += np.square(rough * (10 ** (voice.breathiness_db / 20) * loud)[:, None])
    return tone + _noise(np.sqrt(spectra), stride, rng)


def _smooth(curve: Curve, over_s: float) -> Curve:
    wide = steps_of(over_s) | 1
    padded = np.pad(curve, [(wide // 2 + 1, wide // 2)] + [(0, 0)] * (curve.ndim - 1), mode="edge")
    total = np.cumsum(padded, axis=0)
    return (total[wide:] - total[:-wide]) / wide


def _ramped(gate: Curve) -> Curve:
    """Attacks and releases of 20 ms that lie within the tones."""
    return np.maximum(0, 2 * _smooth(gate, 0.04) - 1)


def _resonances(hz: Curve, formants_hz: Curve) -> Curve:
    """[steps, frequencies]: what the throat lets through."""
    passed = np.ones((len(formants_hz), hz.shape[1]))
    for formant in formants_hz.T:
        centre = formant[:, None]
        width = 50 + 0.05 * centre
        passed *= centre**2 / np.sqrt((hz**2 - centre**2) ** 2 + (width * hz) ** 2)
    return passed


def _harmonics(f0_hz: Curve, formants_hz: Curve, level_db: Curve, voice: Voice) -> Curve:
    """[steps, harmonics] amplitudes of a tone of RMS 1."""
    count = int(_FADE_TO * voice.rate_hz / f0_hz.min()) + 1
    hz = f0_hz[:, None] * np.arange(1, count + 1)
    tilt = voice.tilt_db_per_octave + _TILT_BY_LEVEL * _smooth(level_db, 0.03)
    db = tilt[:, None] * np.log2(np.arange(1, count + 1)) + voice.ring_db * np.exp(-np.square((hz - 2_900) / 400))
    gains = 10 ** (db / 20) * _resonances(hz, formants_hz)
    gains *= np.clip((_FADE_TO - hz / voice.rate_hz) / (_FADE_TO - _FADE_FROM), 0, 1)
    amplitudes: Curve = gains * np.sqrt(2) / np.sqrt(np.square(gains).sum(axis=1, keepdims=True))
    return amplitudes


def _pulses(f0_hz: Curve, gains: Curve, voice: Voice, rng: np.random.Generator) -> Curve:
    """Harmonics whose phases run on from the first sample to the last."""
    stride = round(voice.rate_hz * STEP_S)
    along = np.arange(stride) / stride
    hz = _between(np.append(f0_hz, f0_hz[-1]), along).ravel()
    turned = np.cumsum(hz) / voice.rate_hz
    uneven = np.sqrt(np.pi) / 2  # σ of normal numbers that differ from their neighbours by 1 in the mean
    if voice.jitter:
        periods = 1 + voice.jitter * uneven * rng.standard_normal(int(turned[-1]) + 2)
        turned = np.cumsum(hz * periods[turned.astype(int)]) / voice.rate_hz
    height = 1 + voice.shimmer * uneven * rng.standard_normal(int(turned[-1]) + 3)
    pulses = np.empty(len(hz))
    after = np.append(gains, gains[-1:], axis=0)
    for first in range(0, len(gains), _AT_ONCE):
        here = slice(first * stride, (first + _AT_ONCE) * stride)
        some = after[first : first + _AT_ONCE + 1]
        cosine = np.cos(2 * np.pi * turned[here]).reshape(-1, stride)
        last, this, total = np.ones_like(cosine), cosine, np.zeros_like(cosine)
        for gain in some.T:
            total += _between(gain, along) * this
            last, this = this, 2 * cosine * this - last
        pulses[here] = total.ravel()
    uneven_pulses: Curve = pulses * np.interp(turned, np.arange(len(height)), height)
    return uneven_pulses


def _between(steps: Curve, along: Curve) -> Curve:
    """[steps - 1, samples a step]."""
    return steps[:-1, None] + (steps[1:] - steps[:-1])[:, None] * along


def _band(hz: Curve, low_hz: float, high_hz: float) -> Curve:
    """Noise of power 1 between two frequencies, an octave's third of slope at either side."""
    inside = np.clip(1 - 3 * np.abs(np.log2(np.maximum(hz, 1) / np.clip(hz, low_hz, high_hz))), 0, 1)
    band: Curve = inside / np.sqrt(np.square(inside).sum())
    return band


def _noise(gains: Curve, stride: int, rng: np.random.Generator) -> Curve:
    """Of amplitudes [steps, bins] whose squares sum up to the power."""
    length = 4 * stride
    spectrum = (rng.standard_normal(gains.shape) + 1j * rng.standard_normal(gains.shape)) * gains / np.sqrt(2)
    bursts = np.fft.irfft(spectrum, length, axis=1) * np.hanning(length + 1)[:-1] * length / np.sqrt(3)
    total = np.zeros((len(gains) + 3, stride))
    for part in range(4):
        total[part : part + len(gains)] += bursts[:, part * stride : (part + 1) * stride]
    return total.ravel()[length // 2 - stride // 2 :][: len(gains) * stride]
