"""What lies between a singer and a recording: a room, a microphone, noise, a codec. Drawn by chance, it tells nothing of
who sings.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from vocalverse.audio.waveform import Samples
from vocalverse.synthesis.codecs import Codec, coded
from vocalverse.synthesis.rooms import in_room, room
from vocalverse.synthesis.singing import RATE_HZ

_FAR_HZ = 1_000.0  # a microphone's tilt turns around it
_RMS = 0.05
_LOUDEST = 0.99


@dataclass(frozen=True)
class Channel:
    t60_s: float = 0.0  # none: no room
    drr_db: float = 6.0
    tilt_db: float = 0.0  # of the microphone, an octave
    from_hz: float = 60.0
    to_hz: float = 16_000.0
    noise_db: float = -70.0  # pink, against the voice
    codec: Codec | None = None
    seed: int = 0  # of the room's and the noise's chance


def drawn(random: np.random.Generator) -> Channel:
    """As recordings come: most are near and clean, some are neither."""
    return Channel(
        t60_s=float(random.uniform(0.15, 0.8)) if random.random() < 0.6 else 0.0,
        drr_db=float(random.uniform(2, 12)),
        tilt_db=float(random.normal(0, 1)),
        from_hz=float(random.uniform(40, 160)),
        to_hz=float(random.uniform(6_000, 16_000)),
        noise_db=float(random.uniform(-65, -28)),
        codec=(None, *Codec)[random.integers(1 + len(Codec))],
        seed=int(random.integers(1 << 31)),
    )


def through(samples: Samples, channel: Channel) -> Samples:
    """[frames, 1] at 44.1 kHz, at one level whatever went in."""
    random = np.random.default_rng(channel.seed)
    voice = samples[:, :1].astype(np.float32)
    if channel.t60_s:
        response = room(channel.t60_s, channel.drr_db, seed=int(random.integers(1 << 31)))
        voice = in_room(voice[:, 0].astype(np.float64), response)
    voice = _levelled(_by_microphone(voice, channel))
    noise = _pink(len(voice), random) * _RMS * 10 ** (channel.noise_db / 20)
    heard = _within(voice + noise[:, None].astype(np.float32))
    return _within(coded(heard, channel.codec)) if channel.codec else heard


def _by_microphone(voice: Samples, channel: Channel) -> Samples:
    """Tilted around 1 kHz, between its lowest and its highest."""
    bins = np.fft.rfft(voice[:, 0])
    hz = np.maximum(np.fft.rfftfreq(len(voice), 1 / RATE_HZ), 20)
    bins *= 10 ** (np.clip(channel.tilt_db * np.log2(hz / _FAR_HZ), -12, 12) / 20)
    band = butter(2, (channel.from_hz, channel.to_hz), "bandpass", fs=RATE_HZ, output="sos")
    return np.asarray(sosfilt(band, np.fft.irfft(bins, len(voice)))[:, None], np.float32)


def _pink(frames: int, random: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """RMS 1."""
    hz = np.fft.rfftfreq(frames, 1 / RATE_HZ)
    spectrum = np.fft.rfft(random.standard_normal(frames)) / np.sqrt(np.maximum(hz, 20))
    noise = np.fft.irfft(spectrum, frames)
    return noise / max(float(np.std(noise)), 1e-12)


def _levelled(voice: Samples) -> Samples:
    rms = float(np.sqrt(np.mean(np.square(voice, dtype=np.float64)))) if len(voice) else 0.0
    return voice * np.float32(_RMS / max(rms, 1e-9))


def _within(sound: Samples) -> Samples:
    return sound * np.float32(min(1.0, _LOUDEST / max(float(np.abs(sound).max(initial=0)), 1e-9)))
