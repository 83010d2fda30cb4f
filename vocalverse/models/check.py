"""That a model does what it should, proved on a mix whose parts are known: a shipped voice and a made-up band or room."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import fftconvolve

from vocalverse.audio.waveform import Samples
from vocalverse.errors import BadInput, ModelBroken
from vocalverse.models.catalogue import thresholds
from vocalverse.records import Progress, no_progress
from vocalverse.samples.make import TAKES
from vocalverse.samples.music import RATE_HZ, backing, key_of
from vocalverse.separate.backends import open_backend
from vocalverse.separate.backends.backend import Backend
from vocalverse.separate.backends.peer_file import is_peer_file, open_peer_file
from vocalverse.separate.precision import Precision
from vocalverse.separate.purpose import Purpose, part_of
from vocalverse.separate.quality import si_sdr
from vocalverse.separate.stitch import separate_to_arrays
from vocalverse.separate.weights import load

_EXCERPT_S = (2.0, 12.0)  # of the take: sung throughout
_SEED = 20
_ROOM_S = 0.9  # until it has fallen by 60 dB
_ROOM_LEVEL = 0.7  # of the direct sound's
_LEVEL = 0.1  # RMS of the voice


@dataclass(frozen=True)
class Trial:
    """What goes in, and what should come out."""

    given: Samples
    wanted: Samples


@dataclass(frozen=True)
class Checked:
    """SI-SDR of the wanted stem, in dB."""

    name: str
    purpose: Purpose
    before_db: float
    after_db: float
    gain_db: float
    needed_db: float

    @property
    def passed(self) -> bool:
        return self.gain_db >= self.needed_db


def check(
    name: str,
    weights: Path,
    purpose: Purpose,
    *,
    backend: str = "torch",
    precision: Precision = Precision.FP32,
    progress: Progress = no_progress,
) -> Checked:
    """Runs the model over ten seconds and compares with the truth."""
    model = _opened(weights, backend, precision)
    trial = trial_of(purpose)
    estimate = _estimate(model, trial.given, purpose, progress)
    before_db, after_db = si_sdr(trial.given, trial.wanted), si_sdr(estimate, trial.wanted)
    return Checked(name, purpose, before_db, after_db, after_db - before_db, thresholds().of(purpose))


def trial_of(purpose: Purpose) -> Trial:
    """The same on every machine."""
    rng = np.random.default_rng(_SEED)
    first, last = (round(second * RATE_HZ) for second in _EXCERPT_S)
    sung = soundfile.read(TAKES[0], dtype="float64", always_2d=True)[0][first:last].mean(axis=1)
    voice = _LEVEL * sung / np.sqrt(np.square(sung).mean())
    if purpose is Purpose.SEPARATE:
        band = backing(key_of(voice), len(voice), rng)
        return Trial(_stereo(voice + _LEVEL * band / np.sqrt(np.square(band).mean())), _stereo(voice))
    sides = [voice + _echo(voice, rng) for _ in range(2)]
    return Trial(np.stack(sides, axis=1).astype(np.float32), _stereo(voice))


def _opened(weights: Path, backend: str, precision: Precision) -> Backend:
    if not is_peer_file(weights):
        return open_backend(load(weights), backend, precision)
    if backend != "torch":
        raise BadInput(
            f"{weights} is run by audio-separator's own network, not through {backend}: leave --backend out."
        )
    return open_peer_file(weights, precision)


def _estimate(model: Backend, given: Samples, purpose: Purpose, progress: Progress) -> Samples:
    if model.info.sample_rate_hz != RATE_HZ:
        raise ModelBroken(f"It hears {model.info.sample_rate_hz} Hz; VocalVerse separates at {RATE_HZ}.")
    part = part_of(model.info.stems, purpose)
    stem = model.info.stems[part.stem]
    heard = separate_to_arrays(given, model, keep=(stem,), progress=progress)[stem]
    return given - heard if part.rest else heard


def _stereo(mono: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Samples:
    return np.stack([mono, mono], axis=1).astype(np.float32)


def _echo(
    dry: np.ndarray[tuple[int], np.dtype[np.float64]], rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    time_s = np.arange(round(_ROOM_S * RATE_HZ)) / RATE_HZ
    tail = rng.standard_normal(len(time_s)) * 10 ** (-3 * time_s / _ROOM_S) * (time_s > 0.02)
    tail *= _ROOM_LEVEL / np.linalg.norm(tail)
    wet: np.ndarray[tuple[int], np.dtype[np.float64]] = fftconvolve(dry, tail)[: len(dry)]
    return wet
