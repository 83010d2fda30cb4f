"""A backing for a take: chords in its key from synthesised tones, and soft drums."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float64]  # [frames] at 44.1 kHz

RATE_HZ = 44_100
_BEAT_S = 60 / 84
_BEATS_PER_CHORD = 4
_CHROMA_HZ = (120.0, 1600.0)  # from where the semitones are further apart than the bins
_WINDOW = 2**14
# Krumhansl and Kessler's ratings of how well each tone fits a key.
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
# Semitones above the tonic: I vi IV V, and i VI iv v.
_MAJOR_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))
_MINOR_CHORDS = ((0, 3, 7), (8, 12, 15), (5, 8, 12), (7, 10, 14))


@dataclass(frozen=True)
class Key:
    tonic: int  # pitch class, 0 is C
    minor: bool


def key_of(voice: Signal) -> Key:
    """The key whose profile the pitch classes of `voice` fit best."""
    chroma = _chroma(voice)
    fits = {
        Key(tonic, minor): float(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1])
        for tonic in range(12)
        for minor, profile in ((False, _MAJOR), (True, _MINOR))
    }
    return max(fits, key=fits.__getitem__)


def backing(key: Key, frames: int, rng: np.random.Generator) -> Signal:
    """Chords, a bass and drums; its loudest sample is 1."""
    music = _chords(key, frames) + 0.25 * _drums(frames, rng)
    scaled: Signal = music / np.abs(music).max()
    return scaled


def _chroma(voice: Signal) -> Signal:
    windows = voice[: len(voice) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
    energy = np.square(np.abs(np.fft.rfft(windows * np.hanning(_WINDOW)))).sum(axis=0)
    frequency = np.fft.rfftfreq(_WINDOW, 1 / RATE_HZ)
    sung = (frequency > _CHROMA_HZ[0]) & (frequency < _CHROMA_HZ[1])
    pitch_class = np.round(69 + 12 * np.log2(frequency[sung] / 440)).astype(int) % 12
    return np.bincount(pitch_class, weights=energy[sung], minlength=12).astype(np.float64)


def _chords(key: Key, frames: int) -> Signal:
    mixed = np.zeros(frames)
    length = round(_BEAT_S * _BEATS_PER_CHORD * RATE_HZ)
    chords = _MINOR_CHORDS if key.minor else _MAJOR_CHORDS
    for index, start in enumerate(range(0, frames, length)):
        chord = chords[index % len(chords)]
        pitches = [36 + key.tonic + chord[0], *(48 + key.tonic + step for step in chord)]
        sounding = sum((_tone(pitch, length) for pitch in pitches), np.zeros(length))
        mixed[start : start + length] += sounding[: frames - start]
    return mixed


def _tone(pitch: int, length: int) -> Signal:
    """A struck string of six partials."""
    time_s = np.arange(length) / RATE_HZ
    frequency_hz = 440 * 2 ** ((pitch - 69) / 12)
    partials = [np.sin(2 * np.pi * n * frequency_hz * time_s) * np.exp(-n * time_s) / n**1.5 for n in range(1, 7)]
    attack = np.minimum(1, time_s / 0.01)
    release = np.minimum(1, (time_s[-1] - time_s) / 0.02)
    struck: Signal = np.sum(partials, axis=0) * attack * release
    return struck


def _drums(frames: int, rng: np.random.Generator) -> Signal:
    """A kick on one and three, a brush on two and four."""
    mixed = np.zeros(frames)
    length = round(0.2 * RATE_HZ)
    time_s = np.arange(length) / RATE_HZ
    kick = np.sin(2 * np.pi * (50 * time_s + 2 * (1 - np.exp(-30 * time_s)))) * np.exp(-18 * time_s)
    for beat, start in enumerate(range(0, frames, round(_BEAT_S * RATE_HZ))):
        brush = 0.3 * rng.standard_normal(length) * np.exp(-40 * time_s)
        mixed[start : start + length] += (brush if beat % 2 else kick)[: frames - start]
    return mixed
