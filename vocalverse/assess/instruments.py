"""What a process hears, measures and judges with, opened once: the ear, the pitch tracker, the rules, the judge."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import UUID

from vocalverse.assess.keeping import keeping
from vocalverse.assess.song import KnownSong
from vocalverse.audio.waveform import Samples
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.take import Measured, hear, measure_take
from vocalverse.models.cache.cache import EncoderCache
from vocalverse.prescreen.evidence import evidence
from vocalverse.prescreen.judge import Prescreened, prescreen
from vocalverse.prescreen.rules import BUNDLED, Rules, read
from vocalverse.records import Measures, Progress
from vocalverse.release.judge import Encoded, Judge
from vocalverse.release.sounds import Sounds
from vocalverse.separate.dereverberate import Dry
from vocalverse.separate.ear import Ear, Separated
from vocalverse.separate.options import EarOptions


@dataclass(frozen=True)
class Instruments:
    ear: Ear
    tracker: PitchTracker
    rules: Rules
    judge: Judge | None = None  # None: what is sung is measured, and not scored
    kept: EncoderCache | None = None  # what encoders made of recordings; None: they hear every take anew

    @classmethod
    def open(
        cls, ear: EarOptions, *, rules: Path | None = None, threads: int | None = None, trials: Path | None = None
    ) -> Self:
        """Where something is amiss with the rules, that is told before the ear takes its time."""
        chosen = read(rules or BUNDLED)
        return cls(Ear.open(ear, threads=threads, trials=trials), PitchTracker.open(threads=threads or 1), chosen)

    def separate(
        self, mix: Samples, backing: Samples | None, *, key_shift: int, alone: bool, progress: Progress
    ) -> Separated:
        if alone:
            return self.ear.alone(mix)
        return self.ear.separate(mix, backing=backing, key_shift=key_shift, progress=progress)

    def measure(self, mix: Samples, voice: Separated, dry: Dry, *, song: KnownSong, progress: Progress) -> Measured:
        heard = hear(dry.samples, voice.voice, mix, self.tracker, progress=progress)
        return measure_take(heard, song.melody, guide=song.guide, progress=progress)

    def prescreen(self, measured: Measured, recording: Measures) -> Prescreened:
        return prescreen(evidence(measured, recording), self.rules)

    def encode(self, recording: UUID, sounds: Sounds, *, progress: Progress) -> Encoded:
        """For the judge that there is."""
        assert self.judge is not None
        return self.judge.encode(sounds, kept=keeping(self.kept, recording), progress=progress)
