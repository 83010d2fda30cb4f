"""Endless mixtures of the sources, each a function of (seed, step, place in the batch): resuming needs no state."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

from vocalverse.training.separator.sources import Audio, Clip, Sources, shares

_QUIET = 1e-4  # the RMS below which an excerpt counts as a pause


@dataclass(frozen=True)
class Augmentation:
    """How far a mixture may be from what was recorded."""

    snr_db: tuple[float, float] = (-8.0, 8.0)  # voice against backing
    easy_share: float = 0.1  # of the mixtures up to `easy_snr_db`: what is nearly a voice alone is not to be harmed
    easy_snr_db: float = 25.0
    key_semitones: float = 3.0
    same_song_share: float = 0.5  # voice with its own backing
    room_share: float = 0.35
    equaliser_db: float = 5.0
    stereo_share: float = 0.5
    level_dbfs: tuple[float, float] = (-32.0, -12.0)  # of the mix


@dataclass(frozen=True)
class Batch:
    """Both [batch, 2, samples]. The voice is wet, as it is in the mix: taking the room away is another stage's."""

    mix: npt.NDArray[np.float32]
    voice: npt.NDArray[np.float32]


class Mixer:
    """Draws batches."""

    def __init__(self, sources: Sources, augmentation: Augmentation, *, sample_rate_hz: int, samples: int) -> None:
        self._sources = sources
        self._how = augmentation
        self._rate_hz = sample_rate_hz
        self._samples = samples
        self._voices = (*sources.voices, *sources.songs)
        self._backings = (*sources.backings, *sources.songs)
        self._voice_shares, self._backing_shares = shares(self._voices), shares(self._backings)

    def draw(self, *, seed: int, step: int, size: int) -> Batch:
        pairs = [self._one(np.random.default_rng((seed, step, place))) for place in range(size)]
        return Batch(np.stack([mix for mix, _ in pairs]), np.stack([voice for _, voice in pairs]))

    def _one(self, rng: np.random.Generator) -> tuple[Audio, Audio]:
        voice, backing = self._sound(rng)
        how = self._how
        if rng.random() < how.stereo_share:
            backing = _widened(backing, rng, rate_hz=self._rate_hz)
        else:
            backing = np.repeat(backing.mean(axis=0, keepdims=True), 2, axis=0)
        voice = np.repeat(voice, 2, axis=0)
        if self._sources.rooms and rng.random() < how.room_share:
            room = self._sources.rooms[rng.integers(len(self._sources.rooms))]
            other = self._sources.rooms[rng.integers(len(self._sources.rooms))]
            voice = _in_room(voice, room)
            backing = _in_room(backing, room if rng.random() < 0.5 else other)
        voice, backing = (self._equalised(sound, rng) for sound in (voice, backing))
        return self._levelled(voice, backing, rng)

    def _sound(self, rng: np.random.Generator) -> tuple[Audio, Audio]:
        """Voice [1, samples] and backing [1 or 2, samples], dry."""
        widest = self._how.key_semitones / 12
        which = int(rng.choice(len(self._voices), p=self._voice_shares))
        sung = self._excerpt(self._voices[which], 2 ** rng.uniform(-widest, widest), rng)
        if which >= len(self._sources.voices) and rng.random() < self._how.same_song_share:
            return sung[1:], sung[:1]
        which = int(rng.choice(len(self._backings), p=self._backing_shares))
        played = self._excerpt(self._backings[which], 2 ** rng.uniform(-widest, widest), rng)
        return sung[-1:], played[:1] if which >= len(self._sources.backings) else played

    def _excerpt(self, clip: Clip, key: float, rng: np.random.Generator) -> Audio:
        """A random place of the clip, `key` times as high: read at another rate."""
        rate_hz = clip.sample_rate_hz * key
        length = int(np.ceil(self._samples * rate_hz / self._rate_hz)) + 64
        total = clip.samples.shape[1]
        start = int(rng.integers(max(1, total - length + 1)))
        part = soxr.resample(clip.excerpt(start, length).T, rate_hz, self._rate_hz, quality="MQ").T
        if total < length:  # shorter than the excerpt: somewhere in it
            part = np.roll(part, int(rng.integers(self._samples)), axis=1)
        return np.asarray(part[:, : self._samples], dtype=np.float32)

    def _equalised(self, sound: Audio, rng: np.random.Generator) -> Audio:
        """A few slow waves over the octaves, as of another microphone or loudspeaker."""
        size = next_fast_len(sound.shape[1], real=True)
        octaves = np.log2(np.maximum(rfftfreq(size, 1 / self._rate_hz), 40.0) / 40.0)
        gain_db = np.zeros_like(octaves)
        for cycles in (0.5, 1.0, 2.0):
            depth = rng.normal(0, self._how.equaliser_db / 3)
            gain_db += depth * np.cos(np.pi * cycles * octaves / 4 + rng.uniform(0, 2 * np.pi))
        gain = (10 ** (gain_db / 20)).astype(np.float32)
        return np.asarray(irfft(rfft(sound, size) * gain, size)[:, : sound.shape[1]], dtype=np.float32)

    def _levelled(self, voice: Audio, backing: Audio, rng: np.random.Generator) -> tuple[Audio, Audio]:
        how = self._how
        snr_db = rng.uniform(*how.snr_db)
        if rng.random() < how.easy_share:
            snr_db = rng.uniform(how.snr_db[1], how.easy_snr_db)
        voice_rms, backing_rms = _rms(voice), _rms(backing)
        if voice_rms > _QUIET and backing_rms > _QUIET:
            backing = backing * np.float32(voice_rms / backing_rms * 10 ** (-snr_db / 20))
        mix = voice + backing
        level = np.float32(10 ** (rng.uniform(*how.level_dbfs) / 20) / max(_rms(mix), _QUIET))
        return mix * level, voice * level


def _widened(backing: Audio, rng: np.random.Generator, *, rate_hz: int) -> Audio:
    """Stereo: what it has, turned and narrowed; or of mono, a late copy on the sides."""
    if len(backing) == 1:
        late = np.roll(backing, int(rng.uniform(0.004, 0.025) * rate_hz), axis=1)
        side = late * np.float32(rng.uniform(0.2, 0.9))
        backing = np.concatenate([backing + side, backing - side])
    left, right = (np.float32(10 ** (rng.uniform(-3, 3) / 20)) for _ in range(2))
    return np.stack([backing[0] * left, backing[1] * right])


def _in_room(sound: Audio, room: Audio) -> Audio:
    size = next_fast_len(sound.shape[1] + room.shape[1], real=True)
    wet = irfft(rfft(sound, size) * rfft(room, size), size)
    return np.asarray(wet[:, : sound.shape[1]], dtype=np.float32)


def _rms(sound: Audio) -> float:
    return float(np.sqrt(np.mean(np.square(sound), dtype=np.float64)))
