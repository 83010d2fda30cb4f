"""What sounds where nobody sings: noise, the backing alone, a loop, a recording that is played."""

import numpy as np
import soxr
from scipy.signal import butter, sosfilt

from vocalverse.synthesis.material import Material, Mono, levelled, looped, seed_of
from vocalverse.synthesis.rooms import in_room, room
from vocalverse.synthesis.singing import RATE_HZ, Sound

_LOUDSPEAKER_HZ = (180.0, 6_500.0)
_DRIFT = 40e-6  # of a player's clock against the recorder's
_T60_S = 0.45
_CLAPS_PER_S, _CLAP_HZ = 60, (700.0, 4_000.0)
_PHRASE_S = (3.0, 5.0)


def white_noise(material: Material, rng: np.random.Generator) -> Sound:
    return levelled(rng.standard_normal(material.frames))


def pink_noise(material: Material, rng: np.random.Generator) -> Sound:
    hz = np.fft.rfftfreq(material.frames, 1 / RATE_HZ)
    spectrum = np.fft.rfft(rng.standard_normal(material.frames)) / np.sqrt(np.maximum(hz, 20))
    return levelled(np.fft.irfft(spectrum, material.frames))


def applause(material: Material, rng: np.random.Generator) -> Sound:
    claps = round(_CLAPS_PER_S * material.seconds)
    struck = np.zeros(material.frames)
    struck[rng.integers(material.frames, size=claps)] = rng.exponential(size=claps)
    one = rng.standard_normal(RATE_HZ // 50) * np.exp(-np.arange(RATE_HZ // 50) / 150)
    return levelled(_between(np.convolve(struck, one)[: material.frames], _CLAP_HZ))


def distant_backing(material: Material, rng: np.random.Generator) -> Sound:
    """From headphones, into a microphone that nobody sings to."""
    faint = 0.05 * _through_loudspeaker(material.played, rng, drr_db=-3)
    return _noisy(faint, rng, rms=0.0005)


def backing(material: Material, rng: np.random.Generator) -> Sound:
    return material.played


def backing_in_a_room(material: Material, rng: np.random.Generator) -> Sound:
    return _through_loudspeaker(material.played, rng, drr_db=3)


def loop(material: Material, rng: np.random.Generator) -> Sound:
    """One phrase, again and again."""
    length = round(float(rng.uniform(*_PHRASE_S)) * RATE_HZ)
    first = max(0, min(RATE_HZ, len(material.sung) - length))
    return looped(material.sung[first : first + length], material.frames)


def loop_in_a_room(material: Material, rng: np.random.Generator) -> Sound:
    return _noisy(_through_loudspeaker(loop(material, rng), rng, drr_db=6), rng)


def playback(material: Material, rng: np.random.Generator) -> Sound:
    return _late(material.sung, 0.3)


def playback_in_a_room(material: Material, rng: np.random.Generator) -> Sound:
    return _noisy(_late(_through_loudspeaker(material.sung, rng, drr_db=4), 0.17), rng)


def _through_loudspeaker(sound: Sound, rng: np.random.Generator, *, drr_db: float) -> Sound:
    """A small one, across a room, on a clock of its own."""
    slow = soxr.resample(sound.mean(axis=1, dtype=np.float64), RATE_HZ, RATE_HZ * (1 + _DRIFT))
    return in_room(_between(slow, _LOUDSPEAKER_HZ), room(_T60_S, drr_db, seed=seed_of(rng), channels=2))


def _between(mono: Mono, hz: tuple[float, float]) -> Mono:
    filtered: Mono = sosfilt(butter(2, hz, "bandpass", fs=RATE_HZ, output="sos"), mono)
    return filtered


def _late(sound: Sound, seconds: float) -> Sound:
    return np.pad(sound, ((round(seconds * RATE_HZ), 0), (0, 0)))


def _noisy(sound: Sound, rng: np.random.Generator, *, rms: float = 0.002) -> Sound:
    return np.asarray(sound + rms * rng.standard_normal(sound.shape), np.float32)
