"""How well a network separates songs it was not trained on, asked through the code that serves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from scipy.signal import fftconvolve

from vocalverse.errors import BadInput
from vocalverse.records import Progress, no_progress
from vocalverse.separate.backends.backend import Backend
from vocalverse.separate.purpose import Purpose, part_of
from vocalverse.separate.quality import si_sdr
from vocalverse.separate.stitch import separate_to_arrays
from vocalverse.training.separator.sources import Audio, Clip


@dataclass(frozen=True)
class Conditions:
    """How the songs are mixed."""

    snr_db: float = 0.0  # voice against backing
    rooms: tuple[Audio, ...] = ()  # one for each song in turn, on voice and backing alike; the voice asked for is wet


@dataclass(frozen=True)
class Evaluation:
    songs: int
    mix_db: float  # the voice's mean SI-SDR in the mix
    voice_db: float  # and in what the network gives
    each_db: tuple[float, ...]


def evaluate(
    backend: Backend, songs: Sequence[Clip], conditions: Conditions, *, progress: Progress = no_progress
) -> Evaluation:
    """`songs` hold [backing, voice]."""
    if not songs:
        raise BadInput("There is no song to judge by: give some two-channel files the split `validation`.")
    rate_hz, part = backend.info.sample_rate_hz, part_of(backend.info.stems, Purpose.SEPARATE)
    stem = backend.info.stems[part.stem]
    before, after = [], []
    for at, song in enumerate(songs):
        progress("evaluate", at / len(songs))
        mix, voice = mixed(song, at, conditions, rate_hz=rate_hz)
        stems = separate_to_arrays(np.repeat(mix[:, None], 2, axis=1), backend, keep=(stem,))
        heard = mix - stems[stem].mean(axis=1) if part.rest else stems[stem].mean(axis=1)
        before.append(si_sdr(mix, voice))
        after.append(si_sdr(heard, voice))
    return Evaluation(len(songs), float(np.mean(before)), float(np.mean(after)), tuple(after))


def mixed(song: Clip, at: int, conditions: Conditions, *, rate_hz: int) -> tuple[Audio, Audio]:
    """Mix and voice [samples] at the network's rate."""
    dry = soxr.resample(song.excerpt(0, song.samples.shape[1]).T, song.sample_rate_hz, rate_hz).T
    backing, voice = dry
    if conditions.rooms:
        room = conditions.rooms[at % len(conditions.rooms)]
        voice, backing = (fftconvolve(sound, room[0])[: len(sound)] for sound in (voice, backing))
    wanted = np.sqrt(np.sum(np.square(voice)) / max(float(np.sum(np.square(backing))), 1e-12))
    backing = backing * wanted * 10 ** (-conditions.snr_db / 20)
    loudest = max(1.0, float(np.abs(voice + backing).max()))
    return ((voice + backing) / loudest).astype(np.float32), (voice / loudest).astype(np.float32)
