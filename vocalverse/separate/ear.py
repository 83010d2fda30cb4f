"""The ear: a recording in, the voice alone out, without its backing and without its room."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from vocalverse.audio.waveform import Samples
from vocalverse.records import Progress, no_progress
from vocalverse.separate.activity import Activity, level_above_rest_db, voice_activity
from vocalverse.separate.backends.backend import Backend
from vocalverse.separate.backends.trial import open_fastest
from vocalverse.separate.dereverberate import Dry, dereverberate
from vocalverse.separate.known import Cancelled, cancel, voice_of
from vocalverse.separate.options import EarOptions
from vocalverse.separate.stitch import stitch
from vocalverse.separate.weights import load

SAMPLE_RATE_HZ = 44_100

_VOICE = frozenset({"voice", "vocals", "vocal", "singing"})


@dataclass(frozen=True)
class Separated:
    """The voice as it was in the room, and how it lies in the recording."""

    voice: Samples  # [frames, 2]
    activity: Activity
    above_rest_db: float | None  # its level above all the rest while it sings
    known: Cancelled | None  # of the known backing; None where none was given


@dataclass(frozen=True)
class Ear:
    """The model, loaded once and kept."""

    options: EarOptions
    separator: Backend

    @classmethod
    def open(cls, options: EarOptions, *, threads: int | None = None, trials: Path | None = None) -> Self:
        """Loads the weights and chooses what runs them; `trials` is the folder that remembers the choice."""
        return cls(options, open_fastest(load(options.separator), options.precision, threads=threads, store=trials))

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

    def dereverberate(self, separated: Separated, *, progress: Progress = no_progress) -> Dry:
        """The same voice without its room; where nobody sings nothing is reckoned."""
        voice = separated.voice
        return dereverberate(voice, active=separated.activity.by_sample(len(voice)), progress=progress)

    def _voice(self, source: Samples, progress: Progress) -> Samples:
        """One stem of all that the network gives: the one so named, else the first."""
        stems = self.separator.info.stems
        wanted = next((at for at, name in enumerate(stems) if name.lower() in _VOICE), 0)
        samples = np.empty_like(source)

        def keep(start: int, block: npt.NDArray[np.float32]) -> None:
            samples[start : start + block.shape[1]] = block[wanted]

        stitch(source, self.separator, keep, overlap=self.options.overlap, progress=progress)
        return samples
