"""Each kind of damage, and its grades."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vocalverse.audio.waveform import Samples
from vocalverse.synthesis.damage import colour, singing, sound
from vocalverse.synthesis.damage.intact import Intact

CONTROL = 0.0

_Way = Callable[[Intact, float, np.random.Generator], Samples]


@dataclass(frozen=True)
class Damage:
    name: str
    grades: tuple[float, ...]  # each worse than the one before
    unit: str
    way: _Way

    def of(self, take: Intact, grade: float, *, seed: int = 0) -> Samples:
        """Faults of a higher grade are the same ones, and greater."""
        return self.way(take, grade, np.random.default_rng(seed))


OUT_OF_TUNE = Damage("notes out of tune", (20, 50, 100), "cents", singing.out_of_tune)
NOTES_OFF_TIME = Damage("notes off time", (50, 100, 200), "ms", singing.notes_off_time)
PHRASES_OFF_TIME = Damage("phrases off time", (50, 100, 200), "ms", singing.phrases_off_time)
VIBRATO_REMOVED = Damage("vibrato removed", (0.5, 1.0), "of it", singing.vibrato_removed)
VIBRATO_SHAKEN = Damage("vibrato shaken", (0.2, 0.4, 0.8), "of it", singing.vibrato_shaken)
BREATHIER = Damage("breathier", (0.05, 0.15, 0.45), "of the voice", sound.breathier)
BREATHS = Damage("breaths added", (0.05, 0.1, 0.25), "of the voice", sound.breaths)
CLIPPED = Damage("clipped", (6, 12, 18), "dB", sound.clipped)
LEVELLED = Damage("level flattened", (0.5, 1.0), "of it", sound.levelled)
PUMPED = Damage("level pumped", (2, 4, 8), "dB", sound.pumped)
ENDS_CUT = Damage("phrase ends cut", (0.15, 0.3, 0.6), "s", sound.ends_cut)
NASAL = Damage("nasal", (6, 12, 24), "dB", colour.nasal)
MUFFLED = Damage("muffled", (3, 6, 12), "dB an octave", colour.muffled)

DAMAGES = (
    OUT_OF_TUNE,
    NOTES_OFF_TIME,
    PHRASES_OFF_TIME,
    VIBRATO_REMOVED,
    VIBRATO_SHAKEN,
    BREATHIER,
    BREATHS,
    CLIPPED,
    LEVELLED,
    PUMPED,
    ENDS_CUT,
    NASAL,
    MUFFLED,
)
