"""Clips of a manifest as encoders and heads need them: heard, cropped where a recipe asks for that, and measured."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from vocalverse.audio.decode import decode
from vocalverse.audio.quality import measure
from vocalverse.audio.sandbox import DecodeLimits
from vocalverse.audio.waveform import Samples, Waveform
from vocalverse.errors import ManifestBroken, Undecodable
from vocalverse.evidence.find import find_evidence
from vocalverse.measure.frames import Frames
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.row import as_sung
from vocalverse.measure.take import hear, measure_take
from vocalverse.models.digest import sha256_of_path
from vocalverse.models.encoders.sound import F0
from vocalverse.release.figures import figures
from vocalverse.release.sounds import Sounds
from vocalverse.separate.ear import Ear
from vocalverse.training.manifest import Clip
from vocalverse.training.recipe import Hearing

_LONGEST_S = 900.0


@dataclass(frozen=True)
class Listened:
    waveform: Waveform
    voice: Samples  # in its room
    dry: Samples

    @property
    def sounds(self) -> Sounds:
        return Sounds.of(self.dry, self.waveform.samples, self.waveform.sample_rate_hz, f0=self._f0_hz)

    def _f0_hz(self) -> F0:
        """As it is measured."""
        pitch = _tracker().track(Frames.of(self.dry))
        return np.where(pitch.voiced, pitch.hz, 0).astype(np.float32)

    def figures(self, tracker: PitchTracker) -> Mapping[str, float]:
        measured = measure_take(hear(self.dry, self.voice, self.waveform.samples, tracker))
        return figures(measure(self.waveform), as_sung(measured).figures, find_evidence(measured))


@dataclass(frozen=True)
class Listener:
    hearing: Hearing
    ear: Ear | None = None  # None: clips are voices alone

    @classmethod
    def open(cls, hearing: Hearing, ear: Ear | None) -> "Listener":
        return cls(hearing, ear if hearing.ear else None)

    def listen(self, clip: Clip) -> Listened:
        waveform = _cropped(_decoded(clip), self.hearing.crop_s)
        if self.ear is None:
            return Listened(waveform, waveform.samples, waveform.samples)
        separated = self.ear.separate(waveform.samples)
        return Listened(waveform, separated.voice, self.ear.dereverberate(separated).samples)

    def name(self, clip: Clip) -> str:
        """Of the recording as it is heard here: another ear or another crop is another recording."""
        how = {"sound": sha256_of_path(clip.audio), "crop_s": self.hearing.crop_s, "ear": self._ear()}
        return hashlib.sha256(json.dumps(how, sort_keys=True).encode()).hexdigest()

    def _ear(self) -> str | None:
        if self.ear is None:
            return None
        options = self.ear.options
        weights = [sha256_of_path(path) for path in (options.separator, options.dereverberator) if path]
        return " ".join([*weights, options.precision, str(options.overlap)])


@cache
def _tracker() -> PitchTracker:
    return PitchTracker.open()


def _decoded(clip: Clip) -> Waveform:
    try:
        with clip.audio.open("rb") as file:
            waveform = decode(file, limits=DecodeLimits(max_s=_LONGEST_S))
    except OSError as error:
        raise ManifestBroken(f"{clip.id}: {clip.audio} cannot be read ({error.strerror or error}).") from None
    except Undecodable as error:
        raise ManifestBroken(f"{clip.id}: {clip.audio} cannot be heard ({error}). Mend it, or take it out.") from None
    if waveform.source.longer:
        raise ManifestBroken(f"{clip.id}: {clip.audio} is longer than {_LONGEST_S / 60:.0f} minutes. Take it out.")
    if not len(waveform.samples):
        raise ManifestBroken(f"{clip.id}: {clip.audio} holds no sound. Take it out.")
    return waveform


def _cropped(waveform: Waveform, crop_s: float | None) -> Waveform:
    """The middle of it."""
    count = len(waveform.samples)
    kept = count if crop_s is None else min(count, round(crop_s * waveform.sample_rate_hz))
    first = (count - kept) // 2
    samples = np.ascontiguousarray(waveform.samples[first : first + kept])
    return Waveform(samples, waveform.sample_rate_hz, waveform.source)
