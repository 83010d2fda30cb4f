"""How much of a voice there is, and how far it stands out from all that was recorded."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vocalverse.measure.frames import HOP_S, Floats, Heard
from vocalverse.measure.notes import Note


@dataclass(frozen=True)
class Presence:
    voiced_s: float
    voiced_share: float  # of the recording
    in_mix_db: float | None  # the voice against the whole recording while it sounds: 0 where it is all there is
    leap_semitones: float | None  # from note to note, in the mean: what a separator leaves of a band leaps about


def measure_presence(heard: Heard, notes: Sequence[Note]) -> Presence:
    voiced = heard.pitch.voiced
    midi = np.asarray([note.midi for note in notes])
    return Presence(
        voiced_s=float(voiced.sum()) * HOP_S,
        voiced_share=float(voiced.mean()),
        in_mix_db=_sum_db(heard.dry.level_db[voiced]) - _sum_db(heard.mix.level_db[voiced]) if voiced.any() else None,
        leap_semitones=float(np.abs(np.diff(midi)).mean()) if len(midi) > 1 else None,
    )


def _sum_db(level_db: Floats) -> float:
    return 10 * float(np.log10(np.sum(10 ** (level_db.astype(np.float64) / 10))))
