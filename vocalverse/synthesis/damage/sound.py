"""What changes the sound of a voice and leaves its notes: breath, overdrive, and loudness that is taken away or pumped."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from vocalverse.audio.waveform import Samples
from vocalverse.synthesis.damage.intact import Intact
from vocalverse.synthesis.damage.world import Curve
from vocalverse.synthesis.singing import RATE_HZ
from vocalverse.synthesis.throat import STEP_S, steps_of, wander

_BREATH_HZ = (800, 3_800)
_BREATH_S = 0.35
_BEFORE_NOTE_S = 0.06
_PAUSE_S = 0.3  # at least: a shorter one leaves no time for a breath
_TAIL_S = 0.1  # what of a phrase's end still sounds behind it
_CUT_S = 0.03
_LEVEL_S = 0.25  # loudness is that slow
_PUMP_S = 0.6

Random = np.random.Generator
Signal = npt.NDArray[np.float64]  # [samples]


def breathier(take: Intact, share: float, random: Random) -> Samples:
    """The voice whispers along, at so much of its amplitude."""
    whisper = take.vocoded.whispered().sound(like=take.samples)
    whisper *= _smooth(take.voiced, 0.02)[:, None].astype(np.float32)
    loud = float(np.sqrt(np.mean(np.square(whisper[take.voiced], dtype=np.float64)))) if take.rms else 1.0
    return take.samples + whisper * np.float32(share * take.rms / max(loud, 1e-9))


def breaths(take: Intact, share: float, random: Random) -> Samples:
    """In every pause before a phrase, at so much of the voice's amplitude."""
    heard = take.samples.astype(np.float64)
    band = butter(2, _BREATH_HZ, "bandpass", fs=RATE_HZ, output="sos")
    rests_s = zip((0.0, *(phrase.end_s for phrase in take.phrases)), take.phrases, strict=False)
    for ended_s, phrase in rests_s:
        if phrase.start_s - ended_s < _PAUSE_S:
            continue
        end = round((phrase.start_s - _BEFORE_NOTE_S) * RATE_HZ)
        start = max(round(ended_s * RATE_HZ), end - round(_BREATH_S * RATE_HZ))
        noise = sosfiltfilt(band, random.standard_normal(end - start + RATE_HZ))[: end - start]
        noise *= np.sqrt(np.sin(np.linspace(0, np.pi, len(noise)))) / noise.std()
        heard[start:end] += (share * take.rms * noise)[:, None]
    return heard.astype(np.float32)


def ends_cut(take: Intact, seconds: float, random: Random) -> Samples:
    """So much of every phrase's end is missing, as if the air had run out; at least half of a phrase stays."""
    gain = np.ones(len(take.samples))
    for phrase in take.phrases:
        missing_s = min(seconds, 0.5 * (phrase.end_s - phrase.start_s))
        there = slice(round((phrase.end_s - missing_s) * RATE_HZ), round((phrase.end_s + _TAIL_S) * RATE_HZ))
        if missing_s > 0:
            gain[there] = 0
    return (take.samples * _smooth(gain, _CUT_S)[:, None]).astype(np.float32)


def clipped(take: Intact, db: float, random: Random) -> Samples:
    """Driven by so much past full scale, from a take that just reached it."""
    peak = float(np.abs(take.samples).max())
    gain = 10 ** (db / 20) / max(peak, 1e-9)
    driven: Samples = np.clip(take.samples * np.float32(gain), -1, 1) * np.float32(peak)
    return driven


def levelled(take: Intact, share: float, random: Random) -> Samples:
    """So much of what makes it louder and softer is gone, as a compressor leaves it."""
    level_db = _level_db(take)
    return _louder(take.samples, share * (np.median(level_db) - level_db))


def pumped(take: Intact, db: float, random: Random) -> Samples:
    """Louder and softer by `db` RMS, as if somebody played with the fader."""
    slow = wander(steps_of(len(take.samples) / RATE_HZ) + 1, random, wide_s=_PUMP_S)
    return _louder(
        take.samples, db * np.interp(np.arange(len(take.samples)) / RATE_HZ / STEP_S, np.arange(len(slow)), slow)
    )


def _level_db(take: Intact) -> Signal:
    """[samples]: how loud the voice is; over its pauses as before and after them."""
    voiced = take.voiced.astype(np.float64)
    if not voiced.any():
        return np.zeros(len(voiced))
    power = np.square(take.samples, dtype=np.float64).mean(axis=1)
    there = _smooth(voiced, _LEVEL_S)
    mean = _smooth(power * voiced, _LEVEL_S) / np.maximum(there, 1e-9)
    known = np.flatnonzero(voiced)
    level_db: Signal = np.interp(np.arange(len(power)), known, 10 * np.log10(np.maximum(mean[known], 1e-12)))
    return level_db


def _smooth(curve: npt.NDArray[np.generic], over_s: float) -> Signal:
    smooth: Signal = uniform_filter1d(curve.astype(np.float64), round(over_s * RATE_HZ), mode="nearest")
    return smooth


def _louder(samples: Samples, db: Curve) -> Samples:
    """Never past full scale, which would be overdrive."""
    louder = samples * 10 ** (db / 20)[:, None]
    return (louder / max(1.0, float(np.abs(louder).max()))).astype(np.float32)
