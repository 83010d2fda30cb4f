"""The same faults by other ways: nothing of what `singing`, `sound` and `colour` do is done here.

What is reported of a judge is reported of these, which neither training nor any threshold has heard: periods are laid
anew in place of a vocoder, delays swing, filters run in time, noise is shaped by linear prediction or bin by bin.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_toeplitz
from scipy.signal import ShortTimeFFT, butter, iirnotch, iirpeak, lfilter, sosfilt

from vocalverse.audio.waveform import Samples
from vocalverse.synthesis.damage.intact import Intact
from vocalverse.synthesis.damage.psola import Grains
from vocalverse.synthesis.singing import RATE_HZ

_MOST = 1.7  # how far a fault goes beyond its RMS
_SHORTEST, _LONGEST = 0.5, 2.0  # of a stretch's own length
_WOBBLE_HZ = (2.5, 8.0)
_LONG_S = 0.4  # notes that wobble
_ORDER = 28  # of linear prediction
_HOP = 441
_FFT = 2048
_GASP_S, _BEFORE_S, _PAUSE_S = 0.3, 0.03, 0.25
_ATTACK_S, _RELEASE_S, _LEVEL_STEP = 0.01, 0.12, 44

Random = np.random.Generator
Signal = npt.NDArray[np.float64]


def off_pitch(take: Intact, cents: float, random: Random) -> Samples:
    """Each note flat or sharp by about that much: never in tune, `cents` RMS."""
    grains = Grains.of(take)
    off = random.choice([-1.0, 1.0], len(take.notes)) * random.uniform(2 - _MOST, _MOST, len(take.notes))
    notes = [(note.start_s, note.end_s) for note in take.notes]
    moved = grains.of_notes(notes, off / _rms(off) * cents / 100)
    return grains.laid(moved, np.arange(len(grains.sound), dtype=np.float64), like=take.samples)


def off_time(take: Intact, ms: float, random: Random) -> Samples:
    """Hurried and dragged by turns: every other note begins early, those between late."""
    grains = Grains.of(take)
    starts = np.asarray([note.start_s for note in take.notes]) * RATE_HZ
    turns = np.where(np.arange(len(starts)) % 2, 1.0, -1.0) * random.uniform(2 - _MOST, _MOST, len(starts))
    late = turns / _rms(turns) * ms / 1_000 * RATE_HZ
    old = np.concatenate([[0.0], starts, [len(grains.sound)]])
    new = np.maximum.accumulate(np.concatenate([[0.0], starts + late, [len(grains.sound)]]))
    lengths = np.clip(np.diff(new), _SHORTEST * np.diff(old), _LONGEST * np.diff(old))
    new = np.concatenate([[0.0], np.cumsum(lengths)])
    source = np.interp(np.arange(len(grains.sound)), new, old)
    return grains.laid(np.zeros(len(grains.at)), source, like=take.samples)


def wobbly(take: Intact, cents: float, random: Random) -> Samples:
    """Long notes waver as no vibrato does: what is heard comes from a place that swings to and fro in time."""
    band = butter(2, _WOBBLE_HZ, "bandpass", fs=RATE_HZ / _HOP, output="sos")
    steps = len(take.samples) // _HOP + 2
    wobble = sosfilt(band, random.standard_normal(steps + 200))[200:]
    every_step = np.arange(steps) * _HOP
    here = np.interp(np.arange(len(take.samples)), every_step, wobble / _rms(wobble)) * _long_notes(take)
    delay = np.cumsum(2 ** (cents * here / 1_200) - 1)
    where = np.arange(len(take.samples)) + delay - delay.mean()
    heard = [np.interp(where, np.arange(len(take.samples)), channel) for channel in take.samples.T]
    return np.stack(heard, axis=1).astype(np.float32)


def airy(take: Intact, share: float, random: Random) -> Samples:
    """Air goes along: noise through the resonances that linear prediction finds, as loud as the voice is there."""
    mono = take.samples.mean(axis=1, dtype=np.float64) * take.voiced
    window = np.hanning(2 * _HOP)
    air = np.zeros(len(mono) + 2 * _HOP)
    for start in range(0, len(mono) - 2 * _HOP, _HOP):
        there = slice(start, start + 2 * _HOP)
        air[there] += window * _breathed(mono[there], random)
    return take.samples + (share * air[: len(mono), None]).astype(np.float32)


def gasping(take: Intact, share: float, random: Random) -> Samples:
    """Air is drawn in ever faster and higher before phrases, and stops as the voice begins. Made bin by bin."""
    heard = take.samples.astype(np.float64)
    transform = _transform()
    for end_s in _pauses(take):
        length = round(_GASP_S * RATE_HZ)
        end = round((end_s - _BEFORE_S) * RATE_HZ)
        bins = transform.stft(random.standard_normal(length))
        along = np.linspace(0, 1, bins.shape[1])
        centre_hz = 900 * 3**along
        hz = transform.f[:, None]
        bins *= np.exp(-0.5 * np.square(np.log2(np.maximum(hz, 1) / centre_hz) / 0.7)) * along**1.5
        gasp = np.real(transform.istft(bins, k1=length))
        start = max(0, end - length)
        heard[start:end] += (share * take.rms * gasp / _rms(gasp))[len(gasp) - (end - start) :, None]
    return heard.astype(np.float32)


def ends_lost(take: Intact, seconds: float, random: Random) -> Samples:
    """Phrases fade out from the top of their spectrum down before they are over, as who has no air left sings."""
    transform = _transform()
    bins = [transform.stft(channel.astype(np.float64)) for channel in take.samples.T]
    at_s = transform.t(len(take.samples))
    octaves = np.log2(np.maximum(transform.f, 60.0) / 60.0)[:, None]
    lost_db = np.zeros((len(transform.f), len(at_s)))
    for phrase in take.phrases:
        missing_s = min(seconds, 0.5 * (phrase.end_s - phrase.start_s))
        there = (at_s > phrase.end_s - 1.5 * missing_s) & (at_s < phrase.end_s + 0.15)
        if missing_s > 0:
            gone = (at_s[there] - phrase.end_s + 1.5 * missing_s) / (0.75 * missing_s)
            lost_db[:, there] = np.minimum(60, 12 * gone**2 * octaves / 3 + 24 * np.maximum(gone - 1, 0))
    heard = [transform.istft(one * 10 ** (-lost_db / 20), k1=len(take.samples)) for one in bins]
    return np.stack(heard, axis=1).astype(np.float32)


def squeezed(take: Intact, share: float, random: Random) -> Samples:
    """A compressor with attack and release takes so much of every dB above what is soft."""
    power = np.square(take.samples, dtype=np.float64).mean(axis=1)
    steps = np.sqrt(np.add.reduceat(power, np.arange(0, len(power), _LEVEL_STEP)) / _LEVEL_STEP)
    level_db = 20 * np.log10(np.maximum(_followed(steps), 1e-6))
    sung = level_db[level_db > level_db.max() - 40]
    over_db = np.maximum(level_db - np.quantile(sung, 0.1), 0)
    gain = 10 ** (np.interp(np.arange(len(power)), np.arange(len(steps)) * _LEVEL_STEP, -over_db * share) / 20)
    return np.asarray(take.samples * gain[:, None], np.float32)


def nosey(take: Intact, depth: float, random: Random) -> Samples:
    """A notch where vowels are open and a peak where the nose sounds, as filters in time; `depth` from 0 to 1."""
    heard = take.samples.astype(np.float64)
    for hz in (750.0, 1_150.0):
        heard = (1 - depth) * heard + depth * lfilter(*iirnotch(hz, 0.9, fs=RATE_HZ), heard, axis=0)
    return (heard + 2 * depth * lfilter(*iirpeak(270.0, 2.0, fs=RATE_HZ), heard, axis=0)).astype(np.float32)


def dull(take: Intact, octaves: float, random: Random) -> Samples:
    """A low pass, so many octaves below 8 kHz; none for 0."""
    if not octaves:
        return take.samples.copy()
    sos = butter(2, 8_000 / 2**octaves, fs=RATE_HZ, output="sos")
    return np.asarray(sosfilt(sos, take.samples, axis=0), np.float32)


def _rms(values: Signal) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if len(values) else 1.0


def _long_notes(take: Intact) -> Signal:
    """[samples]: 1 within them, with soft edges."""
    there = np.zeros(len(take.samples))
    for note in take.notes:
        if note.end_s - note.start_s >= _LONG_S:
            there[round((note.start_s + 0.08) * RATE_HZ) : round((note.end_s - 0.08) * RATE_HZ)] = 1
    soft = np.hanning(round(0.1 * RATE_HZ))
    return np.asarray(np.convolve(there, soft / soft.sum(), mode="same"))


def _breathed(part: Signal, random: Random) -> Signal:
    """Noise as loud as that, through its resonances."""
    loud = _rms(part)
    if loud < 1e-5:
        return np.zeros(len(part))
    tapered = part * np.hanning(len(part))
    like = np.correlate(tapered, tapered, "full")[len(part) - 1 : len(part) + _ORDER]
    like[0] *= 1.001  # so that a pure tone has a solution
    poles = np.concatenate([[1.0], -solve_toeplitz(like[:_ORDER], like[1 : _ORDER + 1])])
    noise = lfilter([1.0, -0.9], poles, random.standard_normal(len(part)))
    return np.asarray(noise * loud / max(_rms(noise), 1e-9))


def _transform() -> ShortTimeFFT:
    return ShortTimeFFT(np.hanning(_FFT + 1)[:-1], _FFT // 4, RATE_HZ)


def _pauses(take: Intact) -> Iterator[float]:
    """When phrases begin that a pause stands before."""
    ended_s = 0.0
    for phrase in take.phrases:
        if phrase.start_s - ended_s >= _PAUSE_S:
            yield phrase.start_s
        ended_s = phrase.end_s


def _followed(steps: Signal) -> Signal:
    """Up quickly, down slowly."""
    up, down = (np.exp(-_LEVEL_STEP / RATE_HZ / seconds) for seconds in (_ATTACK_S, _RELEASE_S))
    level, followed = 0.0, np.empty(len(steps))
    for at, step in enumerate(steps):
        keep = up if step > level else down
        level = keep * level + (1 - keep) * step
        followed[at] = level
    return followed
