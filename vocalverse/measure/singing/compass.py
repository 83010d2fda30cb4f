"""How low and how high somebody sings, and where most of the time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vocalverse.measure.frames import HOP_S
from vocalverse.measure.notes import Note
from vocalverse.measure.pitch.track import Pitch

HELD_S = 0.25  # long enough to be meant
_LEAST_S = 2.0  # of voice


@dataclass(frozen=True)
class Compass:
    """MIDI pitches. None where less than two seconds are sung, or no note is held."""

    voiced_s: float
    low_midi: float | None  # 5 % of the voiced time lies below …
    high_midi: float | None  # … and above
    tessitura_low_midi: float | None  # half of the time lies between these
    tessitura_high_midi: float | None
    middle_midi: float | None
    lowest_held_midi: float | None
    highest_held_midi: float | None

    @property
    def semitones(self) -> float | None:
        return None if self.low_midi is None or self.high_midi is None else self.high_midi - self.low_midi


def measure_compass(pitch: Pitch, notes: Sequence[Note]) -> Compass:
    midi = pitch.midi[pitch.voiced]
    voiced_s = len(midi) * HOP_S
    if voiced_s < _LEAST_S:
        return Compass(voiced_s, None, None, None, None, None, None, None)
    low, quarter, middle, three_quarters, high = (float(at) for at in np.percentile(midi, (5, 25, 50, 75, 95)))
    held = [note.midi for note in notes if note.duration_s >= HELD_S]
    lowest, highest = (min(held), max(held)) if held else (None, None)
    return Compass(voiced_s, low, high, quarter, three_quarters, middle, lowest, highest)
