"""The ear: a recording in, the voice alone out, without its backing and without its room."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from vocalverse.audio.waveform import Samples
from vocalverse.errors import ModelRefused
from vocalverse.records import Progress, no_progress
from vocalverse.separate.activity import Activity, level_above_rest_db, voice_activity
from vocalverse.separate.backends.backend import Backend
from vocalverse.separate.backends.peer_file import is_peer_file, open_peer_file
from vocalverse.separate.backends.trial import open_fastest
from vocalverse.separate.dereverberate import Dry, dereverberate
from vocalverse.separate.drying import dry_through
from vocalverse.separate.known import Cancelled, cancel, voice_of
from vocalverse.separate.networks.network import NetworkInfo
from vocalverse.separate.options import EarOptions
from vocalverse.separate.purpose import Purpose, part_of
from vocalverse.separate.stitch import Stems, stitch
from vocalverse.separate.weights import load

SAMPLE_RATE_HZ = 44_100


@dataclass(frozen=True)
class Separated:
    """The voice as it was in the room, and how it lies in the recording."""

    voice: Samples  # [frames, 2]
    activity: Activity
    above_rest_db: float | None  # its level above all the rest while it sings
    known: Cancelled | None  # of the known backing; None where none was given


@dataclass(frozen=True)
class Ear:
    """The models, loaded once and kept."""

    options: EarOptions
    separator: Backend
    dereverberator: Backend | None = None

    @classmethod
    def open(cls, options: EarOptions, *, threads: int | None = None, trials: Path | None = None) -> Self:
        """Loads the weights and chooses what runs them; `trials` is the folder that remembers the choice."""
        separator = _opened(options.separator, Purpose.SEPARATE, options, threads, trials)
        dereverberator = None
        if options.dereverberator:
            dereverberator = _opened(options.dereverberator, Purpose.DEREVERBERATE, options, threads, trials)
        return cls(options, separator, dereverberator)

    def separate(
        self,
        mix: Samples,
        *,
        backing: Samples | None = None,
        key_shift: int = 0,
        progress: Progress = no_progress,
    ) -> Separated:
        """The voice out of `mix` [frames, 2]. What is known of the backing is taken out first."""
        known = cancel(mix, backing, key_shift=key_shift, progress=progress) if backing is not None else None
        voice = self._voice(known.residual if known else mix, progress)
        if known is not None and known.used:
            voice = voice_of(mix, known.residual, voice, progress=progress)
        activity = voice_activity(voice, SAMPLE_RATE_HZ)
        return Separated(voice, activity, level_above_rest_db(voice, mix, activity), known)

    def alone(self, voice: Samples) -> Separated:
        """Of a recording that nothing but the voice is in."""
        return Separated(voice, voice_activity(voice, SAMPLE_RATE_HZ), above_rest_db=None, known=None)

    def dereverberate(self, separated: Separated, *, progress: Progress = no_progress) -> Dry:
        """The same voice without its room; where nobody sings nothing is reckoned."""
        voice = separated.voice
        active = separated.activity.by_sample(len(voice))
        if self.dereverberator is None:
            return dereverberate(voice, active=active, progress=progress)
        return dry_through(voice, self.dereverberator, active=active, overlap=self.options.overlap, progress=progress)

    def _voice(self, source: Samples, progress: Progress) -> Samples:
        """Of all that the network gives, the voice alone."""
        part = part_of(self.separator.info.stems, Purpose.SEPARATE)
        samples = np.empty_like(source)

        def keep(start: int, block: Stems) -> None:
            place = slice(start, start + block.shape[1])
            samples[place] = part.of(block, source[place])

        stitch(source, self.separator, keep, overlap=self.options.overlap, progress=progress)
        return samples


def _opened(path: Path, purpose: Purpose, options: EarOptions, threads: int | None, trials: Path | None) -> Backend:
    """What does not fit is refused before anything is tried."""
    if is_peer_file(path):
        peer = open_peer_file(path, options.precision, threads)
        _require_fit(peer.info, purpose, path)
        return peer
    network = load(path)
    _require_fit(network.info, purpose, path)
    return open_fastest(network, options.precision, threads=threads, store=trials)


def _require_fit(info: NetworkInfo, purpose: Purpose, path: Path) -> None:
    try:
        part_of(info.stems, purpose)
    except ModelRefused as error:
        raise ModelRefused(f"{path}: {error}") from error
    if info.sample_rate_hz != SAMPLE_RATE_HZ:
        raise ModelRefused(f"{path} hears {info.sample_rate_hz} Hz; VocalVerse separates at {SAMPLE_RATE_HZ} Hz.")
