"""A take before anything is done to it, and what has to be known of it for that."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vocalverse.audio.waveform import Samples
from vocalverse.measure.frames import HOP_S
from vocalverse.measure.notes import find_notes
from vocalverse.measure.phrases import Span, find_phrases
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.singing.breath import find_breaths
from vocalverse.measure.take import hear
from vocalverse.synthesis.damage.world import Vocoded, vocoded
from vocalverse.synthesis.singing import RATE_HZ


@dataclass(frozen=True)
class Intact:
    """A voice without a backing."""

    samples: Samples  # [frames, channels] at 44.1 kHz
    pitch: Pitch
    notes: Sequence[Span]  # in order
    phrases: Sequence[Span]

    @cached_property
    def vocoded(self) -> Vocoded:
        return vocoded(self.samples, self.pitch)

    @cached_property
    def rms(self) -> float:
        """Of the voice where it is on."""
        sung = self.samples[self.voiced]
        return float(np.sqrt(np.mean(np.square(sung, dtype=np.float64)))) if len(sung) else 0.0

    @property
    def voiced(self) -> npt.NDArray[np.bool_]:
        """[samples], of a take that has frames at all."""
        frame = np.minimum(np.arange(len(self.samples)) / (HOP_S * RATE_HZ) + 0.5, len(self.pitch.voiced) - 1)
        found: npt.NDArray[np.bool_] = self.pitch.voiced[frame.astype(np.intp)]
        return found


def intact(samples: Samples, tracker: PitchTracker) -> Intact:
    """Of a voice alone, [frames, channels]; what is done to it is done to the mean of its channels."""
    mono = samples.mean(axis=1, keepdims=True, dtype=np.float32)
    heard = hear(mono, mono, mono, tracker)
    notes = find_notes(heard)
    return Intact(mono, heard.pitch, notes, find_phrases(notes, breaths=find_breaths(heard), lines=()))
